from __future__ import annotations

from pathlib import Path
from threading import Event

from lakehouse.settings import Settings
from streaming.demo.cast import CHRONIC, Sent, cast_of

NUMERICS = "Time [s], HR, PULSE, RESP, SpO2\n0,94,93,25,97\n1,94,93,25,97\n"


def test_recordings_are_played_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "bidmc").mkdir()
    (tmp_path / "bidmc" / "bidmc_25_Numerics.csv").write_text(NUMERICS)
    players, patient_ids, what = cast_of(Settings(data=tmp_path), Event(), Sent())
    assert len(players) == 2
    assert patient_ids == ["bidmc-25", *CHRONIC.patient_ids]
    assert "1 recordings of bidmc" in what


def test_simulated_patients_otherwise_and_how_to_get_recordings(tmp_path: Path) -> None:
    players, patient_ids, what = cast_of(Settings(data=tmp_path), Event(), Sent())
    assert len(players) == 3
    assert len(set(patient_ids)) == len(patient_ids) == 33
    assert "lakehouse download bidmc" in what
