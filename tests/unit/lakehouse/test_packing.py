"""The nightly proof folds what the lake gives back, so it must be what the fold saw, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clinical.vitals import CONSCIOUSNESS, INDEX, ON_OXYGEN, VITALS, kept
from lakehouse.packing import Floats, pack, unpack

NAN = float("nan")
MOST_TENTHS = 30_000
NUMBERS = len(VITALS) - 2


def rows_of(*rows: list[float]) -> Floats:
    """Rows of which only the first vitals are given."""
    return np.array([row + [NAN] * (len(VITALS) - len(row)) for row in rows], dtype=np.float64).reshape(-1, len(VITALS))


tenths = st.one_of(st.just(NAN), st.integers(-MOST_TENTHS, MOST_TENTHS).map(lambda k: k / 10))
row = st.builds(
    lambda numbers, letter, oxygen: [*numbers, letter, oxygen],
    st.lists(tenths, min_size=NUMBERS, max_size=NUMBERS),
    st.one_of(st.just(NAN), st.integers(0, 4).map(float)),
    st.one_of(st.just(NAN), st.sampled_from([0.0, 1.0])),
)


@given(st.lists(row, max_size=30))
def test_values_in_tenths_come_back_bit_for_bit(rows: list[list[float]]) -> None:
    values = rows_of(*rows)
    np.testing.assert_array_equal(unpack(pack(values)), values)


def test_every_tenth_comes_back() -> None:
    every = np.arange(-MOST_TENTHS, MOST_TENTHS + 1) / 10
    values = np.full((len(every), len(VITALS)), NAN)
    values[:, :NUMBERS] = every[:, None]
    np.testing.assert_array_equal(unpack(pack(values)), values)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1))
def test_any_number_comes_back_as_the_fold_saw_it(numbers: list[float]) -> None:
    values = rows_of(*([number] for number in numbers))
    np.testing.assert_array_equal(unpack(pack(values)), kept(values))


def test_whole_numbers_need_no_tenths() -> None:
    packed = pack(rows_of([60, 61, 12, 97, 120, 80, 93, 36.6]))
    assert packed["tenths"].to_pylist() == [None]
    assert packed["temperature_tenths_c"].to_pylist() == [366]


def test_tenths_of_all_vitals_share_one_number_in_catalogue_order() -> None:
    packed = pack(rows_of([60.1, NAN, 12.3]))
    assert packed["tenths"].to_pylist() == [0x301]
    assert packed["heart_rate_bpm"].to_pylist() == [60]


def test_a_letter_and_a_yes_keep_their_own_types() -> None:
    values = rows_of([])
    values[0, INDEX[CONSCIOUSNESS.name]], values[0, INDEX[ON_OXYGEN.name]] = 2, 1
    packed = pack(values)
    assert packed["consciousness"].to_pylist() == [2]
    assert packed["on_oxygen"].to_pylist() == [True]


def test_no_rows_give_an_empty_table() -> None:
    assert pack(rows_of()).num_rows == 0
    assert unpack(pack(rows_of())).shape == (0, len(VITALS))
