"""What is usual for a patient: counts of clean readings, day by day, and the times in which no reading is clean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.calibration import is_enough
from clinical.conditions import LIMIT_CONDITIONS, NEWS2_TOTAL
from clinical.histograms import NOTHING, Histogram, Ints, Spans, Tally, empty_tally, histogram, merged, tally
from clinical.policy import MEDIAN, LimitsPolicy
from clinical.vitals import SENSED
from lakehouse.events import ENDINGS, AlertEvent

DAY_MS: Final = 86_400_000
FOREVER_MS: Final = int(np.iinfo(np.int64).max)
_SCORE: Final = next(condition.name for condition in LIMIT_CONDITIONS if condition.vital == NEWS2_TOTAL)

Edges: TypeAlias = dict[str, list[tuple[int, int]]]  # patient -> spans in ms, ends included


class Step(NamedTuple):
    """What is needed of an alert event, where only that was read."""

    patient_id: str
    alert_id: str | None
    condition: str | None
    step: str
    priority: str | None
    measured_at: datetime | None
    received_at: datetime


def unclean(events: Iterable[AlertEvent | Step], policy: LimitsPolicy) -> Edges:
    """Return the times near high-priority alerts: what was measured there says little of how the patient usually is.

    Alerts of the early-warning score are left aside: the gravely ill have them all day.

    Parameters
    ----------
    events
        In the order of the log, of each patient.
    """
    spans: Edges = defaultdict(list)
    since: dict[str, tuple[str, int]] = {}  # alert -> patient, when it became high
    for event in events:
        if event.alert_id is None or event.condition == _SCORE:
            continue
        at_ms = round((event.measured_at or event.received_at).timestamp() * 1000)
        is_high = event.priority == "high" and event.step not in ENDINGS
        if is_high and event.alert_id not in since:
            since[event.alert_id] = event.patient_id, at_ms
        elif not is_high and event.alert_id in since:
            _, began_ms = since.pop(event.alert_id)
            spans[event.patient_id].append((began_ms - policy.before_s * 1000, at_ms + policy.after_s * 1000))
    for patient_id, began_ms in since.values():
        spans[patient_id].append((began_ms - policy.before_s * 1000, FOREVER_MS))
    return spans


class PatientDays:
    """Counts of readings, a row for each patient and UTC day of measurement. 8 kB a row."""

    def __init__(self, left_out: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        self._left_out = left_out
        self._rows: dict[str, dict[int, int]] = {}  # patient -> day -> row
        self._count = 0
        self._tally = empty_tally(64)

    @property
    def patient_ids(self) -> list[str]:
        """Of whom there is anything, in the order of their names."""
        return sorted(self._rows)

    def add(self, names: Sequence[str], patient: Ints, measured_ms: Ints, values: NDArray[np.float64]) -> None:
        """Count readings.

        Parameters
        ----------
        names
            Patients by their number.
        patient, measured_ms : (n,) int64
        values : (n, len(VITALS)) float array
            NaN = not measured.
        """
        if not len(patient):
            return
        days, day = np.unique(measured_ms // DAY_MS, return_inverse=True)
        pairs, place = np.unique(patient * len(days) + day, return_inverse=True)
        rows = np.array([self._row(names[pair // len(days)], int(days[pair % len(days)])) for pair in pairs.tolist()])
        tally(self._tally, self._spans(names), rows[place], patient, measured_ms, values)

    def days_of(self, patient_id: str) -> dict[int, dict[str, Histogram]]:
        """Return day (since 1970) -> vital name -> values."""
        return {
            day: {vital.name: histogram(self._tally, row, vital) for vital in SENSED}
            for day, row in sorted(self._rows.get(patient_id, {}).items())
        }

    def _row(self, patient_id: str, day: int) -> int:
        days = self._rows.setdefault(patient_id, {})
        if day not in days:
            if self._count == len(self._tally.counts):
                more = empty_tally(self._count)
                self._tally = Tally(
                    np.concatenate([self._tally.counts, more.counts]), np.concatenate([self._tally.seen, more.seen])
                )
            days[day] = self._count
            self._count += 1
        return days[day]

    def _spans(self, names: Sequence[str]) -> Spans:
        edges = [self._left_out.get(name, ()) for name in names]
        first = np.concatenate([[0], np.cumsum([len(each) for each in edges], dtype=np.int64)])
        flat = [edge for each in edges for edge in each]
        return Spans(first, np.array(flat, dtype=np.int64).reshape(-1, 2))


def clean_of(days: Mapping[int, Mapping[str, Histogram]], closed: int, policy: LimitsPolicy) -> dict[str, Histogram]:
    """Return the values of the policy's days together, by vital; `closed` is the last of them, a day since 1970."""
    recent = [each for day, each in days.items() if day > closed - policy.days]
    return {vital.name: merged([each.get(vital.name, NOTHING) for each in recent]) for vital in SENSED}


def nightly_of(
    days: Mapping[int, Mapping[str, Histogram]], closed: int, policy: LimitsPolicy
) -> dict[str, list[float]]:
    """Return the median of each of the policy's nights, the closed day last, by vital; NaN = too few values.

    It begins with the patient's first day.
    """
    nights = range(max(min(days, default=closed), closed - policy.drift_nights + 1), closed + 1)
    return {
        vital.name: [
            found.quantile(MEDIAN) if is_enough(found, policy) else float("nan")
            for found in (days.get(day, {}).get(vital.name, NOTHING) for day in nights)
        ]
        for vital in SENSED
    }
