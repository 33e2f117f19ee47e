"""What was measured on a day, patient by patient, and how long it took to arrive: one pass over the readings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from batch.reports.census import Census, Place
from batch.reports.latency import Times
from batch.reports.news2 import HourlyScores
from clinical.histograms import Histogram, Spans, Tally, empty_tally, histogram, tally
from clinical.vitals import SENSED, Vital
from lakehouse.lake import Lake
from lakehouse.packing import SCHEMA as PACKED
from lakehouse.packing import unpack
from lakehouse.tables import READINGS

_COLUMNS: Final = ("patient_id", "measured_at", "received_at", *PACKED.names)
_ROWS_AT_ONCE: Final = 200_000


class DayOfVitals(NamedTuple):
    """Rows of `vitals_daily`, how many readings there were, and how long they took from device to log."""

    rows: list[dict[str, Any]]
    readings: int
    transit: Times


def read_vitals(lake: Lake, day: date, census: Census, advance: Callable[[int], None]) -> DayOfVitals:
    """Read the readings that landed on a day, some at a time: memory grows with the patients, 12 kB each.

    Parameters
    ----------
    advance
        Told how many readings more are counted.
    """
    found = Counted(day)
    scanner = (
        lake.open(READINGS)
        .to_pyarrow_dataset()
        .scanner(
            columns=list(_COLUMNS),
            filter=pc.field("landed_date") == day,
            batch_size=_ROWS_AT_ONCE,
            batch_readahead=2,
            fragment_readahead=1,
        )
    )
    for batch in scanner.to_batches():
        found.add(pa.Table.from_batches([batch]))
        advance(len(batch))
    return DayOfVitals(found.rows(lambda patient_id: census.place(patient_id, day)), found.readings, found.transit)


class Counted:
    """Readings, counted."""

    def __init__(self, day: date) -> None:
        self.readings = 0
        self.transit = Times()
        self._rows: dict[str, int] = {}  # patient -> row of the tally
        self._tally = empty_tally(64)
        self._scores = HourlyScores(day)

    def add(self, readings: pa.Table) -> None:
        """Count rows of `readings`."""
        if not len(readings):
            return
        self.readings += len(readings)
        measured_ms, received_ms = _ms(readings["measured_at"]), _ms(readings["received_at"])
        self.transit.add(received_ms - measured_ms)
        named = pc.dictionary_encode(readings["patient_id"].combine_chunks())
        places = np.array([self._row(patient_id) for patient_id in named.dictionary.to_pylist()])
        patient = places[named.indices.to_numpy()]
        # Nothing is left out: these are all readings, also those in alarm.
        spans = Spans(np.zeros(len(self._rows) + 1, np.int64), np.zeros((0, 2), np.int64))
        values = unpack(readings)
        tally(self._tally, spans, patient, patient, measured_ms, values)
        self._scores.add(patient, measured_ms, values)

    def _row(self, patient_id: str) -> int:
        row = self._rows.setdefault(patient_id, len(self._rows))
        if row == len(self._tally.counts):
            was, more = self._tally, empty_tally(row)
            self._tally = Tally(np.concatenate([was.counts, more.counts]), np.concatenate([was.seen, more.seen]))
        return row

    def rows(self, place_of: Callable[[str], Place]) -> list[dict[str, Any]]:
        """Return the rows of `vitals_daily`, by patient and vital, without the day; none for what was not measured."""
        rows = []
        for patient_id, row in sorted(self._rows.items()):
            ward_id, spo2_scale = place_of(patient_id)
            score = self._scores.row(row, spo2_scale)
            each = [_row(histogram(self._tally, row, vital), vital) for vital in SENSED] + ([score] if score else [])
            rows += [{"patient_id": patient_id, "ward_id": ward_id} | found for found in each if found["values_count"]]
        return rows


def _row(values: Histogram, vital: Vital) -> dict[str, Any]:
    if not values.readings:
        return {"values_count": 0}
    return {
        "vital": vital.name, "unit": vital.unit, "values_count": values.readings,
        "lowest_value": float(values.values[0]), "highest_value": float(values.values[-1]),
        "median_value": values.quantile(0.5),
        "mean_value": float(np.average(values.values, weights=values.counts)),
    }  # fmt: skip


def _ms(times: pa.ChunkedArray) -> NDArray[np.int64]:
    us: NDArray[np.int64] = times.cast(pa.int64()).to_numpy()
    return us // 1000
