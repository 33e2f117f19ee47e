"""What time alone brings about, and measurements that are missing or cannot be true."""

from __future__ import annotations

import pytest

from tests.unit.clinical.histories import Alarm, alarms, at, events, only, ticks

HEART_RATE_LOST = "signal_lost_heart_rate_bpm"
HEART_RATE_IMPOSSIBLE = "impossible_value_heart_rate_bpm"


class TestNoData:
    def test_after_thirty_seconds(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80), ticks(0, 29)) == []
        assert alarms(at(0, heart_rate_bpm=80), ticks(0, 60)) == [("no_data", "onset", "low", 30)]

    def test_after_three_periods_where_those_are_longer(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80, period_s=20), ticks(0, 100)) == [("no_data", "onset", "low", 60)]

    def test_counts_from_the_last_reading(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80).for_s(100), ticks(0, 140)) == [("no_data", "onset", "low", 129)]

    def test_counts_by_the_log_not_by_the_clock_of_the_device(self) -> None:
        readings = at(0, heart_rate_bpm=80, ahead_s=-3600).for_s(20)
        assert alarms(readings, ticks(0, 40)) == []

    def test_ends_with_the_next_reading(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80), ticks(0, 60), at(50, heart_rate_bpm=80)) == [
            ("no_data", "onset", "low", 30),
            ("no_data", "clear", "low", 50),
        ]

    def test_ends_with_a_reading_that_holds_no_value(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80), ticks(0, 60), at(50))
        assert told[1:] == [("no_data", "clear", "low", 50)]

    def test_is_judged_by_the_fastest_device(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80).for_s(10), at(5, sbp_mmhg=120, period_s=900), ticks(0, 60))
        assert told == [("no_data", "onset", "low", 39)]

    def test_is_not_for_those_who_were_never_heard(self) -> None:
        assert alarms(ticks(0, 100)) == []

    def test_does_not_end_what_is_open(self) -> None:
        told = alarms(at(0, heart_rate_bpm=130).for_s(20), ticks(0, 60))
        assert told == [("heart_rate_high", "onset", "medium", 15), ("no_data", "onset", "low", 49)]


class TestLongTechnicalCondition:
    def test_becomes_medium_after_five_minutes(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80), ticks(0, 400)) == [
            ("no_data", "onset", "low", 30),
            ("no_data", "worsen", "medium", 330),
        ]

    def test_escalates_ten_minutes_later(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80), ticks(0, 1000))
        assert told[2:] == [("no_data", "escalate", "medium", 930)]


class TestSignalLost:
    def test_after_thirty_seconds_of_null(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80, spo2_pct=97).for_s(10), at(10, spo2_pct=97).for_s(60))
        assert told == [(HEART_RATE_LOST, "onset", "low", 39)]

    def test_ends_with_the_next_value(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80).for_s(10), at(10).for_s(40), at(50, heart_rate_bpm=80))
        assert told == [(HEART_RATE_LOST, "onset", "low", 39), (HEART_RATE_LOST, "clear", "low", 50)]

    def test_is_not_of_a_vital_that_was_never_there(self) -> None:
        assert alarms(at(0, spo2_pct=97).for_s(100)) == []

    def test_is_not_of_a_vital_that_is_measured_from_time_to_time(self) -> None:
        """One value without another near it is a spot check; no cuff is lost because it rests."""
        assert alarms(at(0, heart_rate_bpm=80).for_s(100), at(5, sbp_mmhg=120), at(65, sbp_mmhg=121)) == []

    def test_waits_three_periods_where_those_are_longer(self) -> None:
        told = alarms(at(0, sbp_mmhg=120, period_s=20).for_s(30), at(0.5, heart_rate_bpm=80).for_s(100))
        assert told == [("signal_lost_sbp_mmhg", "onset", "low", 80.5)]

    def test_is_told_beside_another_device_that_goes_on(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80).for_s(10), at(0.5, spo2_pct=97).for_s(60))
        assert told == [(HEART_RATE_LOST, "onset", "low", 39.5)]

    def test_becomes_medium_after_five_minutes(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80).for_s(10), at(10).for_s(400), ticks(0, 400))
        assert told[1:] == [(HEART_RATE_LOST, "worsen", "medium", 339)]


class TestClockSkew:
    def test_is_more_than_thirty_seconds_ahead(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80, ahead_s=30).for_s(10)) == []
        assert alarms(at(0, heart_rate_bpm=80, ahead_s=30.1).for_s(10)) == [("clock_skew", "onset", "low", 0)]

    def test_is_not_a_clock_behind(self) -> None:
        """What comes late may have waited in a gateway."""
        assert alarms(at(0, heart_rate_bpm=80, ahead_s=-7200).for_s(10)) == []

    def test_ends_when_no_clock_was_ahead_for_thirty_seconds(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80, ahead_s=60).for_s(10), at(10, heart_rate_bpm=80).for_s(60))
        assert told == [("clock_skew", "onset", "low", 0), ("clock_skew", "clear", "low", 40)]

    def test_goes_on_beside_a_device_with_a_right_clock(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80, ahead_s=60).for_s(60), at(0.5, spo2_pct=97).for_s(60))
        assert told == [("clock_skew", "onset", "low", 0)]


class TestImpossibleValue:
    @pytest.mark.parametrize(
        "vitals",
        [
            {"heart_rate_bpm": 351},
            {"heart_rate_bpm": -1},
            {"spo2_pct": 0},
            {"spo2_pct": 101},
            {"sbp_mmhg": 11647},
            {"map_mmhg": -5},
            {"temperature_c": 98.6},
            {"resp_rate_bpm": 1e300},
        ],
    )
    def test_never_reaches_a_limit(self, vitals: dict[str, float]) -> None:
        assert [c for c, *_ in alarms(at(0, **vitals).for_s(100)) if not str(c).startswith("impossible")] == []

    def test_for_more_than_ten_seconds_is_a_condition(self) -> None:
        assert alarms(at(0, heart_rate_bpm=400).for_s(11)) == []
        assert alarms(at(0, heart_rate_bpm=400).for_s(60)) == [(HEART_RATE_IMPOSSIBLE, "onset", "low", 11)]

    def test_ends_with_the_next_possible_value(self) -> None:
        told = alarms(at(0, heart_rate_bpm=400).for_s(20), at(20, heart_rate_bpm=80))
        assert told[1:] == [(HEART_RATE_IMPOSSIBLE, "clear", "low", 20)]

    def test_in_between_starts_it_anew(self) -> None:
        told = alarms(at(0, heart_rate_bpm=400).for_s(8), at(8, heart_rate_bpm=80), at(9, heart_rate_bpm=400).for_s(20))
        assert told == [(HEART_RATE_IMPOSSIBLE, "onset", "low", 20)]

    def test_that_is_charted_is_told_at_once(self) -> None:
        assert alarms(at(0, temperature_c=98.6, period_s=3600)) == [
            ("impossible_value_temperature_c", "onset", "low", 0)
        ]

    def test_does_not_interrupt_a_delay(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=130).for_s(8), at(8, heart_rate_bpm=400), at(9, heart_rate_bpm=130).for_s(20)
        )
        assert told == [("heart_rate_high", "onset", "medium", 15)]

    def test_does_not_end_an_alert(self) -> None:
        told = alarms(at(0, heart_rate_bpm=130).for_s(20), at(20, heart_rate_bpm=0.0 - 1).for_s(60))
        assert only("heart_rate_high", told) == [("heart_rate_high", "onset", "medium", 15)]

    def test_of_one_vital_keeps_the_others_of_the_reading(self) -> None:
        told = alarms(at(0, heart_rate_bpm=400, spo2_pct=88).for_s(16))
        assert told == [(HEART_RATE_IMPOSSIBLE, "onset", "low", 11), ("spo2_low", "onset", "medium", 15)]

    def test_is_no_lost_signal(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80).for_s(10), at(10, heart_rate_bpm=400).for_s(60))
        assert told == [(HEART_RATE_IMPOSSIBLE, "onset", "low", 21)]

    def test_a_heart_rate_of_zero_is_possible(self) -> None:
        """Asystole; a monitor that writes 0 for "no electrode" has a pulse of 0, which is not."""
        assert alarms(at(0, heart_rate_bpm=0).for_s(10)) == [("heart_rate_low", "onset", "high", 5)]


def test_technical_events_carry_no_value() -> None:
    told = events(at(0, heart_rate_bpm=400).for_s(12))
    assert [(e.condition, e.value, e.limit) for e in told] == [(HEART_RATE_IMPOSSIBLE, None, None)]


def test_ticks_of_another_partition_move_nothing() -> None:
    elsewhere = [entry._replace(partition=1) for entry in ticks(0, 100).entries]
    told: list[Alarm] = alarms(at(0, heart_rate_bpm=80), type(ticks(0, 0))(tuple(elsewhere)))
    assert told == []
