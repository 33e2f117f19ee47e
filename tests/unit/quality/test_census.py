"""How long a device should have been heard: while its patient was there and the log was alive."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lakehouse.messages import Admission
from lakehouse.tables import NO_WARD
from quality.census import Census, Move, Watch, placed
from tests.unit.quality.devices import T, device, devices

HOUR = 3600.0
M = int(T // 60)


def move(at_s: float, event: str, ward_id: str | None = "w1", patient_id: str = "p1") -> Move:
    return Move(at_s, Admission(patient_id=patient_id, event=event, ward_id=ward_id))  # type: ignore[arg-type]


def watch(hours: float, dead: range = range(0)) -> Watch:
    """Alive from T on for so long, but for some of its minutes."""
    return Watch(M + minute for minute in range(int(hours * 60)) if minute not in dead)


def judged(frame: pd.DataFrame, census: Census, alive: Watch) -> dict[str, object]:
    return dict(placed(frame, census, alive).iloc[0])


def test_the_last_ward_counts() -> None:
    census = Census([move(T, "admit"), move(T + 60, "transfer", "w2"), move(T + 90, "discharge", None)])
    assert census.wards == {"p1": "w2"}


def test_a_patient_without_an_admission_is_unassigned() -> None:
    assert judged(devices(device()), Census([]), watch(1))["ward_id"] == NO_WARD


def test_a_whole_hour_is_complete() -> None:
    found = judged(devices(device()), Census([]), watch(1))
    assert (found["expected_s"], found["present_s"]) == (3600.0, 3600.0)


def test_every_reading_lost_is_missing() -> None:
    found = judged(devices(device(rows=2520, last_s=T + 3599)), Census([]), watch(1))
    assert (found["present_s"], found["completeness"]) == (0.7 * 3600, 0.7)


def test_minutes_in_which_the_log_was_dead_are_not_expected() -> None:
    found = judged(devices(device(rows=1800, last_s=T + 3599)), Census([]), watch(1, dead=range(10, 40)))
    assert found["expected_s"] == 1800.0


def test_time_between_discharge_and_admission_is_not_expected() -> None:
    census = Census([move(T, "admit"), move(T + HOUR, "discharge", None), move(T + 5 * HOUR, "admit")])
    found = judged(devices(device(rows=7200, last_s=T + 6 * HOUR - 1)), census, watch(6))
    assert found["expected_s"] == 7200.0


def test_silence_to_the_end_of_the_day_is_missing() -> None:
    found = judged(devices(device()), Census([]), watch(3))
    assert found["silent"]
    assert found["expected_s"] == pytest.approx(3 * HOUR, abs=2)


def test_less_than_an_hour_of_silence_is_none() -> None:
    found = judged(devices(device()), Census([]), watch(1.9))
    assert not found["silent"]
    assert found["expected_s"] == 3600.0


def test_a_discharged_patient_is_not_silent() -> None:
    found = judged(devices(device()), Census([move(T + HOUR, "discharge", None)]), watch(9))
    assert not found["silent"]
    assert found["expected_s"] == 3600.0


def test_a_device_that_another_one_replaced_is_not_silent() -> None:
    frame = devices(device(), device(device_id="second", first_s=T + HOUR, rows=7200))
    assert list(placed(frame, Census([]), watch(3))["silent"]) == [False, False]


def test_charts_are_never_missing() -> None:
    found = judged(devices(device(period_s=3600.0, rows=2, last_s=T + 5 * HOUR)), Census([]), watch(9))
    assert (found["expected_s"], found["present_s"], found["silent"]) == (0.0, 0.0, False)


def test_dead_minutes_between_two_times_do_not_count() -> None:
    alive = watch(1, dead=range(10, 20))
    begins, ends = np.array([T, T, T + 1800]), np.array([T + 3600, T + 300, T])
    assert list(alive.seconds(begins, ends)) == [3000.0, 300.0, 0.0]
    assert alive.share == pytest.approx(50 / 60)
