"""Who lay where, and how long each device should have been heard. Pure: frames in, frames out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lakehouse.messages import Admission
from lakehouse.tables import NO_WARD
from quality.thresholds import MONITORED_PERIOD_S, SILENT_S

MINUTE_S: Final = 60


class Move(NamedTuple):
    """An admission message, and when the log received it, in seconds since 1970."""

    at_s: float
    message: Admission


@dataclass(slots=True)
class Census:
    """Where each patient lay last, and when each was away: from a discharge to the next admission.

    Parameters
    ----------
    moves
        In the order of the log.
    """

    moves: Iterable[Move]
    wards: dict[str, str] = field(init=False, default_factory=dict)
    away: dict[str, list[tuple[float, float]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        left: dict[str, float] = {}
        for at_s, message in self.moves:
            patient_id = message.patient_id
            if message.ward_id is not None:
                self.wards[patient_id] = message.ward_id
            if message.event == "discharge":
                left.setdefault(patient_id, at_s)
            elif patient_id in left:
                self.away.setdefault(patient_id, []).append((left.pop(patient_id), at_s))
        for patient_id, at_s in left.items():
            self.away.setdefault(patient_id, []).append((at_s, np.inf))


class Watch:
    """When the log was alive: in each minute in which it received anything, from anybody; the clock ticks each second.

    Parameters
    ----------
    minutes
        Minutes since 1970 in which something was received, in any order.

    Attributes
    ----------
    ends_s
        End of the last minute, in seconds since 1970.
    share
        Part of the minutes from the first to the last in which something was received; 1 where there is none.
    """

    def __init__(self, minutes: Iterable[int]) -> None:
        alive = np.unique(np.fromiter(minutes, np.int64))
        first, behind = (alive[0], alive[-1] + 1) if len(alive) else (0, 0)
        self._dead = np.setdiff1d(np.arange(first, behind), alive)
        self.ends_s = float(behind) * MINUTE_S
        self.share = len(alive) / (behind - first) if len(alive) else 1.0

    def seconds(self, begins_s: NDArray[np.float64], ends_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how long the log was alive between two times, element by element; 0 where the end is not later."""
        dead = np.searchsorted(self._dead, ends_s / MINUTE_S) - np.searchsorted(self._dead, begins_s / MINUTE_S)
        alive: NDArray[np.float64] = np.maximum(ends_s - begins_s - MINUTE_S * dead, 0.0)
        return alive


def placed(devices: pd.DataFrame, census: Census, watch: Watch) -> pd.DataFrame:
    """Add to the statistics of devices where each was and how long it was to be heard.

    Returns
    -------
    pandas.DataFrame
        The same rows with `ward_id`; `expected_s`, while the log was alive and the patient there, from the first
        reading to the last one (or to the end of the day, where a patient is silent for SILENT_S and not discharged);
        `present_s`, the time that the readings stand for, at most that long; `completeness`, their ratio; `silent`.
        Devices that do not measure by themselves have 0 s of both, no completeness, and are never silent.
    """
    first, last = devices["first_s"].to_numpy(float), devices["last_s"].to_numpy(float)
    patients, period = devices["patient_id"], devices["period_s"].to_numpy(float)
    monitored = period <= MONITORED_PERIOD_S
    heard_last = devices.groupby("patient_id")["last_s"].transform("max").to_numpy(float)
    end = np.full(len(devices), watch.ends_s)
    waiting = watch.seconds(last, end) - _away_s(patients, census, watch, last, end)
    silent = monitored & (last == heard_last) & (waiting >= SILENT_S)
    end = np.where(silent, end, last)
    expected = watch.seconds(first, end) - _away_s(patients, census, watch, first, end) + period
    expected = np.where(monitored, np.maximum(expected, period), 0.0)
    present = np.minimum(devices["rows"] * period, expected)
    return devices.assign(
        ward_id=patients.map(census.wards).fillna(NO_WARD),
        expected_s=expected,
        present_s=present,
        completeness=(present / expected).where(expected > 0),
        silent=silent,
    )


def _away_s(
    patients: pd.Series, census: Census, watch: Watch, begins: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How long each patient was away while the log was alive, between two times."""
    away = np.zeros(len(patients))
    for row, patient_id in enumerate(patients):
        for left, back in census.away.get(patient_id, ()):
            span = np.array([[max(left, begins[row])], [min(back, ends[row])]])
            away[row] += watch.seconds(span[0], span[1])[0] if span[1, 0] > span[0, 0] else 0.0
    return away
