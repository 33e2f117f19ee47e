"""Where days end, also where some of them have no tick."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from lakehouse.log_days import DayEnd, latest_end
from tests.unit.lakehouse.local_lake import LocalLake

FIRST, SECOND, THIRD, FOURTH = (date(2026, 3, 1) + timedelta(days=each) for each in range(4))


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    """Ticks on the first and fourth day, readings on the second, nothing on the third."""
    lake = LocalLake(tmp_path)
    lake.land_ticks(FIRST, {0: [5, 6], 1: [8]})
    lake.land_heart_rates(SECOND, 7, [80.0] * 3)
    lake.land_ticks(FOURTH, {0: [10]})
    return lake


@pytest.mark.parametrize("day", [FIRST, SECOND, THIRD])
def test_the_latest_end_is_that_of_a_day_with_ticks(lake: LocalLake, day: date) -> None:
    assert latest_end(lake, day) == DayEnd(FIRST, {0: 7, 1: 9})


def test_a_past_day_ends_behind_its_last_tick(lake: LocalLake) -> None:
    assert latest_end(lake, FOURTH) == DayEnd(FOURTH, {0: 11})


def test_nothing_ended_before_the_first_tick(lake: LocalLake) -> None:
    assert latest_end(lake, FIRST - timedelta(days=1)) is None
