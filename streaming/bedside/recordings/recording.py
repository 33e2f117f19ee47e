"""A recording: what the monitors of one patient measured, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS

Floats: TypeAlias = NDArray[np.float64]

SHORTEST_PERIOD_S: Final = 1.0
LONGEST_PERIOD_S: Final = 86_400.0
ROOM_AIR: Final = 0.21  # share of oxygen; a charted FiO2 above it is supplemental oxygen


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The readings of one patient by one device, oldest first.

    Attributes
    ----------
    period_s
        How often the device usually measures.
    at_s
        Shape (n,), seconds since the first reading, ascending.
    values
        Shape (n, len(VITALS)), columns in the order of `clinical.vitals.VITALS` and in their units; NaN = not measured.
    """

    patient_id: str
    device_id: str
    period_s: float
    at_s: Floats
    values: Floats


def from_charts(patient_id: str, charts: Mapping[float, Mapping[str, float]]) -> Recording | None:
    """Build the recording of a patient whose values were charted by hand, at irregular times.

    Parameters
    ----------
    charts
        For each time in seconds, the values by vital name. Times without a value are left out.

    Returns
    -------
    Recording or None
        None when nothing was charted. Its period is the median interval between charts.
    """
    rows = sorted((at_s, values) for at_s, values in charts.items() if values)
    if not rows:
        return None
    at_s = np.array([at for at, _ in rows], dtype=np.float64)
    columns = np.full((len(rows), len(VITALS)), np.nan)
    for place, (_, values) in enumerate(rows):
        for vital, value in values.items():
            columns[place, INDEX[vital]] = value
    return Recording(patient_id, f"{patient_id}-chart", usual_interval_s(at_s), at_s - at_s[0], np.round(columns, 2))


def usual_interval_s(at_s: Floats) -> float:
    """Return the median interval of ascending times, within what a message may say; an hour for a single time."""
    intervals = np.diff(at_s)
    if not len(intervals):
        return 3600.0
    return float(np.clip(np.median(intervals), SHORTEST_PERIOD_S, LONGEST_PERIOD_S))


def prefer_arterial(values: dict[str, float], arterial: Mapping[str, float], cuff: Mapping[str, float]) -> None:
    """Add one blood pressure to `values`: the arterial line's where it gives any at that time, else the cuff's.

    The three pressures are taken from one source together. A cuff beside an arterial line is a person's check of it; a
    systolic of one and a diastolic of the other would be nobody's pressure.
    """
    values.update(arterial or cuff)
