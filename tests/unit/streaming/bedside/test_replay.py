from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clinical.vitals import INDEX, VITALS
from lakehouse.errors import SettingsError
from lakehouse.messages import Reading, decode
from lakehouse.settings import Settings
from streaming.bedside import replay
from streaming.bedside.pace import Pace
from streaming.bedside.recordings.recording import Recording


def recording(patient_id: str, at_s: list[float], heart_rates: list[float], period_s: float = 1) -> Recording:
    values = np.full((len(at_s), len(VITALS)), np.nan)
    values[:, INDEX["heart_rate_bpm"]] = heart_rates
    return Recording(patient_id, f"{patient_id}-monitor", period_s, np.array(at_s), values)


def told(timeline: replay.Timeline, pace: Pace) -> list[tuple[str, float, float | None, float]]:
    readings = [decode(message) for _, message in replay.messages(timeline, pace, slice(None))]
    return [
        (reading.patient_id, reading.measured_at.timestamp(), reading.vitals.heart_rate_bpm, reading.period_s)
        for reading in readings
        if isinstance(reading, Reading)
    ]


def test_patients_are_merged_in_the_order_of_time() -> None:
    timeline = replay.merge([recording("a", [0, 10, 20], [80, 81, 82]), recording("b", [0, 5, 20], [60, 61, 62])])
    rates = [(patient, rate) for patient, _, rate, _ in told(timeline, Pace(0, 20, 1))]
    assert rates == [("a", 80), ("b", 60), ("b", 61), ("a", 81), ("a", 82), ("b", 62)]


def test_cadence_and_intervals_stay_as_they_were_measured() -> None:
    timeline = replay.merge([recording("a", [0, 3600, 7200], [80, 81, 82], period_s=3600)])
    assert told(timeline, Pace(1000, 7200, 3600)) == [
        ("a", 1000 + 2 - 7200, 80, 3600),
        ("a", 1000 + 2 - 3600, 81, 3600),
        ("a", 1000 + 2, 82, 3600),
    ]


def test_the_last_row_of_each_recording_is_known() -> None:
    timeline = replay.merge([recording("a", [0, 10], [80, 81]), recording("b", [0, 5, 20], [60, 61, 62])])
    assert replay._last_rows(timeline) == {3, 4}


def test_a_record_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "bidmc").mkdir()
    (tmp_path / "bidmc" / "bidmc_01_Numerics.csv").write_text("Time [s], HR, PULSE, RESP, SpO2\n0,94,93,25,97\n")
    with pytest.raises(SettingsError, match="02 is not among the 1 found"):
        replay.load(Settings(data=tmp_path), ["bidmc"], ["01", "02"], None)
