"""What the lake has of one patient's vitals: the hours and days before the hour that the board holds itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow.compute as pc

from clinical.vitals import VITALS
from lakehouse.lake import Lake
from lakehouse.packing import SCHEMA, unpack
from lakehouse.settings import Settings
from lakehouse.tables import READINGS
from streaming.board.history import Floats, Ints

PATIENCE_S: Final = 5.0
POINTS: Final = 400


def courses(settings: Settings, patient_id: str, since: datetime, until: datetime) -> dict[str, tuple[Ints, Floats]]:
    """Read each vital of a patient between two times, thinned out to the median of 400 stretches.

    A sorted day is read in a moment. Of a day that is still open all files of those hours are looked through: that
    grows with the patients of the house, so it is read when a person asks for it and never by itself.

    Returns
    -------
    dict
        Vital -> times in ms since 1970, and values; vitals that were not measured are left out.
    """
    filters = [
        ("patient_id", "=", patient_id),
        ("landed_date", ">=", since.date()),
        ("landed_date", "<=", (until + timedelta(days=1)).date()),
        ("received_at", ">=", since),
        ("received_at", "<=", until),
    ]
    with Lake(settings, patience_s=PATIENCE_S) as lake:
        rows = lake.read(READINGS, filters, ["received_at", *SCHEMA.names])
    at_ms = pc.cast(pc.cast(rows["received_at"], "timestamp[ms]", safe=False), "int64").to_numpy()
    return thinned(at_ms, unpack(rows), int(since.timestamp() * 1000), int(until.timestamp() * 1000))


def thinned(at_ms: Ints, values: Floats, since_ms: int, until_ms: int) -> dict[str, tuple[Ints, Floats]]:
    """Return each vital's medians over 400 equal stretches of time; impossible values are left out.

    Parameters
    ----------
    at_ms, values : (n,) and (n, vitals) arrays
        In any order; NaN = not measured.
    """
    step_ms = max(1, (until_ms - since_ms) // POINTS)
    stretch = (at_ms - since_ms) // step_ms
    found = {}
    for place, vital in enumerate(VITALS):
        low, high = vital.possible
        known = np.flatnonzero((values[:, place] >= low) & (values[:, place] <= high))
        if not len(known):
            continue
        known = known[np.argsort(stretch[known], kind="stable")]
        which, begins = np.unique(stretch[known], return_index=True)
        medians = np.array([np.median(each) for each in np.split(values[known, place], begins[1:])])
        found[vital.name] = since_ms + which * step_ms, medians
    return found
