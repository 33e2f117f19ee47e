"""BIDMC PPG and Respiration Dataset 1.0.0: 8 minutes of a bedside monitor's numerics at 1 Hz.

``bidmc_NN_Numerics.csv`` has the columns ``Time [s], HR, PULSE, RESP, SpO2``, their names with a leading blank; an
empty field or ``NaN`` is a value that the monitor did not have. https://physionet.org/content/bidmc/1.0.0/
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

import numpy as np

from clinical.vitals import HEART_RATE, INDEX, PULSE_RATE, RESP_RATE, SPO2, VITALS
from streaming.bedside.recordings.files import missing
from streaming.bedside.recordings.recording import Recording

COLUMNS: Final = {
    "HR": HEART_RATE.name,
    "PULSE": PULSE_RATE.name,
    "RESP": RESP_RATE.name,
    "SpO2": SPO2.name,
}


def read(folder: Path) -> Iterator[Recording]:
    """Yield every recording of the folder, in the order of their numbers."""
    paths = sorted(folder.glob("bidmc_*_Numerics.csv"))
    if not paths:
        raise missing(folder / "bidmc_NN_Numerics.csv")
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            yield parse(path.name.split("_")[1], file)


def parse(number: str, file: TextIO) -> Recording:
    """Read one ``Numerics.csv``."""
    rows = list(csv.DictReader(file, skipinitialspace=True))
    at_s = np.array([float(row["Time [s]"]) for row in rows])
    values = np.full((len(rows), len(VITALS)), np.nan)
    for column, vital in COLUMNS.items():
        values[:, INDEX[vital]] = [float(row[column] or "nan") for row in rows]
    patient_id = f"bidmc-{number}"
    return Recording(patient_id, f"{patient_id}-monitor", 1.0, at_s - at_s[:1], values)
