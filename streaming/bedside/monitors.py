"""The monitors of simulated patients: who measures when within a second, as messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Final

import numpy as np

from clinical.vitals import INDEX, VITALS
from streaming.bedside.course import Ints
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.readings import encode_rows
from streaming.bedside.simulation import Second

# Real monitors are not in step: each patient measures at one of 50 moments of the second, always the same.
MOMENTS: Final = 50
_COLUMNS: Final = [INDEX[vital.name] for vital in SIMULATED]


class Monitors:
    """One monitor a patient.

    Parameters
    ----------
    patient_ids
        Of all patients of the simulation.
    places
        Which of them are shown here: row n of a second's values is patient ``places[n]``.
    """

    def __init__(self, patient_ids: Sequence[str], places: Ints) -> None:
        rows = [np.flatnonzero(places % MOMENTS == moment) for moment in range(MOMENTS)]
        self._moments = [
            (moment / MOMENTS, chosen, [patient_ids[place] for place in places[chosen].tolist()])
            for moment, chosen in enumerate(rows)
            if len(chosen)
        ]

    def readings(
        self, second: Second, measured_at_s: Callable[[float], float]
    ) -> Iterator[tuple[float, list[tuple[str, bytes]]]]:
        """Yield (seconds since the start, [(patient id, message)]) for each moment of a second, in order.

        `measured_at_s` turns seconds since the start into seconds since 1970.
        """
        values = np.full((len(second.values), len(VITALS)), np.nan)
        values[:, _COLUMNS] = second.values
        for offset_s, rows, patient_ids in self._moments:
            at_s = second.at_s + offset_s
            encoded = encode_rows(
                patient_ids, patient_ids, repeat(measured_at_s(at_s), len(rows)), repeat(1.0, len(rows)), values[rows]
            )
            yield at_s, list(zip(patient_ids, encoded, strict=True))
