"""Readings of many patients as counts: exact in the chart's step, small, and two days add up by addition."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.compiled import compiled
from clinical.vitals import INDEX, SENSED, Vital

Counts: TypeAlias = NDArray[np.uint32]
Ints: TypeAlias = NDArray[np.int64]

N_SENSED: Final = len(SENSED)
COLUMNS: Final = np.array([INDEX[vital.name] for vital in SENSED])
STEPS_PER_UNIT: Final = np.array([round(1 / vital.chart_step) for vital in SENSED], dtype=np.float64)
LOWEST: Final = np.array([round(vital.possible[0] / vital.chart_step) for vital in SENSED])
HIGHEST: Final = np.array([round(vital.possible[1] / vital.chart_step) for vital in SENSED])
FIRST_BIN: Final = np.concatenate([[0], np.cumsum(HIGHEST - LOWEST + 1)])  # of each vital; the last is their number
N_BINS: Final = int(FIRST_BIN[-1])

NEVER_SEEN: Final = (np.iinfo(np.int64).max, np.iinfo(np.int64).min)


class Tally(NamedTuple):
    """What is known of some patients, or of some patients' days. 8 kB a row."""

    counts: Counts  # (rows, N_BINS)
    seen: Ints  # (rows, N_SENSED, 2) first and last measured_at in ms of a counted value; NEVER_SEEN without one


class Spans(NamedTuple):
    """Times that are left out. Those of patient p are ``edges[first[p] : first[p + 1]]``, from and to in ms."""

    first: Ints  # (patients + 1,)
    edges: Ints  # (spans, 2) both ends included


def empty_tally(rows: int) -> Tally:
    """Return a tally of nothing."""
    seen = np.empty((rows, N_SENSED, 2), np.int64)
    seen[..., 0], seen[..., 1] = NEVER_SEEN
    return Tally(np.zeros((rows, N_BINS), np.uint32), seen)


@compiled
def tally(found: Tally, spans: Spans, row: Ints, patient: Ints, at_ms: Ints, values: NDArray[np.float64]) -> None:
    """Count values that are possible and in no span that is left out; each rounded half up to the chart's step.

    Parameters
    ----------
    found
        Added to in place.
    spans
        Of each patient.
    row, patient : (n,) int64
        Row of the tally, and patient in the spans.
    at_ms : (n,) int64
        measured_at.
    values : (n, len(VITALS)) float array
        In catalogue order; NaN = not measured.
    """
    for i in range(len(row)):
        left_out = False
        for k in range(spans.first[patient[i]], spans.first[patient[i] + 1]):
            if spans.edges[k, 0] <= at_ms[i] <= spans.edges[k, 1]:
                left_out = True
        if left_out:
            continue
        for v in range(N_SENSED):
            value = values[i, COLUMNS[v]]
            if np.isnan(value):
                continue
            place = int(np.floor(value * STEPS_PER_UNIT[v] + 0.5))
            if LOWEST[v] <= place <= HIGHEST[v]:
                found.counts[row[i], FIRST_BIN[v] + place - LOWEST[v]] += 1
                found.seen[row[i], v, 0] = min(found.seen[row[i], v, 0], at_ms[i])
                found.seen[row[i], v, 1] = max(found.seen[row[i], v, 1], at_ms[i])


class Histogram(NamedTuple):
    """Values of one vital of one patient: how often which, ascending, in the vital's unit; and over which time."""

    values: NDArray[np.float64]  # (k,)
    counts: Ints  # (k,) each above 0
    first_ms: int
    last_ms: int

    @property
    def readings(self) -> int:
        """How many values there are."""
        return int(self.counts.sum())

    def within(self, low: float, high: float) -> Histogram:
        """Return the values from `low` to `high`, both included. The times stay those of all values."""
        keep = (self.values >= low) & (self.values <= high)
        return self._replace(values=self.values[keep], counts=self.counts[keep])

    def quantile(self, share: float) -> float:
        """Return a quantile, interpolated between the two values next to it (type 7 of Hyndman and Fan 1996).

        NaN where there are no values.
        """
        if not len(self.values):
            return float("nan")
        upto = np.cumsum(self.counts)
        rank = share * float(upto[-1] - 1)
        below = int(rank)
        low = float(self.values[np.searchsorted(upto, below, side="right")])
        high = float(self.values[np.searchsorted(upto, min(below + 1, int(upto[-1]) - 1), side="right")])
        return low + (rank - below) * (high - low)


NOTHING: Final = Histogram(np.zeros(0), np.zeros(0, np.int64), *NEVER_SEEN)


def histogram(found: Tally, row: int, vital: Vital) -> Histogram:
    """Return what a row of a tally knows of one vital."""
    v = SENSED.index(vital)
    counts = found.counts[row, FIRST_BIN[v] : FIRST_BIN[v + 1]]
    places = np.flatnonzero(counts)
    first_ms, last_ms = found.seen[row, v].tolist()
    return Histogram((places + LOWEST[v]) / STEPS_PER_UNIT[v], counts[places].astype(np.int64), first_ms, last_ms)


def merged(histograms: list[Histogram]) -> Histogram:
    """Return several days as one; the order does not matter."""
    values = np.concatenate([np.zeros(0), *(each.values for each in histograms)])
    counts = np.concatenate([np.zeros(0, np.int64), *(each.counts for each in histograms)])
    together, place = np.unique(values, return_inverse=True)
    first_ms = min((each.first_ms for each in histograms), default=NEVER_SEEN[0])
    last_ms = max((each.last_ms for each in histograms), default=NEVER_SEEN[1])
    return Histogram(
        together, np.bincount(place, weights=counts, minlength=len(together)).astype(np.int64), first_ms, last_ms
    )
