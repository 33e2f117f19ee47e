"""Scripted heart-rate alarms at a known rate, for measuring how long an alarm takes.

One patient after another shows a heart rate beyond the high-priority limit, long enough for the alarm to begin, and is
then back to normal long enough for it to clear. Which patient breaches in which second is arithmetic, not chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from clinical.conditions import LIMIT_CONDITIONS
from clinical.vitals import HEART_RATE
from lakehouse.errors import SettingsError
from streaming.bedside.course import Flags, Ints, Label
from streaming.bedside.episodes import Episode

_CONDITION: Final = next(condition for condition in LIMIT_CONDITIONS if condition.name == "heart_rate_high")
_SPARE_S: Final = 3
BREACH_BPM: Final = _CONDITION.limit[1] + 10
HOLD_S: Final = _CONDITION.delay_s[1] + _SPARE_S
REST_S: Final = _CONDITION.clear_s + _SPARE_S
KIND: Final = Episode(
    kind="breach", nature="deterioration", towards={HEART_RATE: BREACH_BPM}, hold_s=(HOLD_S, HOLD_S), per_day=0
)


@dataclass(frozen=True, slots=True)
class Breaches:
    """`per_s` breaches begin each second, the patients taking turns."""

    per_s: float
    patients: int

    def __post_init__(self) -> None:
        most = self.patients / (HOLD_S + REST_S)
        if self.per_s > most:
            raise SettingsError(
                f"a patient breaches at most once in {HOLD_S + REST_S} s, or the alert before would still be open; "
                f"{self.patients} patients give {most:.1f} alerts a second, not {self.per_s:g}; add patients"
            )

    def active(self, now: int, patients: Ints) -> Flags:
        """Tell which of these patients (numbers of the whole simulation) breach in this second."""
        started = self._last_start(now, patients)
        return (started >= 0) & (now - started < HOLD_S)

    def ended(self, now: int, patients: Ints) -> Iterator[Label]:
        """Yield the labels of the breaches whose last second this is."""
        started = self._last_start(now, patients)
        over = (started >= 0) & (now - started == HOLD_S - 1)
        return _labels(patients[over], started[over], now + 1)

    def unfinished(self, now: int, patients: Ints) -> Iterator[Label]:
        """Yield the labels of the breaches that go on after this second."""
        started = self._last_start(now, patients)
        goes_on = (started >= 0) & (now - started < HOLD_S - 1)
        return _labels(patients[goes_on], started[goes_on], None)

    def _last_start(self, now: int, patients: Ints) -> Ints:
        """Breach k is of patient k mod n, at second k / rate; negative for a patient who had none yet."""
        newest = math.ceil(self.per_s * (now + 1))
        while math.floor(newest / self.per_s) > now:
            newest -= 1
        number = newest - (newest - patients) % self.patients
        return np.where(number >= 0, np.floor(number / self.per_s), -1).astype(np.int64)


def _labels(patients: Ints, started: Ints, ends_s: int | None) -> Iterator[Label]:
    for patient, start in zip(patients.tolist(), started.tolist(), strict=True):
        yield Label(patient, KIND, start, ends_s, start, {HEART_RATE.name: BREACH_BPM})
