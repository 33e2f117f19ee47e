"""What calibration is given of earlier nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from batch.baselines import read_nights
from clinical.histograms import Histogram
from clinical.policy import MEDIAN, POLICY
from lakehouse.lake import Batch
from lakehouse.render import arrow_schema
from lakehouse.tables import BASELINES
from tests.unit.lakehouse.local_lake import LocalLake

DAY = date(2026, 3, 20)
BEATS = [70, 71, 80]


def baseline(nights_ago: int) -> dict[str, Any]:
    day = DAY - timedelta(days=nights_ago)
    at = datetime.combine(day, time(8), UTC)
    return {
        "day": day, "patient_id": "p1", "vital": "heart_rate_bpm", "readings": 4, "first_at": at,
        "last_at": at + timedelta(hours=8), "median_value": 71.0, "values": np.array(BEATS, "<i4").tobytes(),
        "times": np.array([1, 2, 1], "<i4").tobytes(), "readings_version": 1,
    }  # fmt: skip


@pytest.fixture
def nights(tmp_path: Path) -> dict[int, Histogram]:
    """Nights ago -> heart rates, of a patient who is there for longer than anyone looks back."""
    lake = LocalLake(tmp_path)
    rows = [baseline(ago) for ago in range(POLICY.drift_nights + 1)]
    lake.append(BASELINES, pa.Table.from_pylist(rows, arrow_schema(BASELINES)), Batch("test", 1))
    today = (DAY - date(1970, 1, 1)).days
    return {today - day: night["heart_rate_bpm"] for day, night in read_nights(lake, DAY, POLICY)["p1"].items()}


def test_all_values_are_given_of_the_days_of_which_limits_are_made(nights: dict[int, Histogram]) -> None:
    assert sorted(nights) == list(range(POLICY.drift_nights))
    assert [ago for ago in sorted(nights) if nights[ago].values.tolist() == BEATS] == list(range(POLICY.days))


def test_an_earlier_night_is_its_median_and_how_many_readings_it_had(nights: dict[int, Histogram]) -> None:
    night = nights[POLICY.days]
    assert (night.values.tolist(), night.quantile(MEDIAN), night.readings) == ([71.0], 71.0, 4)
    assert night.last_ms - night.first_ms == 8 * 3_600_000
