"""The three numbers that moved most."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from batch.summaries.figures import FIGURE
from batch.summaries.moved import move_of, moved_most

DAY = date(2026, 11, 24)


def series(*values: float | None) -> dict[date, float]:
    """Values of the days up to DAY, the last one that of DAY; None = the day has no number."""
    first = DAY - timedelta(days=len(values) - 1)
    return {first + timedelta(days=place): value for place, value in enumerate(values) if value is not None}


def names(**figures: dict[date, float]) -> list[str]:
    return [move.figure.name for move in moved_most(figures, DAY)]


def test_a_change_is_measured_in_what_is_usual_for_its_number() -> None:
    restless = series(20, 60, 20, 60, 20, 60, 20, 70)  # moves by 40 every day
    calm = series(10, 10.2, 9.8, 10, 10.1, 9.9, 10, 13)
    assert names(non_actionable_pct=restless, alarms_per_patient_day=calm) == [
        "alarms_per_patient_day",
        "non_actionable_pct",
    ]


def test_three_are_told_and_the_most_unusual_first() -> None:
    figures = {
        name: series(*[0.0] * 7, 10.0 * FIGURE[name].step * size)
        for size, name in enumerate(("patients", "escalated_pct", "dead_letters", "top_tenth_pct"), start=1)
    }
    assert names(**figures) == ["top_tenth_pct", "dead_letters", "escalated_pct"]


def test_a_count_that_leaves_zero_is_not_more_than_its_step() -> None:
    assert names(dead_letters=series(0, 0, 0, 0, 1), alarms_per_patient_day=series(8, 8, 8, 8, 12)) == [
        "alarms_per_patient_day",
        "dead_letters",
    ]


def test_less_than_is_worth_a_word_is_no_move() -> None:
    assert names(alarms_per_patient_day=series(8.0, 8.0, 8.0, 8.0, 8.2)) == []


@pytest.mark.parametrize("values", [(5, 9), (5, 5, 9), (5, 5, 5, 5, None), (9,)])
def test_without_a_number_or_a_week_before_it_nothing_moved(values: tuple[float | None, ...]) -> None:
    assert names(alarms_per_patient_day=series(*values)) == []


def test_only_the_week_before_counts() -> None:
    move = move_of(FIGURE["alarms_per_patient_day"], series(100, 8, 8, 8, 8, 8, 8, 8, 12), DAY)
    assert move is not None
    assert (move.week, move.direction) == (8.0, "up")
    assert move.sentence() == "Alarms per patient-day: 12.0, up from 8.0"
