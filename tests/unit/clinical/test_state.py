"""The fold's memory."""

from __future__ import annotations

import numpy as np

from clinical.rules import rules_of
from clinical.state import PATIENT, SIGNAL, blank_patient, without_gaps


def test_no_byte_of_a_record_belongs_to_no_field() -> None:
    """NumPy copies fields only: a byte between them would be left to chance."""
    for record in (PATIENT, SIGNAL):
        assert record.fields is not None
        assert sum(dtype.itemsize for dtype, *_ in record.fields.values()) == record.itemsize
        assert record.itemsize % 8 == 0


def test_gaps_are_filled_where_alignment_leaves_them() -> None:
    filled = without_gaps([("a", "i1"), ("b", "i8"), ("c", "i4")])
    assert filled.names == ("a", "gap_1", "b", "c", "gap_20")
    assert filled.itemsize == 24


def test_what_is_remembered_of_a_vital_is_one_cache_line() -> None:
    assert SIGNAL.itemsize == 64


def test_of_a_blank_patient_nothing_is_known_and_default_limits_are_in_force() -> None:
    limits = rules_of()["limit"][0]
    blank = blank_patient(limits)
    assert blank["known"].tolist() == [0]
    assert not blank["level"].any()
    np.testing.assert_array_equal(blank["limit"][0], limits)
