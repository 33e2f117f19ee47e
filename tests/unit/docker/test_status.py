"""What `make status` shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from readiness import NotReadyError, check_heartbeat, heartbeat_age_s, read_heartbeat
from status import count_starts, duration, memory_mb


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (7, "7s"), (65, "1m 5s"), (3600, "1h 0m"), (90_061, "1d 1h")], ids=str
)
def test_a_duration_has_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_starts_are_counted_since_the_stack_came_up(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "supervisord.log").write_text(
        "INFO supervisord started with pid 1\nINFO spawned: 'kafka' with pid 2\n"
        "INFO supervisord started with pid 3\nINFO spawned: 'kafka' with pid 4\n"
        "INFO spawned: 'kafka' with pid 5\nINFO spawned: 'mail' with pid 6\n"
    )

    assert count_starts(tmp_path, "kafka") == 2
    assert count_starts(tmp_path, "clock") == 0


def test_memory_of_a_process_that_has_gone_is_unknown() -> None:
    assert (memory_mb(os.getpid()) or 0) > 10
    assert memory_mb(2**22 + 1) is None


def heartbeat(run: Path, text: str) -> None:
    (run / "heartbeats").mkdir()
    (run / "heartbeats" / "alarms.json").write_text(text)


def test_a_heartbeat_has_an_age(tmp_path: Path) -> None:
    heartbeat(tmp_path, '{"at": "2026-01-01T00:00:00.000Z", "state": "running"}')

    assert heartbeat_age_s(read_heartbeat(tmp_path, "alarms"), now=1_767_225_603.0) == 3.0


@pytest.mark.parametrize("text", ["", "[", "{}", '{"at": "soon"}', '{"at": 5}'], ids=str)
def test_a_broken_heartbeat_has_none(tmp_path: Path, text: str) -> None:
    heartbeat(tmp_path, text)

    assert heartbeat_age_s(read_heartbeat(tmp_path, "alarms"), now=0.0) is None


def test_a_heartbeat_of_before_the_start_does_not_count(tmp_path: Path) -> None:
    heartbeat(tmp_path, '{"at": "2026-01-01T00:00:00Z", "state": "running"}')

    check_heartbeat(tmp_path, "alarms", since=1_767_225_599.0)
    with pytest.raises(NotReadyError, match="no heartbeat since it started"):
        check_heartbeat(tmp_path, "alarms", since=1_767_225_601.0)


def test_a_process_that_is_still_starting_is_not_ready(tmp_path: Path) -> None:
    heartbeat(tmp_path, '{"at": "2026-01-01T00:00:00Z", "state": "starting"}')

    with pytest.raises(NotReadyError, match="it says that it is starting"):
        check_heartbeat(tmp_path, "alarms", since=1_767_225_599.0)
