"""Who lay where at the end of a day, as the admission messages say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from lakehouse.lake import Lake
from lakehouse.messages import Admission, decode
from lakehouse.tables import ENTRIES, NO_WARD

_COLUMNS: Final = ("landed_date", "partition", "offset", "body")


class Place(NamedTuple):
    """Where a patient lies, and on which scale of NEWS2 oxygen saturation is scored."""

    ward_id: str = NO_WARD
    spo2_scale: int = 1


class Census:
    """Places of patients at the end of each day. A discharged patient stays where he lay last.

    Parameters
    ----------
    moves
        landed_date, partition, offset and body of admission messages; each once, in whatever order.
    """

    def __init__(self, moves: Iterable[Mapping[str, Any]]) -> None:
        self._moves: defaultdict[str, list[tuple[date, Admission]]] = defaultdict(list)
        for move in sorted(moves, key=lambda each: (each["partition"], each["offset"])):
            message = decode(move["body"].encode())
            if isinstance(message, Admission):
                self._moves[message.patient_id].append((move["landed_date"], message))

    def place(self, patient_id: str, day: date) -> Place:
        """Return the place of a patient when a day ended; one of whom nothing is told has no ward."""
        place = Place()
        for landed, message in self._moves.get(patient_id, ()):
            if landed <= day:
                place = Place(message.ward_id or place.ward_id, message.spo2_scale or place.spo2_scale)
        return place

    def ward_id(self, patient_id: str, day: date) -> str:
        """Return the ward of a patient when a day ended."""
        return self.place(patient_id, day).ward_id


def read_census(lake: Lake, day: date) -> Census:
    """Read the admission messages that landed up to a day."""
    filters = [("landed_date", "<=", day), ("kind", "=", "admission")]
    return Census(lake.read(ENTRIES, filters, _COLUMNS).to_pylist())
