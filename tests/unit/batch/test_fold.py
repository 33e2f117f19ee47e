"""A history from a file gives the events of the same history live; what is bad in it goes beside them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from batch import fold as module
from batch.fold import fold_history
from lakehouse.events import AlertEvent, decode
from lakehouse.messages import encode
from tests.unit.clinical.histories import Entry, at, finding, in_order, ticks, time
from tests.unit.clinical.random_histories import Log, histories

ROOT = Path(__file__).parents[3]
TACHYCARDIA = in_order([at(0, heart_rate_bpm=80).for_s(10), at(10, heart_rate_bpm=130).for_s(30), ticks(0, 40)])


def line(entry: Entry, offset: int) -> bytes:
    value = msgspec.Raw(encode(entry.message))
    received_at = time(entry.received_s)
    return msgspec.json.encode(
        {"partition": entry.partition, "offset": offset, "received_at": received_at, "value": value}
    )


def lines_of(history: list[Entry]) -> list[bytes]:
    log = Log(history)
    return [line(entry, offset) for entry, offset in zip(log.entries, log._offsets, strict=True)]


def fold_lines(folder: Path, lines: list[bytes]) -> tuple[list[AlertEvent], list[dict[str, Any]]]:
    """Events, and what went to quarantine."""
    history, out = folder / "in.jsonl", folder / "events.jsonl"
    history.write_bytes(b"\n".join(lines) + b"\n" * bool(lines))
    summary = fold_history(history, out)
    events = [decode(each) for each in out.read_bytes().splitlines()]
    bad_path = folder / "events.quarantine.jsonl"
    bad = [json.loads(each) for each in bad_path.read_bytes().splitlines()] if bad_path.exists() else []
    assert (summary.lines, summary.events, summary.quarantined) == (len(lines), len(events), len(bad))
    return [event for event in events if isinstance(event, AlertEvent)], bad


def by_partition(events: list[AlertEvent]) -> list[AlertEvent]:
    return sorted(events, key=lambda event: event.partition)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(history=histories(max_bursts=8))
def test_the_events_of_a_file_are_those_of_the_fold(tmp_path: Path, history: list[Entry]) -> None:
    events, bad = fold_lines(tmp_path, lines_of(history))
    assert by_partition(events) == Log(history).folded()[1]
    assert bad == []


def test_lines_in_any_order_are_put_into_that_of_the_log(tmp_path: Path) -> None:
    lines = lines_of(TACHYCARDIA)
    events, _ = fold_lines(tmp_path, random.Random(7).sample(lines, len(lines)))  # noqa: S311 - a shuffle
    assert [(event.condition, event.step) for event in events] == [("heart_rate_high", "onset")]


def test_a_long_file_is_decoded_in_pieces_and_folded_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = fold_lines(tmp_path, lines_of(TACHYCARDIA))
    monkeypatch.setattr(module, "CHUNK_LINES", 7)
    in_pieces, _ = fold_lines(tmp_path, lines_of(TACHYCARDIA))
    assert in_pieces == whole != []


def test_bad_lines_go_to_quarantine_with_number_and_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = lines_of(TACHYCARDIA)
    unaltered, _ = fold_lines(tmp_path, good)
    envelope = b'{"partition":0,"offset":900,"received_at":"2026-03-01T12:00:00Z","value":%s}'
    bad = [
        b"{",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"partition":0,"offset":900,"received_at":"2026-03-01T12:00:00Z"}',
        b'{"partition":-1,"offset":900,"received_at":"2026-03-01T12:00:00Z","value":{"kind":"tick"}}',
        b'{"partition":3000000000,"offset":900,"received_at":"2026-03-01T12:00:00Z","value":{"kind":"tick"}}',
        b'{"partition":0,"offset":9223372036854775808,"received_at":"2026-03-01T12:00:00Z","value":{"kind":"tick"}}',
        b'{"partition":0,"offset":900,"received_at":"2026-03-01T12:00:00","value":{"kind":"tick"}}',
        envelope % b'{"kind":"unknown"}',
        envelope % b'{"kind":"reading"}',
        envelope % b"null",
        envelope % (b'{"kind":"tick","note":"' + b"x" * 5_000_000 + b'"}'),
    ]
    mixed = [*good[:20], *bad, *good[20:]]
    events, quarantine = fold_lines(tmp_path, mixed)
    assert events == unaltered
    assert [each["line"] for each in quarantine] == list(range(21, 21 + len(bad)))
    assert all(each["reason"] for each in quarantine)
    assert [each["text"].encode() for each in quarantine] == [
        text if text != b"\xff\xfe" else b"\\xff\\xfe" for text in bad
    ]


def test_an_old_quarantine_does_not_outlive_a_good_run(tmp_path: Path) -> None:
    assert fold_lines(tmp_path, [b"{"])[1] != []
    assert fold_lines(tmp_path, lines_of(TACHYCARDIA))[1] == []


def test_an_empty_file_gives_an_empty_file(tmp_path: Path) -> None:
    assert fold_lines(tmp_path, []) == ([], [])
    assert (tmp_path / "events.jsonl").read_bytes() == b""


def test_empty_lines_are_nothing(tmp_path: Path) -> None:
    events, bad = fold_lines(tmp_path, [b"", *lines_of(TACHYCARDIA), b"  ", b""])
    assert (len(events), bad) == (1, [])


def test_a_line_given_twice_has_its_effect_once(tmp_path: Path) -> None:
    history = [Entry(0, finding(0, "no_such").entries[0].message)]
    events, _ = fold_lines(tmp_path, lines_of(history) * 2)
    assert [event.step for event in events] == ["refuse"]


def test_lines_that_come_too_late_for_their_order_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_LINES", 2)
    history, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    first, second, third = lines_of(TACHYCARDIA)[:3]
    history.write_bytes(b"\n".join([third, second, first, first]))
    assert fold_history(history, out).skipped == 2


def test_time_received_is_truncated_like_everywhere(tmp_path: Path) -> None:
    text = lines_of([Entry(0, finding(0, "vt").entries[0].message)])[0]
    (event,), _ = fold_lines(tmp_path, [text.replace(b"12:00:00Z", b"12:00:00.199999Z")])
    assert event.received_at.microsecond == 100_000


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "batch", "fold", *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


class TestCommand:
    def test_says_what_it_did_and_ends_with_0(self, tmp_path: Path) -> None:
        history, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
        history.write_bytes(b"\n".join([*lines_of(TACHYCARDIA), b"{"]))
        done = run(history, "--out", out)
        assert (done.returncode, done.stdout) == (0, "")
        assert "82 lines: 1 events, 1 quarantined, 0 skipped" in done.stderr
        assert len(out.read_bytes().splitlines()) == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["in.jsonl"],
            ["--out", "out.jsonl"],
            ["missing.jsonl", "--out", "out.jsonl"],
            [".", "--out", "out.jsonl"],
        ],
    )
    def test_ends_with_2_where_it_is_called_wrongly(self, arguments: list[str]) -> None:
        done = run(*arguments)
        assert done.returncode == 2
        assert "Usage" in done.stderr

    def test_never_writes_over_its_input(self, tmp_path: Path) -> None:
        history = tmp_path / "in.jsonl"
        history.write_bytes(b"\n".join(lines_of(TACHYCARDIA)))
        before = history.read_bytes()
        done = run(history, "--out", history)
        assert done.returncode == 2
        assert history.read_bytes() == before

    def test_ends_with_2_where_the_folder_of_its_output_is_missing(self, tmp_path: Path) -> None:
        history = tmp_path / "in.jsonl"
        history.write_bytes(b"")
        done = run(history, "--out", tmp_path / "none" / "out.jsonl")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
