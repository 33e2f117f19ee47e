"""The vitals of every patient in the last hour, one value in ten seconds, and the newest of each. Arrays only; pure.

The log's tail comes in, tiles and trends go out. An hour of ten vitals is 7 kB a patient: 72 MB for ten thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS
from lakehouse.log import LogSlice

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

STEP_MS: Final = 10_000
STEPS: Final = 360
SPAN_MS: Final = STEPS * STEP_MS
_NONE: Final = np.iinfo(np.int16).min
_POSSIBLE: Final = np.array([vital.possible for vital in VITALS])


@dataclass(frozen=True, slots=True, eq=False)
class Latest:
    """What is known of a patient now. Times are ms since 1970, UTC; 0 = never.

    Attributes
    ----------
    values, at_ms : (vitals,) arrays
        In catalogue order and units; NaN = never measured.
    heard_ms
        Alarm clock of the last reading: the earlier of the device's time and the broker's.
    period_ms : (vitals,) array
        How often the device measures that gave the newest value.
    """

    values: Floats
    at_ms: Ints
    heard_ms: int
    period_ms: Ints


class History:
    """Takes stretches of the log in any order; may be read from other threads.

    A value is kept to a tenth of its unit, as it is folded. An impossible one is left out, as the fold leaves it out.
    """

    def __init__(self, capacity: int = 256) -> None:
        self._lock = Lock()
        self._rows: dict[str, int] = {}
        self._free = list(range(capacity))[::-1]
        self._step_of = np.full(STEPS, -1, np.int64)  # which step a slot of `_tenths` holds
        self._tenths = np.full((STEPS, capacity, len(VITALS)), _NONE, np.int16)
        self._values = np.full((capacity, len(VITALS)), np.nan)
        self._at_ms = np.zeros((capacity, len(VITALS)), np.int64)
        self._heard_ms = np.zeros(capacity, np.int64)
        self._period_ms = np.zeros((capacity, len(VITALS)), np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, log: LogSlice) -> None:
        """Take the readings of a stretch of the log. A reading that is repeated changes nothing."""
        places = np.flatnonzero(log.is_reading)
        clock_ms = np.minimum(log.measured_ms, log.received_ms)[places]
        places = places[np.argsort(clock_ms, kind="stable")]  # so that of two values in a stretch the newer one stays
        clock_ms = np.minimum(log.measured_ms, log.received_ms)[places]
        values = log.values[places]
        possible = (values >= _POSSIBLE[:, 0]) & (values <= _POSSIBLE[:, 1])  # False where NaN
        with self._lock:
            self._advance(int(log.received_ms.max(initial=0)) // STEP_MS)
            rows = self._rows_of([log.patient_ids[place] or "" for place in places])
            newer = clock_ms >= self._heard_ms[rows]
            self._heard_ms[rows[newer]] = clock_ms[newer]
            reading, vital = np.nonzero(possible)
            period_ms = log.period_ms[places[reading]]
            self._take_values(rows[reading], vital, clock_ms[reading], values[reading, vital], period_ms)

    def _take_values(self, row: Ints, vital: Ints, clock_ms: Ints, value: Floats, period_ms: Ints) -> None:
        newest = clock_ms >= self._at_ms[row, vital]
        self._values[row[newest], vital[newest]] = value[newest]
        self._at_ms[row[newest], vital[newest]] = clock_ms[newest]
        self._period_ms[row[newest], vital[newest]] = period_ms[newest]
        step = clock_ms // STEP_MS
        kept = self._step_of[step % STEPS] == step
        self._tenths[step[kept] % STEPS, row[kept], vital[kept]] = np.rint(value[kept] * 10)

    def _advance(self, step: int) -> None:
        """Make room for the steps up to `step`, over the oldest ones."""
        head = int(self._step_of.max())
        for new in range(max(head + 1, step - STEPS + 1), step + 1):
            self._step_of[new % STEPS] = new
            self._tenths[new % STEPS] = _NONE

    def _rows_of(self, patient_ids: list[str]) -> Ints:
        for patient_id in patient_ids:
            if patient_id not in self._rows:
                if not self._free:
                    self._make_room()
                self._rows[patient_id] = self._free.pop()
        return np.array([self._rows[patient_id] for patient_id in patient_ids], dtype=np.int64)

    def _make_room(self) -> None:
        """Give up the rows of patients not heard of for an hour; where there are none, have twice as many rows."""
        oldest_ms = (int(self._step_of.max()) - STEPS) * STEP_MS
        gone = [patient_id for patient_id, row in self._rows.items() if 0 < self._heard_ms[row] < oldest_ms]
        for patient_id in gone:
            self._give_up(patient_id)
        if gone:
            return
        count = len(self._heard_ms)
        self._free = list(range(count, 2 * count))[::-1]
        self._tenths = np.concatenate([self._tenths, np.full_like(self._tenths, _NONE)], axis=1)
        self._values = np.concatenate([self._values, np.full_like(self._values, np.nan)])
        self._at_ms = np.concatenate([self._at_ms, np.zeros_like(self._at_ms)])
        self._heard_ms = np.concatenate([self._heard_ms, np.zeros_like(self._heard_ms)])
        self._period_ms = np.concatenate([self._period_ms, np.zeros_like(self._period_ms)])

    def forget(self, patient_id: str) -> None:
        """Forget a patient, who was discharged."""
        with self._lock:
            if patient_id in self._rows:
                self._give_up(patient_id)

    def _give_up(self, patient_id: str) -> None:
        row = self._rows.pop(patient_id)
        self._tenths[:, row] = _NONE
        self._values[row] = np.nan
        self._at_ms[row] = self._period_ms[row] = 0
        self._heard_ms[row] = 0
        self._free.append(row)

    def latest(self, patient_id: str) -> Latest | None:
        """Return the newest values of a patient; None where no reading came."""
        with self._lock:
            row = self._rows.get(patient_id)
            if row is None:
                return None
            return Latest(
                self._values[row].copy(), self._at_ms[row].copy(), int(self._heard_ms[row]), self._period_ms[row].copy()
            )

    def course(self, patient_id: str, vital: str) -> tuple[Ints, Floats]:
        """Return the values of a vital in the last hour, one in ten seconds at most.

        Returns
        -------
        at_ms, values : (n,) arrays
            Ascending times, the begin of each ten seconds in ms since 1970; empty where nothing is known.
        """
        with self._lock:
            row = self._rows.get(patient_id)
            if row is None:
                return np.zeros(0, np.int64), np.zeros(0)
            tenths = self._tenths[:, row, INDEX[vital]].copy()
            step_of = self._step_of.copy()
        known = np.flatnonzero(tenths != _NONE)
        order = known[np.argsort(step_of[known])]
        return step_of[order] * STEP_MS, tenths[order] / 10
