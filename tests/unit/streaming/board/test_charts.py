"""The chart of a vital holds its line, its limits and its alarms, and nothing of other vitals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from streaming.board.alarm_history import Episode
from streaming.board.charts import trend
from streaming.board.earlier import POINTS, thinned
from streaming.board.limits import in_force
from tests.unit.streaming.board.builders import NOW, NOW_MS

SPAN = (NOW - timedelta(hours=1), NOW)


def episode(condition: str, begin_min: int, end_min: int | None) -> Episode:
    closed_at = None if end_min is None else NOW - timedelta(minutes=end_min)
    return Episode(
        f"p1.{condition}.1",
        condition,
        "high",
        NOW - timedelta(minutes=begin_min),
        80,
        85,
        0,
        None,
        None,
        None,
        closed_at,
    )


def layers(*alarms: Episode, vital: str = "spo2_pct", ago_min: tuple[int, ...] = (3, 2, 1)) -> list[dict[str, Any]]:
    at_ms = NOW_MS - np.array(ago_min) * 60_000
    found: list[dict[str, Any]] = trend(vital, at_ms, np.full(len(at_ms), 97.0), in_force([], NOW), alarms, SPAN)[
        "layer"
    ]
    return found


def test_line_alarms_and_limits_are_drawn() -> None:
    line, alarms, limits = layers(episode("spo2_low", 30, 20), episode("heart_rate_high", 30, 20))

    assert [point["v"] for point in line["data"]["values"]] == [97, 97, 97]
    (stretch,) = alarms["data"]["values"]
    assert (stretch["t"], stretch["end"]) == (NOW_MS - 30 * 60_000, NOW_MS - 20 * 60_000)
    assert [(each["level"], each["v"]) for each in limits["data"]["values"]] == [("medium", 90), ("high", 85)]


def test_an_open_alarm_reaches_to_now_and_one_before_the_span_is_left_out() -> None:
    _, alarms, _ = layers(episode("spo2_low", 90, None), episode("spo2_low", 120, 100))
    (stretch,) = alarms["data"]["values"]
    assert (stretch["t"], stretch["end"]) == (NOW_MS - 60 * 60_000, NOW_MS)


def test_a_gap_breaks_the_line() -> None:
    line, *_ = layers(ago_min=(50, 49, 2, 1))
    assert [point["v"] for point in line["data"]["values"]] == [97, 97, None, 97, 97]


def test_a_vital_without_limits_has_only_its_line() -> None:
    assert len(layers(vital="dbp_mmhg")) == 1


def test_what_the_lake_gives_is_thinned_out_to_medians_in_order() -> None:
    at_ms = np.arange(0, 86_400_000, 1000)[::-1].copy()
    values = np.full((len(at_ms), 10), np.nan)
    values[:, 3] = 97.0
    values[5, 3] = 0.0  # impossible
    found = thinned(at_ms, values, 0, 86_400_000)

    assert list(found) == ["spo2_pct"]
    times, medians = found["spo2_pct"]
    assert len(times) == POINTS
    assert (np.diff(times) > 0).all()
    assert set(medians) == {97.0}
