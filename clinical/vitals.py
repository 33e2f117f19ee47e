"""Catalogue of vital signs: the one place that says what a vital is, in which unit, and what can be true of it.

Codes are LOINC and ISO/IEEE 11073-10101 (MDC); units are UCUM. ``possible`` is what a living patient and a working
sensor can give, after the variable ranges of MIMIC-Extract (Wang et al., CHIL 2020), narrowed where a monitor writes a
zero for "no probe": a value outside is a fault of the measurement and never reaches a limit.

``fresh_s`` says how long the last value counts in the early-warning score. The Royal College of Physicians (NEWS2,
2017, chart 4) asks for observations every 12 h at a score of 0, every 4 to 6 h at 1 to 4 and every hour from 5 on;
what a monitor measures by itself is held to the hour, what a person measures to the longer intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Vital:
    """One vital sign. Values are floats in ``unit``; they are kept to a tenth of it."""

    name: str
    label: str
    unit: str
    loinc: str
    mdc: str
    possible: tuple[float, float]
    chart_step: float
    fresh_s: int

    def __post_init__(self) -> None:
        low, high = self.possible
        if not low < high:
            raise ValueError(f"{self.name}: a possible range needs low < high; found {self.possible}")


HEART_RATE: Final = Vital("heart_rate_bpm", "heart rate", "/min", "8867-4", "147842", (0, 350), 1, HOUR_S)
PULSE_RATE: Final = Vital("pulse_rate_bpm", "pulse rate", "/min", "8889-8", "149530", (10, 350), 1, HOUR_S)
RESP_RATE: Final = Vital("resp_rate_bpm", "respiratory rate", "/min", "9279-1", "151562", (0, 150), 1, HOUR_S)
SPO2: Final = Vital("spo2_pct", "SpO2", "%", "59408-5", "150456", (10, 100), 1, HOUR_S)
SBP: Final = Vital("sbp_mmhg", "systolic blood pressure", "mm[Hg]", "8480-6", "150021", (20, 370), 1, 6 * HOUR_S)
DBP: Final = Vital("dbp_mmhg", "diastolic blood pressure", "mm[Hg]", "8462-4", "150022", (5, 300), 1, 6 * HOUR_S)
MAP: Final = Vital("map_mmhg", "mean arterial pressure", "mm[Hg]", "8478-0", "150023", (10, 330), 1, 6 * HOUR_S)
TEMPERATURE: Final = Vital("temperature_c", "temperature", "Cel", "8310-5", "150364", (25, 45), 0.1, 6 * HOUR_S)
# Recorded as a letter; its place in ACVPU is the number that the fold sees.
CONSCIOUSNESS: Final = Vital("consciousness", "consciousness", "{ACVPU}", "67775-7", "", (0, 4), 1, 12 * HOUR_S)
ON_OXYGEN: Final = Vital("on_oxygen", "supplemental oxygen", "{bool}", "", "", (0, 1), 1, 12 * HOUR_S)

VITALS: Final = (
    HEART_RATE, PULSE_RATE, RESP_RATE, SPO2, SBP, DBP, MAP, TEMPERATURE, CONSCIOUSNESS, ON_OXYGEN,
)  # fmt: skip

# What a sensor measures without a person: only these can lose their signal.
SENSED: Final = (HEART_RATE, PULSE_RATE, RESP_RATE, SPO2, SBP, DBP, MAP, TEMPERATURE)

ACVPU: Final = "ACVPU"  # alert, new confusion, voice, pain, unresponsive

INDEX: Final = {vital.name: place for place, vital in enumerate(VITALS)}

# Beyond this, in any unit, nothing is possible; it bounds what is stored of an entry error such as 11647 mmHg.
_KEPT_WITHIN: Final = 3000.0


def kept(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values as they are folded and stored: to a tenth of their unit, half up; NaN = not measured.

    Parameters
    ----------
    values : float array of any shape

    Returns
    -------
    float array of the same shape
        Each is k / 10 for a whole number k, the same double wherever it is computed; at most 3000 either way, which is
        impossible for every vital.
    """
    return np.floor(np.clip(values, -_KEPT_WITHIN, _KEPT_WITHIN) * 10.0 + 0.5) / 10.0
