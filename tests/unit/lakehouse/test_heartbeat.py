from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lakehouse.heartbeat import Heartbeat


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def test_a_heartbeat_tells_time_process_state_and_counters(tmp_path: Path) -> None:
    path = tmp_path / "heartbeats" / "clock.json"
    Heartbeat(path).beat("running", ticks=7)
    told = read(path)
    assert told.pop("at").endswith("Z")
    assert told == {"pid": os.getpid(), "state": "running", "ticks": 7}


def test_it_is_written_at_most_once_a_second(tmp_path: Path) -> None:
    now = [100.0]
    heartbeat = Heartbeat(tmp_path / "x.json", lambda: now[0])
    heartbeat.beat("running", ticks=1)
    now[0] = 100.5
    heartbeat.beat("running", ticks=2)
    assert read(tmp_path / "x.json")["ticks"] == 1
    now[0] = 101.0
    heartbeat.beat("running", ticks=3)
    assert read(tmp_path / "x.json")["ticks"] == 3


def test_a_new_state_is_written_at_once(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "x.json", lambda: 0.0)
    heartbeat.beat("running")
    heartbeat.beat("waiting for kafka")
    assert read(tmp_path / "x.json")["state"] == "waiting for kafka"


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Heartbeat(tmp_path / "file" / "x.json").beat("running")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
