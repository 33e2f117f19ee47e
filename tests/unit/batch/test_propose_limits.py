"""A history from a file leads to messages that the fold accepts; the same history always to the same bytes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from batch.propose_limits import Summary, propose_limits
from lakehouse.entries import RECALIBRATION
from lakehouse.messages import Limits, decode
from tests.unit.batch.test_fold import lines_of
from tests.unit.clinical.histories import NIGHTLY, Entry, Part, at, discharge, events, in_order, limits, time

ROOT = Path(__file__).parents[3]
HOUR = 3600
FAST = [110, 112, 108, 113, 109, 111, 112, 110, 114, 107, 110, 112] * 2  # an hour each, one day


def hourly(bpm: list[int], first_hour: int = 0) -> list[Part]:
    return [at((first_hour + n) * HOUR, period_s=HOUR, heart_rate_bpm=rate) for n, rate in enumerate(bpm)]


def proposed(folder: Path, history: list[Entry]) -> list[Limits]:
    source, out = folder / "in.jsonl", folder / "limits.jsonl"
    source.write_bytes(b"\n".join(lines_of(history)) + b"\n")
    propose_limits(source, out)
    messages = [decode(line) for line in out.read_bytes().splitlines()]
    return [message for message in messages if isinstance(message, Limits)]


def medium(message: Limits, condition: str) -> float | None:
    pair = message.limits[condition]
    assert pair is not None
    return pair[0]


def test_a_patient_whose_usual_rate_is_near_the_default_gets_a_looser_limit(tmp_path: Path) -> None:
    (message,) = proposed(tmp_path, in_order(hourly(FAST)))
    limit = medium(message, "heart_rate_high")
    assert limit is not None
    assert 120 < limit <= 135
    assert (message.author, message.version) == (RECALIBRATION, 2026030200)


def test_limits_end_48_hours_after_the_last_entry(tmp_path: Path) -> None:
    (message,) = proposed(tmp_path, in_order(hourly(FAST)))
    assert message.expires_at == time(23 * HOUR) + timedelta(hours=48)


def test_the_fold_accepts_them_and_the_next_day_has_fewer_alarms(tmp_path: Path) -> None:
    next_day = [at((24 + n) * HOUR, period_s=HOUR, heart_rate_bpm=rate) for n, rate in enumerate([110, 122] * 6)]
    (message,) = proposed(tmp_path, in_order(hourly(FAST)))
    before = events(*hourly(FAST), *next_day)
    given = Part((Entry(23.5 * HOUR, message),))
    after = events(*hourly(FAST), given, *next_day)
    assert not [event for event in after if event.step == "refuse"]
    assert sum(event.step == "onset" for event in before) == 6
    assert sum(event.step == "onset" for event in after) == 0


def test_a_patient_with_too_few_readings_has_no_message(tmp_path: Path) -> None:
    assert proposed(tmp_path, in_order(hourly(FAST[:11]))) == []


def test_a_personal_limit_in_force_is_taken_back_where_nothing_supports_it(tmp_path: Path) -> None:
    history = in_order([limits(0, version=7, author=NIGHTLY, heart_rate_high=[130, None]), *hourly([80, 81])])
    (message,) = proposed(tmp_path, history)
    assert medium(message, "heart_rate_high") is None
    assert message.version > 7


def test_a_limit_in_force_is_loosened_from_where_it_is(tmp_path: Path) -> None:
    history = in_order([limits(0, version=7, author=NIGHTLY, heart_rate_high=[101, None]), *hourly([122] * 24)])
    (message,) = proposed(tmp_path, history)
    assert medium(message, "heart_rate_high") == 116


def test_a_clinicians_limit_is_left_alone(tmp_path: Path) -> None:
    history = in_order([limits(0, heart_rate_high=[125, 140]), *hourly(FAST)])
    messages = proposed(tmp_path, history)
    assert all(medium(message, "heart_rate_high") is None for message in messages)


def test_who_is_discharged_has_no_message(tmp_path: Path) -> None:
    assert proposed(tmp_path, in_order([*hourly(FAST), discharge(24 * HOUR)])) == []


def test_readings_near_a_high_priority_alert_are_no_sign_of_the_usual(tmp_path: Path) -> None:
    ill = [*[80] * 8, *[139, 150, 150, 150, 139] * 2, *[80] * 6]
    calm = proposed(tmp_path, in_order(hourly(ill)))
    assert all((medium(message, "heart_rate_high") or 0) <= 120 for message in calm)


def test_the_same_history_leads_to_the_same_bytes(tmp_path: Path) -> None:
    generator = np.random.default_rng(5)
    history = in_order(hourly(generator.normal(112, 6, 48).round().astype(int).tolist()))
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\n".join(lines_of(history)) + b"\n")
    propose_limits(source, tmp_path / "first.jsonl")
    propose_limits(source, tmp_path / "second.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes() != b""


@pytest.mark.parametrize("content", [b"", b"{}\n"], ids=["empty", "a bad line"])
def test_a_file_without_a_reading_leads_to_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.jsonl").write_bytes(content)
    assert propose_limits(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == Summary(0, 0, 0, 0)
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines_of(in_order(hourly(FAST)))))
    command = [sys.executable, "-m", "batch", "propose-limits", str(tmp_path / "in.jsonl"), "--out"]
    done = subprocess.run([*command, str(tmp_path / "o.jsonl")], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.startswith("1 patients: personal limits for 1")
    refused = subprocess.run([*command, str(tmp_path / "no" / "o.jsonl")], cwd=ROOT, capture_output=True, check=False)
    assert refused.returncode == 2
