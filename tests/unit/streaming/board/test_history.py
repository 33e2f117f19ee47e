"""What the board remembers of readings."""

from __future__ import annotations

import numpy as np
import pytest

from clinical.vitals import INDEX
from streaming.board.history import SPAN_MS, STEP_MS, STEPS, History, Latest
from tests.unit.streaming.board.builders import NOW_MS, readings

HR, SPO2 = INDEX["heart_rate_bpm"], INDEX["spo2_pct"]


def latest(history: History, patient_id: str) -> Latest:
    found = history.latest(patient_id)
    assert found is not None
    return found


def test_the_newest_value_of_each_vital_is_known_with_its_time() -> None:
    history = History()
    history.take(readings(("p1", 5, {"heart_rate_bpm": 80, "spo2_pct": 97}), ("p1", 1, {"heart_rate_bpm": 82})))

    now = latest(history, "p1")
    assert (now.values[HR], now.at_ms[HR]) == (82, NOW_MS - 1000)
    assert (now.values[SPO2], now.at_ms[SPO2]) == (97, NOW_MS - 5000)
    assert np.isnan(now.values[INDEX["temperature_c"]])
    assert (now.heard_ms, now.period_ms[HR]) == (NOW_MS - 1000, 1000)


def test_each_vital_has_the_period_of_the_device_that_measured_it() -> None:
    history = History()
    history.take(readings(("p1", 5, {"heart_rate_bpm": 80})))
    history.take(readings(("p1", 1, {"temperature_c": 37.5}), period_s=3600))

    now = latest(history, "p1")
    assert (now.period_ms[HR], now.period_ms[INDEX["temperature_c"]]) == (1000, 3_600_000)


@pytest.mark.parametrize("together", [True, False])
def test_a_late_reading_never_takes_a_value_back(together: bool) -> None:
    history = History()
    newer, older = ("p1", 1, {"heart_rate_bpm": 82}), ("p1", 9, {"heart_rate_bpm": 140})
    for stretch in [readings(newer, older)] if together else [readings(newer), readings(older)]:
        history.take(stretch)

    assert latest(history, "p1").values[HR] == 82
    assert latest(history, "p1").heard_ms == NOW_MS - 1000


def test_a_device_whose_clock_runs_ahead_is_no_younger_than_the_log_says() -> None:
    history = History()
    history.take(readings(("p1", -3600, {"heart_rate_bpm": 80})))

    assert latest(history, "p1").heard_ms == NOW_MS


def test_an_impossible_value_is_not_shown() -> None:
    history = History()
    history.take(readings(("p1", 2, {"spo2_pct": 97}), ("p1", 1, {"spo2_pct": 0})))

    assert latest(history, "p1").values[SPO2] == 97


def test_a_course_has_one_value_in_ten_seconds_for_an_hour_and_no_more() -> None:
    history = History()
    history.take(readings(*(("p1", ago_s, {"heart_rate_bpm": 60 + ago_s // 600}) for ago_s in range(0, 2 * 3600, 5))))

    at_ms, values = history.course("p1", "heart_rate_bpm")
    assert len(at_ms) == STEPS
    assert set(np.diff(at_ms)) == {STEP_MS}
    assert at_ms[0] == NOW_MS - SPAN_MS + STEP_MS
    assert (values[0], values[-1]) == (65, 60)


def test_temperatures_keep_their_tenths() -> None:
    history = History()
    history.take(readings(("p1", 1, {"temperature_c": 38.3})))

    assert history.course("p1", "temperature_c")[1].tolist() == [38.3]


def test_patients_beyond_the_first_rows_find_room_and_keep_what_is_theirs() -> None:
    history = History(capacity=2)
    history.take(readings(*((f"p{n}", 1, {"heart_rate_bpm": 60 + n}) for n in range(9))))

    assert [latest(history, f"p{n}").values[HR] for n in range(9)] == [60 + n for n in range(9)]


def test_who_was_discharged_leaves_nothing_to_the_next() -> None:
    history = History(capacity=1)
    history.take(readings(("p1", 1, {"spo2_pct": 97})))
    history.forget("p1")
    history.take(readings(("p2", 1, {"heart_rate_bpm": 70})))

    assert history.latest("p1") is None
    assert np.isnan(latest(history, "p2").values[SPO2])
    assert len(history.course("p2", "spo2_pct")[0]) == 0


def test_nothing_is_known_of_a_stranger() -> None:
    assert History().latest("p1") is None
    assert len(History().course("p1", "spo2_pct")[0]) == 0
