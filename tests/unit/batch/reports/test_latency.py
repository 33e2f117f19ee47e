"""Times as counts: percentiles are exact, and what lies beyond a day counts as a day."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from batch.reports.latency import LONGEST_MS, RECEIVED_TO_SENT, SHORTEST_MS, Times

DAY = date(2026, 11, 24)


def times(*values_ms: int) -> Times:
    found = Times()
    found.add(np.array(values_ms, np.int64))
    return found


def test_a_row_has_percentiles_and_the_longest() -> None:
    row = times(*(100 * number for number in range(1, 101))).row(DAY, RECEIVED_TO_SENT)
    assert row is not None
    assert {name: value for name, value in row.items() if name != "explanation"} == {
        "day": DAY, "hop": "received_to_sent", "measurements": 100,
        "p50_ms": 5_000.0, "p95_ms": 9_500.0, "p99_ms": 9_900.0, "longest_ms": 10_000.0,
    }  # fmt: skip


def test_nothing_measured_is_no_row() -> None:
    assert times().row(DAY, RECEIVED_TO_SENT) is None


def test_a_clock_that_runs_ahead_gives_a_time_below_zero() -> None:
    row = times(-2_000).row(DAY, RECEIVED_TO_SENT)
    assert row is not None
    assert row["p50_ms"] == -2_000.0


def test_what_lies_beyond_counts_as_the_end() -> None:
    row = times(10**12, -(10**12), 0).row(DAY, RECEIVED_TO_SENT)
    assert row is not None
    assert (row["p50_ms"], row["longest_ms"], row["measurements"]) == (0.0, LONGEST_MS, 3)
    lowest = times(-(10**12)).row(DAY, RECEIVED_TO_SENT)
    assert lowest is not None
    assert lowest["p50_ms"] == SHORTEST_MS


@given(st.lists(st.integers(-1000, 5000), min_size=1, max_size=50), st.integers(0, 50))
def test_it_does_not_matter_how_the_times_are_cut(tenths: list[int], cut: int) -> None:
    values = [100 * each for each in tenths]
    parts = times(*values[:cut])
    parts.add(np.array(values[cut:], np.int64))
    row = parts.row(DAY, RECEIVED_TO_SENT)
    assert row == times(*values).row(DAY, RECEIVED_TO_SENT)
    assert row is not None
    assert row["p50_ms"] == np.percentile(values, 50, method="inverted_cdf")
