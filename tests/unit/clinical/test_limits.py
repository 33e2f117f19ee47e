"""One patient's limits: what is accepted, what is refused, and which layer is in force."""

from __future__ import annotations

import pytest

from tests.unit.clinical.histories import NIGHTLY, Pair, Part, alarms, at, events, limits, refusals, ticks

CROSSED = "limits are crossed: the high-priority limit lies beyond the medium one, and low limits below high ones"
BEYOND = "a limit is looser than policy allows"


def rate(bpm: float, begin: float = 10, for_s: float = 20) -> Part:
    return at(begin, heart_rate_bpm=bpm).for_s(for_s)


class TestPersonalLimit:
    def test_alarms_where_the_default_does_not(self) -> None:
        told = events(limits(0, version=3, heart_rate_high=[105, 140]), rate(110))
        assert [(e.step, e.priority, e.limit, e.limits_version) for e in told] == [("onset", "medium", 105, 3)]

    def test_is_calm_where_the_default_alarms(self) -> None:
        assert alarms(limits(0, heart_rate_high=[135, 150]), rate(130)) == []

    def test_null_stands_for_the_default_of_that_level(self) -> None:
        told = alarms(limits(0, heart_rate_high=[105, None]), rate(110), rate(141, begin=30))
        assert [(step, priority) for _, step, priority, _ in told] == [("onset", "medium"), ("worsen", "high")]

    def test_a_limit_at_its_bound_is_allowed(self) -> None:
        assert refusals(limits(0, heart_rate_high=[150, 180]), limits(1, version=2, spo2_low=[82, 78])) == []

    def test_of_one_condition_leaves_the_others(self) -> None:
        told = alarms(limits(0, heart_rate_high=[135, 150]), at(10, spo2_pct=88).for_s(20))
        assert told == [("spo2_low", "onset", "medium", 25)]

    def test_a_changed_limit_starts_its_delay_anew(self) -> None:
        told = alarms(rate(130, begin=0), limits(10, heart_rate_high=[110, 140]))
        assert told == []
        told = alarms(rate(130, begin=0, for_s=40), limits(9.5, heart_rate_high=[110, 140]))
        assert told == [("heart_rate_high", "onset", "medium", 25)]

    def test_an_open_alert_is_held_against_the_new_limit(self) -> None:
        told = alarms(rate(130, begin=0, for_s=60), limits(19.5, heart_rate_high=[140, 150]))
        assert told == [("heart_rate_high", "onset", "medium", 15), ("heart_rate_high", "clear", "medium", 30)]


class TestRefused:
    @pytest.mark.parametrize(
        ("pairs", "reason"),
        [
            ({"heart_rate_high": [140, 130]}, CROSSED),
            ({"spo2_low": [84, 86]}, CROSSED),
            ({"heart_rate_high": [44, 140]}, CROSSED),  # below the low limit in force
            ({"heart_rate_high": [100, 140], "heart_rate_low": [100, 40]}, CROSSED),
            ({"heart_rate_high": [151, 180]}, BEYOND),
            ({"heart_rate_high": [150, 181]}, BEYOND),
            ({"spo2_low": [81, 78]}, BEYOND),
            ({"spo2_low": [82, 77]}, BEYOND),
            ({"heart_rate_high": [1e308, 1e308]}, BEYOND),
            ({"heart_rate": [100, 140]}, "names a condition that does not exist"),
            ({"vt": [100, 140]}, "names a condition that does not exist"),
        ],
    )
    def test_as_a_whole_with_a_reason(self, pairs: dict[str, Pair], reason: str) -> None:
        message = limits(0, {"resp_rate_high": [20, 35], **pairs})
        assert refusals(message) == [reason]
        assert alarms(message, at(1, resp_rate_bpm=22).for_s(60)) == []

    def test_when_expired_already(self) -> None:
        assert refusals(limits(10, until=10, heart_rate_high=[100, 140])) == ["the limits have expired already"]

    def test_when_older_than_what_is_in_force(self) -> None:
        parts = limits(0, version=5, heart_rate_high=[105, 140]), limits(1, version=4, heart_rate_high=[130, 140])
        assert refusals(*parts) == ["this version of these limits, or a newer one, is in force"]

    def test_when_another_says_something_else_under_the_version_in_force(self) -> None:
        first = limits(0, version=5, heart_rate_high=[105, 140])
        for other in (
            limits(1, version=5, heart_rate_high=[110, 140]),
            limits(1, version=5, heart_rate_high=[105, 140], spo2_low=[91, 85]),
            limits(1, version=5, spo2_low=[91, 85]),
            limits(1, version=5, until=100, heart_rate_high=[105, 140]),
        ):
            assert refusals(first, other) == ["this version of these limits, or a newer one, is in force"]

    def test_not_when_a_message_is_repeated(self) -> None:
        first = limits(0, version=5, until=60, heart_rate_high=[105, None], spo2_low=None)
        for again_s in (1, 61):
            again = limits(again_s, version=5, until=60, heart_rate_high=[105, None], spo2_low=None)
            assert refusals(first, ticks(1, 60), again) == []

    def test_never_because_of_the_version_of_the_other_layer(self) -> None:
        parts = (
            limits(0, version=5, heart_rate_high=[105, 140]),
            limits(1, version=4, author=NIGHTLY, spo2_low=[91, 85]),
        )
        assert refusals(*parts) == []

    def test_where_recalibration_moves_a_high_priority_limit(self) -> None:
        assert refusals(limits(0, author=NIGHTLY, heart_rate_high=[110, 150])) == [
            "high-priority limits are never personalised by recalibration"
        ]
        assert refusals(limits(0, author=NIGHTLY, heart_rate_high=[110, None])) == []

    def test_says_who_asked(self) -> None:
        (event,) = events(limits(0, heart_rate_high=[151, 180]))
        assert (event.step, event.by, event.alert_id, event.condition) == ("refuse", "dr-a", None, None)


class TestLayers:
    def test_a_clinician_wins_over_the_night(self) -> None:
        night, doctor = limits(0, author=NIGHTLY, heart_rate_high=[105, None]), limits(1, heart_rate_high=[115, 140])
        assert alarms(night, doctor, rate(110)) == []
        assert alarms(doctor, night, rate(110)) == []

    def test_the_night_stands_where_the_clinician_says_nothing(self) -> None:
        night, doctor = limits(0, author=NIGHTLY, heart_rate_high=[105, None]), limits(1, spo2_low=[91, 85])
        assert len(alarms(night, doctor, rate(110))) == 1

    def test_a_clinicians_limit_that_expires_uncovers_the_night(self) -> None:
        parts = (
            limits(0, author=NIGHTLY, version=8, heart_rate_high=[105, None]),
            limits(1, version=2, until=60, heart_rate_high=[115, 140]),
            ticks(0, 110),
            rate(110, begin=50, for_s=60),
        )
        told = events(*parts)
        assert [(e.step, e.limit, e.limits_version) for e in told] == [("onset", 105, 8)]
        assert [at_s for *_, at_s in alarms(*parts)] == [75]

    def test_null_takes_a_limit_back(self) -> None:
        parts = limits(0, heart_rate_high=[105, 140]), limits(1, version=2, heart_rate_high=None)
        assert alarms(*parts, rate(110)) == []
