"""The timestamps that keep a late write from taking a state back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.cassandra import write_timestamp_us

AT = datetime(2026, 11, 24, 8, 0, 0, 300_000, tzinfo=UTC)


def test_a_timestamp_is_the_events_time_in_microseconds() -> None:
    assert write_timestamp_us(AT, 0) == 1_795_507_200_300_000


def test_events_of_one_moment_keep_their_order() -> None:
    assert write_timestamp_us(AT, 1) > write_timestamp_us(AT, 0)


def test_the_last_of_a_moment_is_before_the_first_of_the_next() -> None:
    assert write_timestamp_us(AT, 99_999) < write_timestamp_us(AT + timedelta(milliseconds=100), 0)


@pytest.mark.parametrize("sequence", [-1, 100_000])
def test_a_sequence_beyond_the_moment_is_refused(sequence: int) -> None:
    with pytest.raises(ValueError, match="0 to 99999"):
        write_timestamp_us(AT, sequence)
