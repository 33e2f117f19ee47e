"""The life of an alert: escalation, acknowledgement, silence."""

from __future__ import annotations

import pytest

from tests.unit.clinical.histories import (
    DOCTOR,
    Part,
    acknowledge,
    alarms,
    alert,
    at,
    events,
    finding,
    refusals,
    seconds,
    silence,
    ticks,
    unsilence,
)

TACHYCARDIA = alert("heart_rate_high", 15)


def tachycardia(for_s: float = 20) -> Part:
    """A medium alert with its onset at 15."""
    return at(0, heart_rate_bpm=130).for_s(for_s)


class TestEscalation:
    def test_of_high_priority_after_two_and_after_five_minutes(self) -> None:
        told = events(finding(0, "vt"), ticks(0, 1000))
        assert [(e.step, e.escalation, seconds(e.received_at)) for e in told] == [
            ("onset", 0, 0),
            ("escalate", 1, 120),
            ("escalate", 2, 300),
        ]

    def test_of_medium_priority_after_ten_minutes(self) -> None:
        told = events(finding(0, "af"), ticks(0, 2000))
        assert [(e.step, e.escalation, seconds(e.received_at)) for e in told] == [
            ("onset", 0, 0),
            ("escalate", 1, 600),
        ]

    def test_stops_when_acknowledged(self) -> None:
        told = alarms(finding(0, "vt"), acknowledge(200, alert("vt", 0)), ticks(0, 1000))
        assert told[1:] == [("vt", "escalate", "high", 120), ("vt", "acknowledge", "high", 200)]

    def test_stops_when_it_is_over(self) -> None:
        told = alarms(finding(0, "vt"), finding(100, "vt", active=False), ticks(0, 1000))
        assert told[1:] == [("vt", "clear", "high", 100)]

    def test_starts_again_when_it_worsens(self) -> None:
        worse = at(20, heart_rate_bpm=150).for_s(1000)
        told = events(tachycardia(), acknowledge(16, TACHYCARDIA), worse, ticks(0, 900))
        assert [(e.step, e.escalation, seconds(e.received_at)) for e in told] == [
            ("onset", 0, 15),
            ("acknowledge", 0, 16),
            ("worsen", 0, 25),
            ("escalate", 1, 145),
            ("escalate", 2, 325),
        ]

    def test_takes_all_steps_that_are_due_with_the_first_tick_after_a_pause(self) -> None:
        told = alarms(finding(0, "vt"), ticks(400, 400), ticks(400, 410))
        assert told[1:] == [("vt", "escalate", "high", 400)] * 2

    def test_goes_by_ticks_alone(self) -> None:
        assert alarms(finding(0, "vt"), at(0, spo2_pct=97).for_s(400)) == [("vt", "onset", "high", 0)]


class TestAcknowledge:
    def test_says_who(self) -> None:
        (_, event) = events(finding(0, "vt"), acknowledge(5, alert("vt", 0)))
        assert (event.step, event.by, event.acknowledged, event.alert_id) == (
            "acknowledge",
            DOCTOR,
            True,
            alert("vt", 0),
        )

    def test_twice_is_once(self) -> None:
        told = alarms(finding(0, "vt"), acknowledge(5, alert("vt", 0)), acknowledge(6, alert("vt", 0)))
        assert told[1:] == [("vt", "acknowledge", "high", 5)]
        assert refusals(finding(0, "vt"), acknowledge(5, alert("vt", 0)), acknowledge(6, alert("vt", 0))) == []

    def test_of_no_alert_in_particular_is_of_all_that_are_open(self) -> None:
        told = alarms(finding(0, "vt"), finding(1, "af"), acknowledge(5))
        assert told[2:] == [("vt", "acknowledge", "high", 5), ("af", "acknowledge", "medium", 5)]

    def test_ends_when_it_worsens(self) -> None:
        told = events(tachycardia(), acknowledge(16, TACHYCARDIA), at(20, heart_rate_bpm=150).for_s(10))
        assert [(e.step, e.acknowledged) for e in told] == [
            ("onset", False),
            ("acknowledge", True),
            ("worsen", False),
        ]

    def test_stays_when_it_eases(self) -> None:
        told = events(
            at(0, heart_rate_bpm=150).for_s(10),
            acknowledge(6, alert("heart_rate_high", 5)),
            at(10, heart_rate_bpm=130).for_s(20),
        )
        assert [(e.step, e.acknowledged) for e in told][2:] == [("ease", True)]

    def test_is_not_of_the_next_alert(self) -> None:
        told = events(
            finding(0, "vt"), acknowledge(1, alert("vt", 0)), finding(2, "vt", active=False), finding(3, "vt")
        )
        assert [(e.step, e.acknowledged) for e in told][-1] == ("onset", False)


class TestSilence:
    def test_holds_until_its_end_and_expires_by_a_tick(self) -> None:
        told = events(
            tachycardia(), silence(16, TACHYCARDIA, until=60), ticks(0, 100), at(20, heart_rate_bpm=130).for_s(90)
        )
        assert [(e.step, seconds(e.received_at), seconds(e.silenced_until)) for e in told] == [
            ("onset", 15, None),
            ("silence", 16, 60),
            ("expire", 60, None),
        ]

    def test_is_broken_by_a_worsening(self) -> None:
        worse = at(20, heart_rate_bpm=150).for_s(60)
        told = events(tachycardia(), silence(16, TACHYCARDIA, until=60), worse, ticks(0, 70))
        assert [(e.step, seconds(e.silenced_until)) for e in told] == [
            ("onset", None),
            ("silence", 60),
            ("worsen", None),
        ]

    def test_never_holds_detection(self) -> None:
        calm = at(20, heart_rate_bpm=80).for_s(20)
        told = alarms(tachycardia(), silence(16, TACHYCARDIA, until=600), calm)
        assert told[2:] == [("heart_rate_high", "clear", "medium", 30)]

    def test_is_of_one_alert_only(self) -> None:
        told = events(tachycardia(), silence(16, TACHYCARDIA, until=600), finding(17, "vt"))
        assert (told[-1].condition, told[-1].silenced_until) == ("vt", None)

    def test_does_not_outlive_its_alert(self) -> None:
        told = events(
            finding(0, "vt"), silence(1, alert("vt", 0), until=60), finding(2, "vt", active=False), finding(3, "vt"),
            ticks(4, 100),
        )  # fmt: skip
        assert [e.step for e in told] == ["onset", "silence", "clear", "onset"]
        assert told[-1].silenced_until is None

    def test_does_not_stop_escalation(self) -> None:
        told = alarms(finding(0, "vt"), silence(1, alert("vt", 0), until=1000), ticks(0, 400))
        assert [step for _, step, _, _ in told] == ["onset", "silence", "escalate", "escalate"]

    def test_can_be_moved(self) -> None:
        told = events(
            finding(0, "af"), silence(1, alert("af", 0), until=60), silence(2, alert("af", 0), until=30), ticks(0, 90)
        )
        assert [(e.step, seconds(e.received_at)) for e in told][2:] == [("silence", 2), ("expire", 30)]

    @pytest.mark.parametrize(
        ("until", "reason"),
        [
            (None, "a silence needs an end"),
            (20, "the end of the silence has passed"),
            (19, "the end of the silence has passed"),
            (20 + 12 * 3600 + 1, "the silence is longer than policy allows"),
        ],
    )
    def test_without_an_end_that_policy_allows_is_refused(self, until: float | None, reason: str) -> None:
        parts = tachycardia(), silence(20, TACHYCARDIA, until=until)
        assert refusals(*parts) == [reason]
        assert len(alarms(*parts)) == 1

    def test_of_one_shift_is_allowed(self) -> None:
        assert refusals(tachycardia(), silence(20, TACHYCARDIA, until=20 + 12 * 3600)) == []


class TestUnsilence:
    def test_ends_the_silence_and_says_who(self) -> None:
        told = events(
            finding(0, "af"), silence(1, alert("af", 0), until=60), unsilence(5, alert("af", 0)), ticks(0, 90)
        )
        assert [(e.step, e.reason, e.by) for e in told][2:] == [("expire", "unsilenced", DOCTOR)]

    def test_of_an_alert_that_is_not_silenced_changes_nothing(self) -> None:
        assert alarms(finding(0, "af"), unsilence(5, alert("af", 0))) == [("af", "onset", "medium", 0)]
