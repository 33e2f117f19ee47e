"""The score of a day, as it is charted hour by hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batch.reports.news2 import HOUR_MS, HourlyScores
from clinical.vitals import INDEX, VITALS

DAY = date(2026, 11, 24)
BEGIN_MS = round(datetime.combine(DAY, time(), UTC).timestamp() * 1000)


def scores_of(*readings: tuple[float, str, float]) -> dict[str, Any] | None:
    """Hour of the day, vital and value of each reading of one patient."""
    scores = HourlyScores(DAY)
    for hour, vital, value in readings:
        values = np.full((1, len(VITALS)), np.nan)
        values[0, INDEX[vital]] = value
        scores.add(np.array([0]), np.array([BEGIN_MS + round(hour * HOUR_MS)]), values)
    return scores.row(0, 1)


def test_each_hour_with_a_reading_has_a_score_of_its_last_values() -> None:
    row = scores_of((0.1, "heart_rate_bpm", 135.0), (0.9, "heart_rate_bpm", 80.0), (5.5, "heart_rate_bpm", 115.0))
    assert row is not None
    assert (row["values_count"], row["lowest_value"], row["highest_value"]) == (2, 0.0, 2.0)


def test_a_value_counts_while_it_is_fresh() -> None:
    row = scores_of((0.5, "temperature_c", 34.0), (3.5, "heart_rate_bpm", 80.0), (9.5, "heart_rate_bpm", 80.0))
    assert row is not None
    assert (row["highest_value"], row["median_value"], row["lowest_value"]) == (3.0, 3.0, 0.0)  # 6 h for a temperature


def test_another_day_and_an_impossible_value_count_for_nothing() -> None:
    assert scores_of((-0.5, "heart_rate_bpm", 80.0), (24.5, "heart_rate_bpm", 80.0), (3.0, "spo2_pct", 3.0)) is None


@given(st.permutations([(hour / 2, "resp_rate_bpm", 5.0 + hour) for hour in range(20)]))
def test_the_order_in_which_readings_are_read_does_not_matter(readings: list[tuple[float, str, float]]) -> None:
    assert scores_of(*readings) == scores_of(*sorted(readings))
