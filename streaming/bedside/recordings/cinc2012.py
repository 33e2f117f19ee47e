"""PhysioNet/CinC Challenge 2012, sets a and b: what was charted in the first 48 h of an ICU stay.

One patient a file, ``Time,Parameter,Value`` with ``HH:MM`` since admission; -1 is "not known".
https://physionet.org/content/challenge-2012/1.0.0/

- ``SaO2`` is saturation in arterial blood, the only saturation that this set has. It is taken as SpO2: a blood gas is
  the reference that pulse oximetry estimates.
- ``FiO2`` above 0.21, the share of oxygen in air, is supplemental oxygen.
- ``GCS`` is not turned into a letter of ACVPU: the total does not say why it is low, and in a patient with a tube its
  verbal part is untestable. The early-warning score then says that consciousness was missing.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from clinical.vitals import DBP, HEART_RATE, MAP, ON_OXYGEN, RESP_RATE, SBP, SPO2, TEMPERATURE
from streaming.bedside.recordings.files import MissingRecordings, members
from streaming.bedside.recordings.recording import ROOM_AIR, Recording, from_charts, prefer_arterial

SETS: Final = ("a", "b")
UNKNOWN: Final = -1.0

DIRECT: Final = {"HR": HEART_RATE.name, "RespRate": RESP_RATE.name, "SaO2": SPO2.name, "Temp": TEMPERATURE.name}
ARTERIAL: Final = {"SysABP": SBP.name, "DiasABP": DBP.name, "MAP": MAP.name}
CUFF: Final = {"NISysABP": SBP.name, "NIDiasABP": DBP.name, "NIMAP": MAP.name}
OXYGEN: Final = "FiO2"
PARAMETERS: Final = frozenset((*DIRECT, *ARTERIAL, *CUFF, OXYGEN))


def read(folder: Path) -> Iterator[Recording]:
    """Yield every patient with at least one vital sign, set by set."""
    absent = 0
    for name in SETS:
        try:
            for stem, text in members(folder, f"set-{name}"):
                recording = parse(name, stem, text) if stem.isdigit() else None
                if recording is not None:
                    yield recording
        except MissingRecordings:
            absent += 1
            if absent == len(SETS):
                raise


def parse(name: str, record: str, text: str) -> Recording | None:
    """Read one patient's file; None without any vital sign."""
    charted: dict[float, dict[str, float]] = defaultdict(dict)
    for time, parameter, number in islice(csv.reader(text.splitlines()), 1, None):
        if parameter in PARAMETERS and number and float(number) != UNKNOWN:
            hours, minutes = time.split(":")
            charted[int(hours) * 3600.0 + int(minutes) * 60.0][parameter] = float(number)
    return from_charts(f"cinc2012-{name}-{record}", {at_s: _vitals(values) for at_s, values in charted.items()})


def _vitals(charted: dict[str, float]) -> dict[str, float]:
    values = _named(charted, DIRECT)
    prefer_arterial(values, _named(charted, ARTERIAL), _named(charted, CUFF))
    if OXYGEN in charted:
        values[ON_OXYGEN.name] = float(charted[OXYGEN] > ROOM_AIR)
    return values


def _named(charted: dict[str, float], names: dict[str, str]) -> dict[str, float]:
    return {vital: charted[parameter] for parameter, vital in names.items() if parameter in charted}
