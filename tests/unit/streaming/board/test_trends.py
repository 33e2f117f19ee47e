"""Arrows and sparklines."""

from __future__ import annotations

import numpy as np
import pytest

from streaming.board.trends import MINUTE_MS, Trends, arrow, sparkline

NOW_MS = 1_800_000_000_000
AT_MS = NOW_MS - np.arange(12 * 6, -1, -1) * 10_000  # twelve minutes, every ten seconds


def gone_from(before: float, now: float) -> np.ndarray:
    return np.linspace(before, now, len(AT_MS))


@pytest.mark.parametrize(("now", "sign"), [(80, "→"), (83, "→"), (88, "↗"), (72, "↘"), (100, "↑"), (60, "↓")], ids=str)
def test_the_arrow_says_where_ten_minutes_have_led(now: float, sign: str) -> None:
    assert arrow("heart_rate_bpm", AT_MS, gone_from(80, now), NOW_MS) == sign


def test_what_moves_one_vital_is_noise_in_another() -> None:
    assert arrow("spo2_pct", AT_MS, gone_from(97, 94), NOW_MS) == "↘"
    assert arrow("sbp_mmhg", AT_MS, gone_from(120, 117), NOW_MS) == "→"


def test_one_artefact_turns_no_arrow() -> None:
    values = gone_from(97, 97)
    values[-1] = 60
    assert arrow("spo2_pct", AT_MS, values, NOW_MS) == "→"


def test_without_a_past_there_is_no_arrow() -> None:
    assert arrow("spo2_pct", AT_MS[-10:], gone_from(97, 80)[-10:], NOW_MS) == ""


def test_a_vital_without_a_spread_has_no_arrow() -> None:
    assert arrow("consciousness", AT_MS, gone_from(0, 4), NOW_MS) == ""


def test_a_sparkline_ends_at_the_right_and_stays_in_its_box() -> None:
    path = sparkline("heart_rate_bpm", AT_MS, gone_from(60, 160), NOW_MS + 1)
    points = [tuple(map(float, point.split())) for point in path.replace("M", "L").split("L")[1:]]

    assert path.count("M") == 1
    assert points[-1] == (100.0, 0.0)
    assert all(0 <= x <= 100 and 0 <= y <= 24 for x, y in points)


def test_a_quiet_vital_is_a_flat_line_in_the_middle() -> None:
    path = sparkline("heart_rate_bpm", AT_MS, gone_from(80, 81), NOW_MS + 1)
    heights = [float(point.split()[1]) for point in path.replace("M", "L").split("L")[1:]]

    assert max(heights) - min(heights) < 2
    assert abs(np.mean(heights) - 12) < 1


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    at_ms = np.concatenate([AT_MS[:10], AT_MS[-10:]])
    assert sparkline("spo2_pct", at_ms, np.full(20, 97.0), NOW_MS + 1).count("M") == 2


def test_nothing_recent_is_no_line() -> None:
    assert sparkline("spo2_pct", AT_MS, gone_from(97, 97), NOW_MS + 31 * MINUTE_MS) == ""


def test_a_trend_is_worked_out_once_in_ten_seconds_for_all_who_look() -> None:
    asked: list[tuple[str, str]] = []

    def course(patient_id: str, vital: str) -> tuple[np.ndarray, np.ndarray]:
        asked.append((patient_id, vital))
        return AT_MS, gone_from(80, 100)

    trends = Trends(course)
    for later_ms in (0, 4_000, 9_999):
        assert trends.of("p1", "heart_rate_bpm", NOW_MS + later_ms).arrow == "↑"
    assert asked == [("p1", "heart_rate_bpm")]
    trends.of("p1", "heart_rate_bpm", NOW_MS + 10_000)
    assert len(asked) == 2
