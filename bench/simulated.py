"""Simulated days at 1 Hz in memory, with the labels of what happened, as a log for the fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Limits
from streaming.bedside.course import Label
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.simulation import Script, Simulation

T0: Final = datetime(2026, 1, 1, tzinfo=UTC)
T0_MS: Final = round(T0.timestamp() * 1000)
DAY_S: Final = 86_400
CHUNK_S: Final = 600
MISSING: Final = np.iinfo(np.int16).min
_COLUMNS: Final = [INDEX[vital.name] for vital in SIMULATED]


class Simulated(NamedTuple):
    """Some patients, second by second."""

    patient_ids: list[str]
    tenths: NDArray[np.int16]  # (seconds, patients, simulated vitals); MISSING = no value
    labels: list[Label]

    def values(self, patient: int, begin_s: int, end_s: int) -> NDArray[np.float64]:
        """Return what was displayed, (seconds, simulated vitals); NaN = no value."""
        tenths = self.tenths[begin_s:end_s, patient]
        return np.where(tenths == MISSING, np.nan, tenths / 10)

    def log(self, begin_s: int, end_s: int, limits: Iterable[Limits] = ()) -> Iterator[LogSlice]:
        """Yield the log of some seconds, all patients in one partition; limits stand at its beginning."""
        messages = list(limits)
        n = len(self.patient_ids)
        if messages:
            place = np.arange(len(messages))
            at_ms = np.full(len(messages), T0_MS + begin_s * 1000)
            yield slice_of(np.zeros(len(messages), np.int32), place, at_ms, messages)
        for first_s in range(begin_s, end_s, CHUNK_S):
            seconds = np.arange(first_s, min(first_s + CHUNK_S, end_s))
            tenths = self.tenths[seconds].reshape(-1, len(_COLUMNS))
            values = np.full((len(tenths), len(VITALS)), np.nan)
            values[:, _COLUMNS] = np.where(tenths == MISSING, np.nan, tenths / 10)
            at_ms = T0_MS + np.repeat(seconds, n) * 1000
            yield LogSlice(
                partition=np.zeros(len(tenths), np.int32),
                offset=len(messages) + seconds[0] * n + np.arange(len(tenths)),
                received_ms=at_ms,
                patient_ids=[*self.patient_ids] * len(seconds),
                is_reading=np.ones(len(tenths), np.bool_),
                measured_ms=at_ms,
                period_ms=np.full(len(tenths), 1000),
                values=values,
                others={},
            )


def simulate(patients: int, days: int, seed: int) -> Simulated:
    """Simulate patients for some days."""
    script = Script(patients=patients, seed=seed, seconds=days * DAY_S, deteriorations_per_day=1.0)
    simulation = Simulation(script, T0)
    tenths = np.empty((days * DAY_S, patients, len(SIMULATED)), np.int16)
    labels: list[Label] = []
    for second in simulation:
        tenths[second.at_s] = np.where(np.isnan(second.values), MISSING, np.rint(second.values * 10))
        labels += second.ended
    labels += simulation.unfinished()
    return Simulated(script.patient_ids, tenths, labels)
