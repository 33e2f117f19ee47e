"""What happens to simulated patients: deteriorations, short excursions, artefacts and lost probes.

An episode moves vitals towards target values: up a ramp, along a plateau, and down again. The courses follow how
textbooks and early-warning literature describe them, at the pace that a nurse would meet; they are made to exercise
alarms, and prove nothing about patients.

"Hard" is what a label promises to have been reached: a value that scores 3 in NEWS2 (Royal College of Physicians 2017,
chart 1), independent of any alarm limit that is being tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from clinical.vitals import DBP, HEART_RATE, RESP_RATE, SBP, SPO2, TEMPERATURE, Vital

SIMULATED: Final = (HEART_RATE, RESP_RATE, SPO2, SBP, DBP, TEMPERATURE)
HARD: Final = {
    HEART_RATE: (40.0, 131.0),
    RESP_RATE: (8.0, 25.0),
    SPO2: (91.0, float("inf")),
    SBP: (90.0, 220.0),
    DBP: (float("-inf"), float("inf")),
    TEMPERATURE: (35.0, float("inf")),
}

Nature: TypeAlias = Literal["deterioration", "excursion", "artefact", "signal_loss"]
Seconds: TypeAlias = tuple[int, int]  # shortest, longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One kind of episode.

    Attributes
    ----------
    towards
        Target of each vital that it moves, in the vital's unit.
    lost
        Vitals without a value while it lasts.
    restless
        How many times the monitor's noise grows.
    ramp_s, hold_s, fall_s
        Duration of each part.
    per_day
        How many a patient has a day, on average; deteriorations are weighed against each other by it.
    """

    kind: str
    nature: Nature
    towards: dict[Vital, float] = field(default_factory=dict)
    lost: tuple[Vital, ...] = ()
    restless: float = 1.0
    ramp_s: Seconds = (0, 0)
    hold_s: Seconds
    fall_s: Seconds = (0, 0)
    per_day: float

    @property
    def vitals(self) -> tuple[Vital, ...]:
        """The vitals it touches."""
        return (*self.towards, *self.lost)


DETERIORATIONS: Final = (
    Episode(
        kind="hypoxia", nature="deterioration", per_day=0.35,  # respiratory failure; rate and pulse answer
        towards={SPO2: 80, RESP_RATE: 32, HEART_RATE: 122, SBP: 138},
        ramp_s=(120, 1200), hold_s=(300, 1800), fall_s=(300, 1200),
    ),
    Episode(
        kind="sepsis", nature="deterioration", per_day=0.3,  # hours of fever, fast pulse and breath; pressure falls
        towards={HEART_RATE: 136, RESP_RATE: 31, SPO2: 89, SBP: 82, DBP: 44, TEMPERATURE: 39.4},
        ramp_s=(7200, 21_600), hold_s=(1800, 7200), fall_s=(3600, 14_400),
    ),
    Episode(
        kind="haemorrhage", nature="deterioration", per_day=0.2,  # pulse rises early, pressure falls late and far
        towards={HEART_RATE: 144, RESP_RATE: 29, SBP: 72, DBP: 40, TEMPERATURE: 35.8},
        ramp_s=(1200, 3600), hold_s=(600, 2400), fall_s=(1200, 3600),
    ),
    Episode(
        kind="bradycardia", nature="deterioration", per_day=0.15,  # conduction or vagal; pressure follows the rate
        towards={HEART_RATE: 33, SBP: 84, DBP: 46},
        ramp_s=(30, 300), hold_s=(60, 600), fall_s=(30, 300),
    ),
)  # fmt: skip

DISTURBANCES: Final = (
    # Beyond a limit for a moment: real, over before anyone could act, and no alarm.
    Episode(kind="brief_tachycardia", nature="excursion", per_day=12, towards={HEART_RATE: 134}, hold_s=(2, 4)),
    Episode(kind="brief_desaturation", nature="excursion", per_day=12, towards={SPO2: 86}, hold_s=(2, 4)),
    Episode(kind="ecg_noise", nature="artefact", per_day=48, towards={HEART_RATE: 240}, hold_s=(1, 2)),
    Episode(kind="line_flush", nature="artefact", per_day=6, towards={SBP: 290, DBP: 250}, hold_s=(4, 9)),
    Episode(
        kind="motion", nature="artefact", per_day=24, restless=5.0,
        towards={SPO2: 87, HEART_RATE: 112, RESP_RATE: 30}, ramp_s=(1, 4), hold_s=(3, 25), fall_s=(1, 6),
    ),
    Episode(kind="probe_off", nature="signal_loss", per_day=6, lost=(SPO2,), hold_s=(10, 240)),
    Episode(kind="leads_off", nature="signal_loss", per_day=3, lost=(HEART_RATE, RESP_RATE), hold_s=(10, 120)),
)  # fmt: skip
