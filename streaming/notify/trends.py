"""The last half hour of every vital of every patient, in steps of 15 s, for the pictures in mails. Pure but for time.

What the lane shows on the ward board is read every 15 s and kept here, so a picture asks no store when a mail is
written. A value stands in the step in which it was measured, in tenths of its unit: 2 kB a patient.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinical.conditions import GAP_PERIODS, LIMIT_CONDITIONS
from clinical.vitals import CONSCIOUSNESS, HEART_RATE, PULSE_RATE

STEP_S: Final = 15
STEPS: Final = 30 * 60 // STEP_S
# Consciousness is a letter, charted now and then: no line.
_VITAL_OF: Final = {each.name: each.vital for each in LIMIT_CONDITIONS if each.vital != CONSCIOUSNESS.name}
VITALS: Final = (*dict.fromkeys(_VITAL_OF.values()), PULSE_RATE.name)
_PLACE: Final = {vital: place for place, vital in enumerate(VITALS)}
_NONE: Final = np.iinfo(np.int16).min
_FIRST_ROWS: Final = 64


class Trends:
    """A ring of steps for each patient. Written by one thread and read by others."""

    def __init__(self) -> None:
        self._row: dict[str, int] = {}
        self._free: list[int] = []
        self._tenths = np.full((_FIRST_ROWS, len(VITALS), STEPS), _NONE, np.int16)
        self._newest = 0  # number of the newest step, counted from 1970
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._row)

    def move_to(self, now_s: float) -> None:
        """Let time go on: steps that have become too old are emptied, and patients who have none left forgotten."""
        step = int(now_s // STEP_S)
        with self._lock:
            emptied = min(max(step - self._newest, 0), STEPS)
            self._newest = max(step, self._newest)
            for back in range(emptied):
                self._tenths[:, :, (step - back) % STEPS] = _NONE
            if emptied:
                heard = (self._tenths != _NONE).any(axis=(1, 2))
                for patient_id in [each for each, row in self._row.items() if not heard[row]]:
                    self._free.append(self._row.pop(patient_id))

    def keep(self, patient_id: str, vitals: Mapping[str, tuple[float, int]]) -> None:
        """Keep what the board shows of a patient: vital -> value and when it was measured, in ms since 1970."""
        with self._lock:
            row = self._row.get(patient_id)
            for vital, (value, at_ms) in vitals.items():
                place, step = _PLACE.get(vital), at_ms // 1000 // STEP_S
                if place is None or not self._newest - STEPS < step <= self._newest:
                    continue
                row = self._new_row(patient_id) if row is None else row
                self._tenths[row, place, step % STEPS] = round(value * 10)

    def _new_row(self, patient_id: str) -> int:
        if not self._free:
            rows = len(self._tenths)
            if len(self._row) == rows:
                self._tenths = np.concatenate([self._tenths, np.full_like(self._tenths, _NONE)])
                rows *= 2
            self._free = list(range(rows - 1, len(self._row) - 1, -1))
        row = self._row[patient_id] = self._free.pop()
        return row

    def of(self, patient_id: str, condition: str | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the last half hour of the vital of a condition.

        Returns
        -------
        at_s, values : arrays of float64, of one length
            Seconds since 1970 and values in the vital's unit, the oldest first. Empty where nothing is known, and for a
            condition that has no vital.
        """
        with self._lock:
            row, place = self._row.get(patient_id), _PLACE.get(_VITAL_OF.get(condition or "", ""))
            if row is None or place is None:
                return np.empty(0), np.empty(0)
            numbers = np.arange(self._newest - STEPS + 1, self._newest + 1)
            tenths = self._tenths[row, place, numbers % STEPS]
            if place == _PLACE[HEART_RATE.name]:
                tenths = _stood_in(tenths, self._tenths[row, _PLACE[PULSE_RATE.name], numbers % STEPS])
        there = tenths != _NONE
        return numbers[there] * float(STEP_S), tenths[there] / 10


def _stood_in(heart: NDArray[np.int16], pulse: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return the heart rate, and the pulse where that has been absent for three of its periods, as in the fold.

    The board does not say the period: the usual distance of the steps that have a heart rate is taken for it. One step
    may stay empty between two of a rate that is measured more often.
    """
    there = heart != _NONE
    steps = np.arange(len(heart))
    apart = np.diff(steps[there])
    period = int(np.median(apart)) if len(apart) else 1
    since = steps - np.maximum.accumulate(np.where(there, steps, -STEPS))
    return np.where(since > (GAP_PERIODS * period if period > 1 else 1), pulse, heart)


def in_words(at_s: Sequence[float] | NDArray[np.float64], values: Sequence[float] | NDArray[np.float64]) -> str:
    """Say what a trend shows, for those who see no picture."""
    since = datetime.fromtimestamp(float(at_s[0]), UTC)
    return f"since {since:%H:%M} UTC between {min(values):g} and {max(values):g}"
