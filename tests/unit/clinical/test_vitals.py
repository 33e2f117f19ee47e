"""The catalogue of vital signs, and how a value is kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.vitals import ON_OXYGEN, SENSED, VITALS, Vital, kept
from lakehouse.messages import Vitals

every_vital = pytest.mark.parametrize("vital", VITALS, ids=[vital.name for vital in VITALS])


@every_vital
def test_each_has_unit_code_and_freshness(vital: Vital) -> None:
    assert vital.label
    assert vital.unit
    assert vital.fresh_s > 0
    assert vital.loinc or vital is ON_OXYGEN


@pytest.mark.parametrize("vital", SENSED, ids=[vital.name for vital in SENSED])
def test_what_a_sensor_measures_has_a_device_code(vital: Vital) -> None:
    assert vital.mdc.isdecimal()


def test_codes_and_names_are_unique() -> None:
    for attribute in ("name", "label", "loinc", "mdc"):
        values = [getattr(vital, attribute) for vital in VITALS if getattr(vital, attribute)]
        assert len(set(values)) == len(values)


def test_a_message_carries_exactly_the_vitals_of_the_catalogue() -> None:
    assert Vitals.__struct_fields__ == tuple(vital.name for vital in VITALS)


def test_a_range_the_wrong_way_round_fails_when_it_is_built() -> None:
    with pytest.raises(ValueError, match="low < high"):
        Vital("x", "x", "x", "x", "x", (10, 10), 1, 1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(80, 80), (80.04, 80), (80.05, 80.1), (80.06, 80.1), (36.6, 36.6), (-0.05, 0), (11647, 3000), (-1e300, -3000)],
)
def test_a_value_is_kept_to_a_tenth_half_up(value: float, expected: float) -> None:
    assert kept(np.array([value])).tolist() == [expected]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_keeping_twice_is_keeping_once(value: float) -> None:
    once = kept(np.array([value]))
    assert kept(once).tobytes() == once.tobytes()


def test_not_measured_stays_so() -> None:
    assert np.isnan(kept(np.array([np.nan]))).all()


def test_every_tenth_within_possible_ranges_is_kept_as_it_stands() -> None:
    tenths = np.arange(-10, 4000) / 10
    assert kept(tenths).tobytes() == tenths.tobytes()
