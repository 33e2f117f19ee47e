"""Clocks and order of readings, two devices, findings, commands that name no alert, and where a patient lies."""

from __future__ import annotations

import pytest

from lakehouse.folding import AlarmFold
from tests.unit.clinical.histories import (
    acknowledge,
    admit,
    alarms,
    alert,
    at,
    discharge,
    events,
    finding,
    forgetting_times,
    in_order,
    limits,
    only,
    refusals,
    silence,
    slice_from,
    ticks,
    transfer,
    unsilence,
)

HOUR_S = 3600


class TestClocks:
    def test_a_slow_way_to_the_log_does_not_stretch_the_delay(self) -> None:
        """Fifteen seconds of the device's clock are fifteen seconds, however bunched they arrive."""
        told = alarms(*(at(40 + t / 10, measured=t, heart_rate_bpm=130) for t in range(30)))
        assert told == [("heart_rate_high", "onset", "medium", 41.5)]

    def test_an_onset_is_told_by_the_alarm_clock(self) -> None:
        (event,) = events(*(at(40 + t / 10, measured=t, heart_rate_bpm=130) for t in range(16)))
        assert event.alert_id == alert("heart_rate_high", 15)

    def test_a_clock_hours_ahead_goes_on_by_received_at(self) -> None:
        told = alarms(at(0, heart_rate_bpm=130, ahead_s=5 * HOUR_S).for_s(20))
        assert told == [("clock_skew", "onset", "low", 0), ("heart_rate_high", "onset", "medium", 15)]

    def test_a_clock_that_is_set_right_again_goes_on_at_once(self) -> None:
        told = alarms(at(0, heart_rate_bpm=80, ahead_s=5 * HOUR_S).for_s(10), at(10, heart_rate_bpm=130).for_s(20))
        assert only("heart_rate_high", told) == [("heart_rate_high", "onset", "medium", 25)]

    def test_a_clock_behind_alarms_after_the_same_delay(self) -> None:
        assert alarms(at(0, heart_rate_bpm=130, ahead_s=-2 * HOUR_S).for_s(20)) == [
            ("heart_rate_high", "onset", "medium", 15)
        ]

    def test_two_devices_with_different_clocks_do_not_disturb_each_other(self) -> None:
        told = alarms(
            at(0, heart_rate_bpm=130).for_s(20),
            at(0, spo2_pct=88, ahead_s=-2 * HOUR_S).for_s(20),
            at(0, sbp_mmhg=85, ahead_s=2 * HOUR_S).for_s(20),
        )
        assert sorted(told)[1:] == [
            ("heart_rate_high", "onset", "medium", 15),
            ("sbp_low", "onset", "medium", 15),
            ("spo2_low", "onset", "medium", 15),
        ]


class TestLateReading:
    def test_is_never_fed(self) -> None:
        calm_but_late = at(10, measured=5, heart_rate_bpm=80)
        assert alarms(at(0, heart_rate_bpm=130).for_s(20), calm_but_late) == [
            ("heart_rate_high", "onset", "medium", 15)
        ]

    def test_raises_nothing_even_where_it_is_charted(self) -> None:
        assert alarms(at(10, heart_rate_bpm=80), at(11, measured=9, heart_rate_bpm=170, period_s=60)) == []

    def test_of_one_vital_is_no_late_reading_of_another(self) -> None:
        told = alarms(at(10, heart_rate_bpm=80), at(11, measured=9, spo2_pct=80, period_s=60))
        assert told == [("spo2_low", "onset", "high", 11)]

    def test_is_counted(self) -> None:
        fold = AlarmFold()
        parts = at(10, heart_rate_bpm=80), at(11, measured=9, heart_rate_bpm=81), at(11.5, measured=9, spo2_pct=97)
        fold.fold(slice_from(in_order(parts)))
        assert fold.counts == {"late_values": 1, "impossible_values": 0, "repeated_readings": 1}


class TestRepeatedReading:
    @pytest.mark.parametrize("ahead_s", [0, -HOUR_S, HOUR_S])
    def test_changes_nothing(self, ahead_s: float) -> None:
        """Also of a device whose clock runs ahead: what it measured at one time is one value."""
        before = at(0, heart_rate_bpm=80, ahead_s=ahead_s).for_s(10)
        high = at(10, heart_rate_bpm=130, ahead_s=ahead_s).for_s(14)
        repeats = [at(t, measured=23, heart_rate_bpm=130, ahead_s=ahead_s) for t in range(24, 40)]
        assert only("heart_rate_high", alarms(before, high, *repeats)) == []


class TestPulse:
    def test_stands_in_where_no_heart_rate_is_measured(self) -> None:
        assert alarms(at(0, pulse_rate_bpm=130).for_s(20)) == [("heart_rate_high", "onset", "medium", 15)]

    def test_does_not_count_beside_a_heart_rate(self) -> None:
        assert alarms(at(0, heart_rate_bpm=100, pulse_rate_bpm=150).for_s(60)) == []

    def test_takes_over_five_seconds_after_the_last_heart_rate(self) -> None:
        told = alarms(at(0, heart_rate_bpm=100).for_s(10), at(0, pulse_rate_bpm=150).for_s(60))
        assert only("heart_rate_high", told) == [
            ("heart_rate_high", "onset", "high", 20)
        ]  # stands in from 15 on: 9 + 5 s are over

    def test_takes_over_from_an_impossible_heart_rate(self) -> None:
        """An electrode that sends nonsense must not hide the tachycardia that the pulse oximeter sees."""
        told = alarms(at(0, heart_rate_bpm=400, pulse_rate_bpm=130).for_s(20))
        assert only("heart_rate_high", told) == [("heart_rate_high", "onset", "medium", 15)]

    def test_both_feed_one_alert(self) -> None:
        told = alarms(at(0, heart_rate_bpm=130).for_s(20), at(20, pulse_rate_bpm=80).for_s(40))
        assert only("heart_rate_high", told) == [
            ("heart_rate_high", "onset", "medium", 15),
            ("heart_rate_high", "clear", "medium", 35),
        ]


class TestFinding:
    @pytest.mark.parametrize(
        ("code", "priority"),
        [
            ("asystole", "high"),
            ("vf", "high"),
            ("vt", "high"),
            ("extreme_brady", "high"),
            ("extreme_tachy", "high"),
            ("af", "medium"),
        ],
    )
    def test_is_told_at_once_and_ends_at_once(self, code: str, priority: str) -> None:
        assert alarms(finding(3, code), finding(9, code, active=False)) == [
            (code, "onset", priority, 3),
            (code, "clear", priority, 9),
        ]

    def test_that_goes_on_is_one_alert(self) -> None:
        assert alarms(finding(3, "vt"), finding(4, "vt"), finding(5, "vt")) == [("vt", "onset", "high", 3)]

    def test_that_comes_late_is_none(self) -> None:
        assert alarms(finding(3, "vt", active=False), finding(4, "vt", measured=2)) == []

    def test_of_an_unknown_code_is_refused(self) -> None:
        """So is the name of a limit or of a technical condition: no analyser finds those."""
        assert refusals(finding(3, "flutter"), finding(4, "heart_rate_high"), finding(5, "no_data")) == (
            ["names a condition that does not exist"] * 3
        )

    def test_carries_no_value(self) -> None:
        (event,) = events(finding(3, "vf"))
        assert (event.value, event.limit, event.missing) == (None, None, [])


class TestCommandOfNoAlert:
    @pytest.mark.parametrize(
        "alert_id",
        [
            alert("heart_rate_high", 16),  # onset is another
            alert("heart_rate_low", 15),
            alert("heart_rate_higher", 15),
            alert("heart_rate_high", 15).replace("p1", "p2"),
            "p1.heart_rate_high.",
            "p1.heart_rate_high." + "9" * 40,
            "",
            "..",
        ],
    )
    def test_is_refused(self, alert_id: str) -> None:
        tachycardia = at(0, heart_rate_bpm=130).for_s(20)
        parts = acknowledge(20, alert_id), silence(21, alert_id, until=60), unsilence(22, alert_id)
        assert refusals(tachycardia, *parts) == ["no such alert is open"] * 3
        assert len(alarms(tachycardia, *parts)) == 1

    def test_is_refused_when_the_alert_is_closed(self) -> None:
        parts = finding(3, "vt"), finding(9, "vt", active=False), acknowledge(10, alert("vt", 3))
        assert refusals(*parts) == ["no such alert is open"]

    def test_is_refused_when_nothing_is_open_at_all(self) -> None:
        assert refusals(acknowledge(3)) == ["no such alert is open"]

    def test_says_who_asked_and_belongs_to_no_alert(self) -> None:
        (event,) = events(acknowledge(3, alert("vt", 1)))
        assert (event.by, event.alert_id, event.event_id) == ("dr-a", None, "p1.refused.0-0")


class TestAdmission:
    def test_says_where_the_patient_lies(self) -> None:
        (event,) = events(admit(0, "icu", "7"), finding(3, "vt"))
        assert (event.ward_id, event.bed) == ("icu", "7")

    def test_is_not_needed(self) -> None:
        (event,) = events(finding(3, "vt"))
        assert (event.ward_id, event.bed) == (None, None)

    def test_transfer_moves_the_open_alert(self) -> None:
        told = events(
            admit(0, "icu", "7"), finding(3, "vt"), transfer(5, "ward-b", "2"), finding(9, "vt", active=False)
        )
        assert [(e.step, e.ward_id, e.bed, e.from_ward_id) for e in told] == [
            ("onset", "icu", "7", None),
            ("transfer", "ward-b", "2", "icu"),
            ("clear", "ward-b", "2", None),
        ]
        assert len({e.alert_id for e in told}) == 1

    def test_transfer_to_the_same_place_tells_nothing(self) -> None:
        assert alarms(admit(0, "icu", "7"), finding(3, "vt"), transfer(5, "icu", "7")) == [("vt", "onset", "high", 3)]

    def test_a_place_that_is_not_told_stays(self) -> None:
        (event,) = events(admit(0, "icu", "7"), admit(1, spo2_scale=2), finding(3, "vt"))
        assert (event.ward_id, event.bed) == ("icu", "7")


class TestDischarge:
    def test_closes_all_that_is_open(self) -> None:
        told = alarms(finding(3, "vt"), at(3, heart_rate_bpm=150).for_s(10), discharge(20))
        assert sorted(told[2:]) == [("heart_rate_high", "discharge", "high", 20), ("vt", "discharge", "high", 20)]

    def test_ends_silence_of_the_monitor_too(self) -> None:
        assert alarms(at(0, heart_rate_bpm=80), discharge(5), ticks(0, 100)) == []

    def test_forgets_place_limits_and_pending_delay(self) -> None:
        before = admit(0, "icu", "7"), limits(1, heart_rate_high=[100, 140]), at(2, heart_rate_bpm=130).for_s(14)
        after = at(21, heart_rate_bpm=130).for_s(16)
        (event,) = [e for e in events(*before, discharge(20), after) if e.limit == 120]
        assert (event.step, event.ward_id, event.bed, event.limits_version) == ("onset", None, None, 0)
        assert event.alert_id == alert("heart_rate_high", 36)

    def test_leaves_the_record_of_someone_unknown_but_for_times(self) -> None:
        fold = AlarmFold()
        history = admit(0, "icu", "7", spo2_scale=2), at(1, heart_rate_bpm=150).for_s(10), finding(3, "vt")
        fold.fold(slice_from(in_order((*history, discharge(20)))))
        assert fold.patients == 0
        assert forgetting_times(fold.records[0].copy()).tobytes() == AlarmFold()._blank.tobytes()

    def test_what_was_measured_before_brings_nobody_back(self) -> None:
        late = at(25, measured=10, heart_rate_bpm=150).for_s(10)
        assert alarms(at(0, heart_rate_bpm=80).for_s(9), discharge(20), late, ticks(20, 100)) == []

    def test_what_was_measured_after_does(self) -> None:
        again = at(21, heart_rate_bpm=80)
        told = alarms(at(0, heart_rate_bpm=80).for_s(9), discharge(20), again, ticks(22, 100))
        assert [(condition, step) for condition, step, *_ in told] == [("no_data", "onset")]

    def test_what_is_sent_again_after_a_readmission_is_another_alert(self) -> None:
        """Under the id of the first stay's nobody would be mailed: that one was told."""
        first_stay = at(0, heart_rate_bpm=150)
        buffered = (at(21, measured=t, heart_rate_bpm=150) for t in range(10))
        second_stay = admit(20, "icu"), *buffered, at(30, heart_rate_bpm=150).for_s(10)
        told = events(first_stay.for_s(10), discharge(10), *second_stay)
        onsets = [event for event in told if event.step == "onset"]
        assert [event.alert_id for event in onsets] == [alert("heart_rate_high", 5), alert("heart_rate_high", 21)]
        assert [event.ward_id for event in onsets] == [None, "icu"]

    def test_a_readmission_does_not_blind_a_device_whose_clock_is_slow(self) -> None:
        first_stay = at(0, heart_rate_bpm=80).for_s(20), discharge(20)
        slow = at(30, heart_rate_bpm=150, ahead_s=-HOUR_S).for_s(10)
        assert alarms(*first_stay, admit(25), slow) == [("heart_rate_high", "onset", "high", 35)]

    def test_limits_bring_nobody_back_and_are_refused(self) -> None:
        night = limits(21, version=3, author="recalibration", heart_rate_high=[110, None])
        before = at(0, heart_rate_bpm=80).for_s(9), discharge(20)
        (event,) = events(*before, night, ticks(22, 100))
        assert (event.step, event.reason) == ("refuse", "the patient has been discharged")
        assert alarms(*before, admit(21), limits(22, heart_rate_high=[110, 140])) == []

    def test_a_command_brings_nobody_back(self) -> None:
        fold = AlarmFold()
        command = acknowledge(21, alert("heart_rate_high", 15))
        fold.fold(slice_from(in_order((at(0, heart_rate_bpm=80).for_s(9), discharge(20), command))))
        assert fold.patients == 0
