"""Charted days as a log for the fold: CinC 2012, and ramps from a patient's own baseline to the hard bound."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.conditions import LimitCondition
from clinical.vitals import INDEX, VITALS, kept
from lakehouse.log import LogSlice
from lakehouse.messages import Limits
from streaming.bedside.recordings import cinc2012
from streaming.bedside.recordings.recording import Recording

DAY_MS: Final = 86_400_000
T0_MS: Final = 1_767_225_600_000  # 2026-01-01, a midnight
RAMP_MS: Final = 10 * 3_600_000
RAMP_PERIOD_MS: Final = 300_000

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


class Charts(NamedTuple):
    """Readings of some patients, patient after patient, each in the order of time."""

    patient_ids: list[str]
    patient: Ints  # (n,)
    at_ms: Ints  # (n,)
    period_ms: Ints  # (n,)
    values: Floats  # (n, vitals) NaN = not measured

    def log(self, limits: Mapping[str, Limits] | None = None, given_at_ms: int = T0_MS) -> LogSlice:
        """Return the readings, and limits that come at a time, as one partition of the log, patient after patient."""
        messages = (
            {} if limits is None else {p: limits[name] for p, name in enumerate(self.patient_ids) if name in limits}
        )
        with_limits = np.array(sorted(messages), dtype=np.int64)
        patient = np.concatenate([self.patient, with_limits])
        at_ms = np.concatenate([self.at_ms, np.full(len(with_limits), given_at_ms)])
        is_reading = np.arange(len(patient)) < len(self.patient)
        order = np.lexsort((is_reading, at_ms, patient))  # limits before a reading of the same time
        n, readings = len(patient), len(self.patient)
        source = np.where(is_reading[order], order, 0)
        rows = np.flatnonzero(~is_reading[order])
        return LogSlice(
            partition=np.zeros(n, np.int32),
            offset=np.arange(n),
            received_ms=at_ms[order],
            patient_ids=[self.patient_ids[p] for p in patient[order].tolist()],
            is_reading=is_reading[order],
            measured_ms=np.where(is_reading[order], at_ms[order], 0),
            period_ms=np.where(is_reading[order], self.period_ms[source], 0) if readings else np.zeros(n, np.int64),
            values=np.where(is_reading[order][:, None], self.values[source], np.nan)
            if readings
            else np.full((n, len(VITALS)), np.nan),
            others={int(row): messages[int(patient[order[row]])] for row in rows},
        )

    def of_day(self, day: int) -> Charts:
        """Return the readings of one day since the first chart."""
        keep = (self.at_ms - T0_MS) // DAY_MS == day
        return self._replace(
            patient=self.patient[keep], at_ms=self.at_ms[keep], period_ms=self.period_ms[keep], values=self.values[keep]
        )

    def of(self, patient: int, vital: str) -> Floats:
        """Return the values of a vital of a patient."""
        begin, end = np.searchsorted(self.patient, [patient, patient + 1])
        values: Floats = self.values[begin:end, INDEX[vital]]
        return values[np.isfinite(values)]


def read(data: Path, name: str) -> Charts:
    """Return the survivors of one set of CinC 2012 who were charted on two days; the first chart is at T0_MS."""
    folder = data / "cinc2012"
    with (folder / f"Outcomes-{name}.txt").open(encoding="utf-8", newline="") as file:
        survived = {f"cinc2012-{name}-{r['RecordID']}" for r in csv.DictReader(file) if r["In-hospital_death"] == "0"}
    found = [
        recording
        for recording in cinc2012.read(folder)
        if recording.patient_id in survived and recording.at_s[-1] * 1000 >= DAY_MS
    ]
    return of_recordings(found)


def of_recordings(found: Sequence[Recording]) -> Charts:
    """Put recordings side by side."""
    rows = [len(each.at_s) for each in found]
    return Charts(
        [each.patient_id for each in found],
        np.repeat(np.arange(len(found)), rows),
        T0_MS + np.rint(np.concatenate([each.at_s for each in found]) * 10).astype(np.int64) * 100,
        np.repeat(np.rint(np.array([each.period_s for each in found]) * 1000).astype(np.int64), rows),
        kept(np.concatenate([each.values for each in found])),
    )


class Ramp(NamedTuple):
    """A vital that goes from a patient's own median to a bound within RAMP_MS."""

    patient_id: str
    condition: LimitCondition
    begin: float
    end: float

    @property
    def name(self) -> str:
        """The patient id under which it is folded."""
        return f"{self.patient_id}.{self.condition.name}"


def ramps_of(day: Charts, bounds: Mapping[LimitCondition, float]) -> list[Ramp]:
    """Return a ramp for each patient and condition whose vital was charted, and lies on the right side of the bound."""
    ramps = []
    for patient, patient_id in enumerate(day.patient_ids):
        for condition, bound in bounds.items():
            values = day.of(patient, condition.vital)
            begin = float(np.median(values)) if len(values) else np.nan
            side = 1 if condition.side == "high" else -1
            if side * begin < side * bound:
                ramps.append(Ramp(patient_id, condition, begin, bound))
    return ramps


def charts_of(ramps: Iterable[Ramp]) -> Charts:
    """Return ramps as readings, one in RAMP_PERIOD_MS, each of a patient of its own."""
    ramps = list(ramps)
    steps = RAMP_MS // RAMP_PERIOD_MS + 1
    share = np.tile(np.arange(steps) / (steps - 1), len(ramps))
    begin = np.repeat([ramp.begin for ramp in ramps], steps)
    end = np.repeat([ramp.end for ramp in ramps], steps)
    column = np.repeat([INDEX[ramp.condition.vital] for ramp in ramps], steps)
    values = np.full((len(share), len(VITALS)), np.nan)
    values[np.arange(len(share)), column] = begin + share * (end - begin)
    return Charts(
        [ramp.name for ramp in ramps],
        np.repeat(np.arange(len(ramps)), steps),
        T0_MS + np.tile(np.arange(steps) * RAMP_PERIOD_MS, len(ramps)),
        np.full(len(share), RAMP_PERIOD_MS),
        kept(values),
    )
