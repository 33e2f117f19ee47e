"""PhysioNet/CinC Challenge 2019, training set B: ICU vitals, one row an hour.

One patient a file ``pNNNNNN.psv``, columns divided by ``|``, ``NaN`` = not measured. Odd values are kept as they are (a
temperature of 50): the alarms must cope with them. https://physionet.org/content/challenge-2019/1.0.0/
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clinical.vitals import DBP, HEART_RATE, MAP, ON_OXYGEN, RESP_RATE, SBP, SPO2, TEMPERATURE
from streaming.bedside.recordings.files import members
from streaming.bedside.recordings.recording import ROOM_AIR, Recording, from_charts

COLUMNS: Final = {
    "HR": HEART_RATE.name,
    "O2Sat": SPO2.name,
    "Temp": TEMPERATURE.name,
    "SBP": SBP.name,
    "MAP": MAP.name,
    "DBP": DBP.name,
    "Resp": RESP_RATE.name,
}


def read(folder: Path) -> Iterator[Recording]:
    """Yield every patient with at least one vital sign."""
    for stem, text in members(folder, "training_setB"):
        recording = parse(stem, text)
        if recording is not None:
            yield recording


def parse(record: str, text: str) -> Recording | None:
    """Read one patient's file; None without any vital sign. `ICULOS` is the hour in the ICU."""
    charts: dict[float, dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="|"):
        values = {vital: float(row[column]) for column, vital in COLUMNS.items() if row[column] != "NaN"}
        if row["FiO2"] != "NaN":
            values[ON_OXYGEN.name] = float(float(row["FiO2"]) > ROOM_AIR)
        charts[float(row["ICULOS"]) * 3600.0] = values
    return from_charts(f"cinc2019-{record}", charts)
