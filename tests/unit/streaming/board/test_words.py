"""Words on tiles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from streaming.board import words
from tests.unit.streaming.board.builders import alert


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1 min"), (7200, "2 h"), (200_000, "2 d")], ids=str
)
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    assert words.age(seconds) == text


def test_a_score_with_parameters_missing_is_a_lower_bound_and_says_which() -> None:
    assert words.news2(5, []) == "NEWS2 5"
    assert words.news2(5, ["oxygen", "temperature"]) == "NEWS2 ≥5 (no O2, T)"
    assert words.news2(None, []) == "NEWS2 –"


@pytest.mark.parametrize(
    ("condition", "value", "limit", "text"),
    [
        ("spo2_low", 84.0, 85.0, "SpO2 84 < 85"),
        ("news2_high", 7.0, 7.0, "NEWS2 7 ≥ 7"),
        ("consciousness_reduced", 3.0, 3.0, "ACVPU P ≥ P"),
        ("temperature_high", 39.4, 39.0, "T 39.4 > 39"),
        ("vf", None, None, "ventricular fibrillation"),
        ("signal_lost_spo2_pct", None, None, "no SpO2"),
        ("impossible_value_sbp_mmhg", None, None, "impossible SBP"),
        ("no_data", None, None, "no data from the monitor"),
        ("of_a_newer_version", None, None, "of a newer version"),
    ],
)
def test_an_alarm_is_short_enough_for_two_metres(
    condition: str, value: float | None, limit: float | None, text: str
) -> None:
    assert words.short(alert(condition=condition, value=value, limit=limit)) == text


def test_what_was_answered_says_by_whom_and_until_when() -> None:
    until = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)

    assert words.answer(alert()) == ""
    assert words.answer(alert(acknowledged=True, by="n.meier")) == "✓ n.meier"
    assert words.answer(alert(silenced_until=until)) == "silent to 14:30"
