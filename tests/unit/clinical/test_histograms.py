"""Readings as counts: what is counted, what is left out, and that days add up."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clinical.histograms import NOTHING, Histogram, Spans, empty_tally, histogram, merged, tally
from clinical.vitals import HEART_RATE, INDEX, SPO2, TEMPERATURE, VITALS, Vital

numbers = st.lists(st.integers(20, 200), max_size=30)


def counted(vital: Vital, rows: list[float], spans: list[tuple[int, int]] | None = None) -> Histogram:
    """Row k is measured at k ms."""
    found = empty_tally(1)
    edges = np.array(spans or [], dtype=np.int64).reshape(-1, 2)
    table = np.full((len(rows), len(VITALS)), np.nan)
    table[:, INDEX[vital.name]] = rows
    row = np.zeros(len(rows), np.int64)
    tally(found, Spans(np.array([0, len(edges)]), edges), row, row, np.arange(len(rows)), table)
    return histogram(found, 0, vital)


def test_values_are_rounded_half_up_to_the_charts_step() -> None:
    assert counted(HEART_RATE, [80, 80.4, 80.5, 79.6]).values.tolist() == [80, 81]
    assert counted(TEMPERATURE, [36.8, 36.84, 36.9]).values.tolist() == [36.8, 36.9]


def test_what_is_impossible_or_missing_is_not_counted() -> None:
    found = counted(SPO2, [97, 101, 9, float("nan"), 97])
    assert (found.values.tolist(), found.counts.tolist()) == ([97], [2])
    assert (found.first_ms, found.last_ms) == (0, 4)


def test_a_span_is_left_out_with_both_its_ends() -> None:
    assert counted(HEART_RATE, [70, 71, 72, 73, 74], [(1, 2), (4, 9)]).values.tolist() == [70, 73]


def test_nothing_has_no_quantile() -> None:
    assert np.isnan(NOTHING.quantile(0.5))
    assert counted(HEART_RATE, []).readings == 0


@given(numbers.filter(bool), st.floats(0, 1))
def test_a_quantile_is_that_of_the_values(rows: list[float], share: float) -> None:
    assert np.isclose(counted(HEART_RATE, rows).quantile(share), np.quantile(rows, share))


@given(numbers, numbers)
def test_two_days_together_are_what_both_have(first: list[float], second: list[float]) -> None:
    together = merged([counted(HEART_RATE, first), counted(HEART_RATE, second)])
    whole = counted(HEART_RATE, first + second)
    assert together.values.tolist() == whole.values.tolist()
    assert together.counts.tolist() == whole.counts.tolist()


def test_values_within_bounds_keep_the_bounds_themselves() -> None:
    assert counted(HEART_RATE, [40, 41, 139, 140, 141]).within(40, 140).values.tolist() == [40, 41, 139, 140]
