"""A value meets its limits: delays, gaps, hysteresis, two priorities."""

from __future__ import annotations

import pytest

from tests.unit.clinical.histories import alarms, at, events, seconds

# What design and catalogue promise for adults, written out once more: a change of a number must change this table too.
# vital, condition, last value that is none, medium value, after s, high value, after s, value that clears, after s
PROMISED = [
    ("heart_rate_bpm", "heart_rate_low", 45, 44, 15, 39, 5, 48, 10),
    ("heart_rate_bpm", "heart_rate_high", 120, 121, 15, 141, 5, 115, 10),
    ("resp_rate_bpm", "resp_rate_low", 8, 7, 20, 4, 15, 10, 10),
    ("resp_rate_bpm", "resp_rate_high", 25, 26, 30, 36, 15, 22, 15),
    ("spo2_pct", "spo2_low", 90, 89, 15, 84, 10, 92, 10),
    ("sbp_mmhg", "sbp_low", 90, 89, 15, 79, 10, 95, 10),
    ("sbp_mmhg", "sbp_high", 180, 181, 15, 221, 10, 175, 10),
    ("map_mmhg", "map_low", 65, 64, 15, 54, 10, 68, 10),
    ("temperature_c", "temperature_low", 35, 34.9, 60, 33.9, 60, 35.3, 60),
    ("temperature_c", "temperature_high", 39, 39.1, 60, 40.1, 60, 38.7, 60),
]
promised = pytest.mark.parametrize("row", PROMISED, ids=[row[1] for row in PROMISED])


@promised
def test_a_value_at_its_limit_is_none(row: tuple[str, str, float, float, int, float, int, float, int]) -> None:
    vital, _, calm, *_ = row
    assert alarms(at(0, **{vital: calm}).for_s(120)) == []


@promised
def test_beyond_the_medium_limit_for_its_delay(
    row: tuple[str, str, float, float, int, float, int, float, int],
) -> None:
    vital, condition, _, medium, delay_s, *_ = row
    assert alarms(at(0, **{vital: medium}).for_s(delay_s)) == []
    assert alarms(at(0, **{vital: medium}).for_s(200)) == [(condition, "onset", "medium", delay_s)]


@promised
def test_beyond_the_high_limit_for_its_delay(
    row: tuple[str, str, float, float, int, float, int, float, int],
) -> None:
    vital, condition, *_, high, delay_s, _, _ = row
    assert alarms(at(0, **{vital: high}).for_s(delay_s)) == []
    assert alarms(at(0, **{vital: high}).for_s(200)) == [(condition, "onset", "high", delay_s)]


@promised
def test_back_by_the_margin_for_the_clear_delay(
    row: tuple[str, str, float, float, int, float, int, float, int],
) -> None:
    vital, condition, _, medium, _, _, _, back, clear_s = row
    told = alarms(at(0, **{vital: medium}).for_s(100), at(100, **{vital: back}).for_s(100))
    assert told[1:] == [(condition, "clear", "medium", 100 + clear_s)]


@promised
def test_back_by_less_than_the_margin_does_not_clear(
    row: tuple[str, str, float, float, int, float, int, float, int],
) -> None:
    vital, _, calm, medium, _, _, _, back, _ = row
    less = round(back + (0.1 if calm > back else -0.1), 1)
    assert len(alarms(at(0, **{vital: medium}).for_s(100), at(100, **{vital: less}).for_s(300))) == 1


class TestOnset:
    def test_counts_from_the_first_value_beyond(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80).for_s(10), at(10, heart_rate_bpm=130).for_s(20)) == [
            ("heart_rate_high", "onset", "medium", 25)
        ]

    def test_of_the_high_level_comes_first_where_its_delay_is_shorter(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150).for_s(60)) == [("heart_rate_high", "onset", "high", 5)]

    def test_two_seconds_beyond_lead_to_none(self) -> None:
        spike = [at(t, heart_rate_bpm=170 if t % 10 < 2 else 80, spo2_pct=70 if t % 10 < 2 else 97) for t in range(120)]
        assert alarms(*spike) == []

    def test_one_value_within_the_limit_starts_the_delay_anew(self) -> None:
        assert alarms(
            at(0, heart_rate_bpm=130).for_s(14), at(14, heart_rate_bpm=120), at(15, heart_rate_bpm=130).for_s(20)
        ) == [("heart_rate_high", "onset", "medium", 30)]

    def test_time_beyond_the_high_limit_counts_for_the_medium_one_too(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150).for_s(4), at(4, heart_rate_bpm=130).for_s(20)) == [
            ("heart_rate_high", "onset", "medium", 15)
        ]

    def test_says_value_and_limit(self) -> None:
        (event,) = events(at(0, spo2_pct=88).for_s(16))
        assert (event.value, event.limit, event.limits_version) == (88, 90, 0)
        assert seconds(event.onset_at) == seconds(event.measured_at) == seconds(event.received_at) == 15


class TestGap:
    def test_of_five_seconds_goes_on(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130).for_s(10), at(14, heart_rate_bpm=130).for_s(20)) == [
            ("heart_rate_high", "onset", "medium", 15)
        ]

    def test_of_more_than_five_seconds_starts_the_delay_anew(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130).for_s(10), at(15, heart_rate_bpm=130).for_s(20)) == [
            ("heart_rate_high", "onset", "medium", 30)
        ]

    def test_of_three_periods_goes_on(self) -> None:
        assert alarms(
            at(0, heart_rate_bpm=130, period_s=4).for_s(1), at(12, heart_rate_bpm=130, period_s=4).for_s(20)
        ) == [("heart_rate_high", "onset", "medium", 16)]

    def test_of_more_than_three_periods_starts_the_delay_anew(self) -> None:
        assert alarms(
            at(0, heart_rate_bpm=130, period_s=4).for_s(1), at(12.1, heart_rate_bpm=130, period_s=4).for_s(20)
        ) == [("heart_rate_high", "onset", "medium", 28.1)]

    def test_starts_the_clear_delay_anew(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=130).for_s(20), at(20, heart_rate_bpm=80).for_s(5), at(31, heart_rate_bpm=80).for_s(20)
        )
        assert told[1:] == [("heart_rate_high", "clear", "medium", 41)]

    def test_of_nulls_is_a_gap(self) -> None:
        assert alarms(
            at(0, heart_rate_bpm=130).for_s(10), at(10, spo2_pct=97).for_s(6), at(16, heart_rate_bpm=130).for_s(20)
        ) == [("heart_rate_high", "onset", "medium", 31)]


class TestChartedVital:
    def test_one_value_is_enough_where_the_period_is_the_delay(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130, period_s=15)) == [("heart_rate_high", "onset", "medium", 0)]

    def test_a_shorter_period_needs_as_many_values_as_the_delay_lasts(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130, period_s=14).for_s(60)) == [("heart_rate_high", "onset", "medium", 28)]

    def test_one_value_clears(self) -> None:
        assert alarms(at(0, sbp_mmhg=85, period_s=3600), at(3600, sbp_mmhg=95, period_s=3600)) == [
            ("sbp_low", "onset", "medium", 0),
            ("sbp_low", "clear", "medium", 3600),
        ]

    def test_each_level_looks_at_its_own_delay(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150, period_s=5)) == [("heart_rate_high", "onset", "high", 0)]


class TestTwoLevels:
    def test_worsen_after_the_delay_of_the_high_level(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130).for_s(20), at(20, heart_rate_bpm=150).for_s(10)) == [
            ("heart_rate_high", "onset", "medium", 15),
            ("heart_rate_high", "worsen", "high", 25),
        ]

    def test_ease_when_back_from_the_high_limit_by_the_margin(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150).for_s(10), at(10, heart_rate_bpm=135).for_s(60)) == [
            ("heart_rate_high", "onset", "high", 5),
            ("heart_rate_high", "ease", "medium", 20),
        ]

    def test_between_margin_and_high_limit_stays_high(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150).for_s(10), at(10, heart_rate_bpm=136).for_s(60)) == [
            ("heart_rate_high", "onset", "high", 5)
        ]

    def test_back_from_both_clears_directly(self) -> None:
        assert alarms(at(0, heart_rate_bpm=150).for_s(10), at(10, heart_rate_bpm=100).for_s(60)) == [
            ("heart_rate_high", "onset", "high", 5),
            ("heart_rate_high", "clear", "high", 20),
        ]

    def test_back_in_two_steps_eases_then_clears(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=150).for_s(10),
            at(10, heart_rate_bpm=130).for_s(5),
            at(15, heart_rate_bpm=100).for_s(60),
        )
        assert told[1:] == [
            ("heart_rate_high", "ease", "medium", 20),
            ("heart_rate_high", "clear", "medium", 25),
        ]

    def test_all_steps_belong_to_one_alert_and_are_numbered(self) -> None:
        told = events(
            at(0, heart_rate_bpm=130).for_s(20),
            at(20, heart_rate_bpm=150).for_s(10),
            at(30, heart_rate_bpm=130).for_s(20),
            at(50, heart_rate_bpm=100).for_s(20),
        )
        assert [event.step for event in told] == ["onset", "worsen", "ease", "clear"]
        assert len({event.alert_id for event in told}) == 1
        assert [event.event_id for event in told] == [f"{told[0].alert_id}.{seq:05d}" for seq in range(4)]

    def test_a_new_onset_is_a_new_alert(self) -> None:
        told = events(at(0, spo2_pct=88).for_s(20), at(20, spo2_pct=97).for_s(20), at(40, spo2_pct=88).for_s(20))
        assert [event.step for event in told] == ["onset", "clear", "onset"]
        assert told[0].alert_id != told[2].alert_id


class TestHysteresis:
    def test_one_value_short_of_the_margin_starts_the_clear_delay_anew(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=130).for_s(20),
            at(20, heart_rate_bpm=115).for_s(9),
            at(29, heart_rate_bpm=116),
            at(30, heart_rate_bpm=115).for_s(20),
        )
        assert told[1:] == [("heart_rate_high", "clear", "medium", 40)]

    def test_does_not_make_the_onset_easier(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=130).for_s(20),
            at(20, heart_rate_bpm=115).for_s(11),
            at(31, heart_rate_bpm=118).for_s(60),
        )
        assert [step for _, step, _, _ in told] == ["onset", "clear"]


class TestConsciousness:
    @pytest.mark.parametrize(("letter", "priority"), [("C", "medium"), ("V", "medium"), ("P", "high"), ("U", "high")])
    def test_anything_but_alert_is_told_at_once(self, letter: str, priority: str) -> None:
        assert alarms(at(0, consciousness=letter)) == [("consciousness_reduced", "onset", priority, 0)]

    def test_alert_is_calm_and_clears_at_once(self) -> None:
        assert alarms(at(0, consciousness="A"), at(1, consciousness="V"), at(2, consciousness="A")) == [
            ("consciousness_reduced", "onset", "medium", 1),
            ("consciousness_reduced", "clear", "medium", 2),
        ]

    def test_worsens_and_eases_at_once(self) -> None:
        assert alarms(at(0, consciousness="C"), at(1, consciousness="U"), at(2, consciousness="V")) == [
            ("consciousness_reduced", "onset", "medium", 0),
            ("consciousness_reduced", "worsen", "high", 1),
            ("consciousness_reduced", "ease", "medium", 2),
        ]
