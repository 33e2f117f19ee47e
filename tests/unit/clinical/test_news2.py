"""NEWS2 on every band edge of the chart of the Royal College of Physicians, and as an alarm channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clinical.news2 import PARAMETERS, news2
from clinical.vitals import ACVPU, INDEX, VITALS
from tests.unit.clinical.histories import admit, alarms, at, events, only

# Chart 1 of "National Early Warning Score (NEWS) 2", RCP 2017: (value, points) on both sides of every edge; and on
# both sides of the half at which a value is rounded to the chart's step.
RESP_RATE = [
    (0, 3), (8, 3), (8.4, 3), (8.5, 1), (9, 1), (11, 1), (11.4, 1), (11.5, 0), (12, 0), (20, 0), (20.4, 0), (20.5, 2),
    (21, 2), (24, 2), (24.4, 2), (24.5, 3), (25, 3), (150, 3),
]  # fmt: skip
SPO2_SCALE_1 = [
    (10, 3), (91, 3), (91.4, 3), (91.5, 2), (92, 2), (93, 2), (93.4, 2), (93.5, 1), (94, 1), (95, 1), (95.4, 1),
    (95.5, 0), (96, 0), (100, 0),
]  # fmt: skip
SPO2_SCALE_2 = [
    (10, 3), (83, 3), (83.4, 3), (83.5, 2), (84, 2), (85, 2), (85.4, 2), (85.5, 1), (86, 1), (87, 1), (87.4, 1),
    (87.5, 0), (88, 0), (92, 0), (92.4, 0),
]  # fmt: skip
SPO2_SCALE_2_ON_AIR = [*SPO2_SCALE_2, (92.5, 0), (93, 0), (94, 0), (95, 0), (96, 0), (97, 0), (100, 0)]
SPO2_SCALE_2_ON_OXYGEN = [
    *SPO2_SCALE_2, (92.5, 1), (93, 1), (94, 1), (94.4, 1), (94.5, 2), (95, 2), (96, 2), (96.4, 2), (96.5, 3), (97, 3),
    (100, 3),
]  # fmt: skip
SBP = [
    (20, 3), (90, 3), (90.4, 3), (90.5, 2), (91, 2), (100, 2), (100.4, 2), (100.5, 1), (101, 1), (110, 1), (110.4, 1),
    (110.5, 0), (111, 0), (219, 0), (219.4, 0), (219.5, 3), (220, 3), (370, 3),
]  # fmt: skip
PULSE = [
    (0, 3), (40, 3), (40.4, 3), (40.5, 1), (41, 1), (50, 1), (50.4, 1), (50.5, 0), (51, 0), (90, 0), (90.4, 0),
    (90.5, 1), (91, 1), (110, 1), (110.4, 1), (110.5, 2), (111, 2), (130, 2), (130.4, 2), (130.5, 3), (131, 3),
    (350, 3),
]  # fmt: skip
TEMPERATURE = [
    (25, 3), (35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2), (45, 2),
]  # fmt: skip
CONSCIOUSNESS = [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)]
OXYGEN = [(False, 0), (True, 2)]


def scored(scale: int = 1, **vitals: float) -> tuple[int, tuple[str, ...]]:
    """Total and missing parameters of one set of vital signs."""
    values = np.full(len(VITALS), np.nan)
    for name, value in vitals.items():
        values[INDEX[name]] = value
    total, mask = news2(values, scale)
    return int(total), tuple(name for k, name in enumerate(PARAMETERS) if mask >> k & 1)


def points(scale: int = 1, **vitals: float) -> int:
    return scored(scale, **vitals)[0]


@pytest.mark.parametrize(("value", "expected"), RESP_RATE)
def test_respiratory_rate(value: float, expected: int) -> None:
    assert points(resp_rate_bpm=value) == expected


@pytest.mark.parametrize(("value", "expected"), SPO2_SCALE_1)
def test_spo2_on_scale_1_on_air_and_on_oxygen(value: float, expected: int) -> None:
    assert points(spo2_pct=value) == expected
    assert points(spo2_pct=value, on_oxygen=0) == expected
    assert points(spo2_pct=value, on_oxygen=1) == expected + 2


@pytest.mark.parametrize(("value", "expected"), SPO2_SCALE_2_ON_AIR)
def test_spo2_on_scale_2_on_air(value: float, expected: int) -> None:
    assert points(2, spo2_pct=value, on_oxygen=0) == expected
    assert points(2, spo2_pct=value) == expected  # not told: air, so that the total stays a lower bound


@pytest.mark.parametrize(("value", "expected"), SPO2_SCALE_2_ON_OXYGEN)
def test_spo2_on_scale_2_on_oxygen(value: float, expected: int) -> None:
    assert points(2, spo2_pct=value, on_oxygen=1) == expected + 2


@pytest.mark.parametrize(("value", "expected"), SBP)
def test_systolic_blood_pressure(value: float, expected: int) -> None:
    assert points(sbp_mmhg=value) == expected


@pytest.mark.parametrize(("value", "expected"), PULSE)
def test_pulse(value: float, expected: int) -> None:
    assert points(heart_rate_bpm=value) == expected
    assert points(pulse_rate_bpm=value) == expected


@pytest.mark.parametrize(("value", "expected"), TEMPERATURE)
def test_temperature(value: float, expected: int) -> None:
    assert points(temperature_c=value) == expected


@pytest.mark.parametrize("tenths", range(250, 451))
def test_every_temperature_of_the_chart_counts_as_it_stands(tenths: int) -> None:
    """A tenth of a degree is no whole number of bits: none may slip over an edge."""
    expected = next(points_ for edge, points_ in [(350, 3), (360, 1), (380, 0), (390, 1), (450, 2)] if tenths <= edge)
    assert points(temperature_c=tenths / 10) == expected


@pytest.mark.parametrize(("letter", "expected"), CONSCIOUSNESS)
def test_consciousness(letter: str, expected: int) -> None:
    assert points(consciousness=ACVPU.index(letter)) == expected


@pytest.mark.parametrize(("on_oxygen", "expected"), OXYGEN)
def test_supplemental_oxygen(on_oxygen: bool, expected: int) -> None:
    assert points(on_oxygen=on_oxygen) == expected


class TestTotal:
    WELL = {  # noqa: RUF012 - read only
        "resp_rate_bpm": 16, "spo2_pct": 98, "on_oxygen": 0, "sbp_mmhg": 120, "heart_rate_bpm": 70, "consciousness": 0,
        "temperature_c": 37,
    }  # fmt: skip

    def test_of_the_well_is_nothing(self) -> None:
        assert scored(**self.WELL) == (0, ())

    def test_of_the_worst_is_twenty(self) -> None:
        worst = {"resp_rate_bpm": 30, "spo2_pct": 80, "on_oxygen": 1, "sbp_mmhg": 60, "heart_rate_bpm": 150}
        assert scored(**worst, consciousness=4, temperature_c=34) == (20, ())

    @pytest.mark.parametrize(
        ("vital", "parameter"),
        [
            ("resp_rate_bpm", "resp_rate"),
            ("spo2_pct", "spo2"),
            ("on_oxygen", "oxygen"),
            ("sbp_mmhg", "sbp"),
            ("heart_rate_bpm", "pulse"),
            ("consciousness", "consciousness"),
            ("temperature_c", "temperature"),
        ],
    )
    def test_names_what_is_missing(self, vital: str, parameter: str) -> None:
        known = {name: value for name, value in self.WELL.items() if name != vital}
        assert scored(**known) == (0, (parameter,))

    def test_of_nothing_is_a_lower_bound_of_nothing(self) -> None:
        assert scored() == (0, PARAMETERS)


class TestChannel:
    """Respiration 25 (3 points), heart rate 115 (2) and systolic pressure 100 (2) are beyond no limit by themselves."""

    FIVE = {"resp_rate_bpm": 25, "heart_rate_bpm": 115}  # noqa: RUF012 - read only
    SEVEN = {**FIVE, "sbp_mmhg": 100}  # noqa: RUF012 - read only
    FOUR = {"resp_rate_bpm": 25, "heart_rate_bpm": 100}  # noqa: RUF012 - read only

    def test_four_is_calm(self) -> None:
        assert alarms(at(0, **self.FOUR).for_s(300)) == []

    def test_five_for_a_minute_is_medium(self) -> None:
        assert alarms(at(0, **self.FIVE).for_s(60)) == []
        assert alarms(at(0, **self.FIVE).for_s(300)) == [("news2_high", "onset", "medium", 60)]

    def test_seven_for_a_minute_is_high(self) -> None:
        assert alarms(at(0, **self.SEVEN).for_s(300)) == [("news2_high", "onset", "high", 60)]

    def test_five_then_seven_worsens(self) -> None:
        told = alarms(at(0, **self.FIVE).for_s(100), at(100, **self.SEVEN).for_s(100))
        assert told == [("news2_high", "onset", "medium", 60), ("news2_high", "worsen", "high", 160)]

    def test_six_for_a_minute_eases_and_four_for_a_minute_clears(self) -> None:
        told = alarms(
            at(0, **self.SEVEN).for_s(100),
            at(100, resp_rate_bpm=25, heart_rate_bpm=115, sbp_mmhg=105).for_s(100),
            at(200, resp_rate_bpm=25, heart_rate_bpm=80, sbp_mmhg=105).for_s(100),
        )
        assert told[1:] == [("news2_high", "ease", "medium", 160), ("news2_high", "clear", "medium", 260)]

    def test_says_the_score_and_what_was_missing(self) -> None:
        (event,) = events(at(0, **self.FIVE).for_s(61))
        assert (event.value, event.limit) == (5, 5)
        assert event.missing == ["spo2", "oxygen", "sbp", "consciousness", "temperature"]

    def test_charted_values_need_no_minute(self) -> None:
        assert alarms(at(7, **self.SEVEN, period_s=3600)) == [("news2_high", "onset", "high", 7)]

    def test_values_of_different_times_count_together_while_they_are_fresh(self) -> None:
        resp = at(0, resp_rate_bpm=25, period_s=3600)
        assert alarms(resp, at(3600, heart_rate_bpm=115, period_s=3600)) == [("news2_high", "onset", "medium", 3600)]
        assert alarms(resp, at(3600.1, heart_rate_bpm=115, period_s=3600)) == []

    @pytest.mark.parametrize(
        ("fresh_h", "vital", "value"),
        [(1, "resp_rate_bpm", 25), (6, "temperature_c", 35.0), (12, "consciousness", "C"), (6, "sbp_mmhg", 90)],
    )
    def test_each_vital_is_fresh_as_long_as_its_catalogue_says(self, fresh_h: int, vital: str, value: Any) -> None:
        old = at(0, **{vital: value}, period_s=86400)
        then = {"heart_rate_bpm": 115, "period_s": 3600}
        assert only("news2_high", alarms(old, at(fresh_h * 3600, **then))) != []
        assert only("news2_high", alarms(old, at(fresh_h * 3600 + 1, **then))) == []

    def test_scale_2_is_for_those_of_whom_it_is_said(self) -> None:
        vitals = {"spo2_pct": 90, "heart_rate_bpm": 115}
        assert alarms(at(0, **vitals).for_s(100)) == [("news2_high", "onset", "medium", 60)]
        assert alarms(admit(0, spo2_scale=2), at(0, **vitals).for_s(100)) == []

    def test_an_impossible_value_is_not_scored(self) -> None:
        assert only("news2_high", alarms(at(0, resp_rate_bpm=400, heart_rate_bpm=115).for_s(100))) == []

    def test_a_value_is_rounded_before_it_is_scored(self) -> None:
        assert alarms(at(0, resp_rate_bpm=24.4, heart_rate_bpm=115).for_s(100)) == []
        assert alarms(at(0, resp_rate_bpm=24.5, heart_rate_bpm=115).for_s(100)) != []
