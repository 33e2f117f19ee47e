"""Limits in force and refusals are the fold's own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from clinical.conditions import MAX_SILENCE_S
from lakehouse.messages import Limit, Limits
from streaming.board.limits import Accepted, InForce, accepted, in_force, refusal, silence_refusal
from tests.unit.streaming.board.builders import NOW

HOUR = timedelta(hours=1)


def message(version: int, limits: dict[str, Limit | None], author: str = "d.roth", hours: float = 4) -> Limits:
    return Limits(
        patient_id="p1", version=version, limits=limits, author=author, reason="why", expires_at=NOW + hours * HOUR
    )


def of(condition: str, known: list[Accepted], hours: float = 0) -> InForce:
    return next(each for each in in_force(known, NOW + hours * HOUR) if each.condition == condition)


def test_without_messages_the_defaults_are_in_force() -> None:
    assert of("spo2_low", []) == InForce("spo2_low", 90, 85)


def test_a_clinicians_limit_lies_above_the_nightly_one_until_it_expires() -> None:
    known = [
        Accepted(message(20260301, {"heart_rate_high": [130, None]}, "recalibration", hours=24), NOW - 2 * HOUR),
        Accepted(message(7, {"heart_rate_high": [110, 135]}), NOW - HOUR),
    ]

    assert of("heart_rate_high", known) == InForce("heart_rate_high", 110, 135, 7, "d.roth", "why", NOW + 4 * HOUR)
    nightly = of("heart_rate_high", known, hours=5)
    assert (nightly.medium, nightly.high, nightly.author) == (130, 140, "recalibration")
    assert of("heart_rate_high", known, hours=25).author == "defaults"


def test_a_limit_that_was_taken_back_is_no_longer_in_force() -> None:
    known = [
        Accepted(message(1, {"spo2_low": [88, 85]}), NOW - 2 * HOUR),
        Accepted(message(2, {"spo2_low": None}), NOW - HOUR),
    ]
    assert of("spo2_low", known).author == "defaults"


def test_what_was_accepted_after_another_had_expired_stays_accepted() -> None:
    known = [
        Accepted(message(1, {"heart_rate_low": [50, 40]}, hours=-3), NOW - 4 * HOUR),
        Accepted(message(2, {"heart_rate_high": [49, 60]}), NOW - 2 * HOUR),
    ]
    assert of("heart_rate_high", known).version == 2


def test_a_limit_within_policy_is_taken() -> None:
    assert refusal([], message(1, {"spo2_low": [88, 84]}), NOW) is None


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"spo2_low": [70, 65]}, "a limit is looser than policy allows"),
        ({"spo2_low": [84, 88]}, "limits are crossed"),
        ({"heart_rate_high": [40, 50]}, "limits are crossed"),
        ({"no_such": [1, 2]}, "names a condition that does not exist"),
    ],
)
def test_a_limit_beyond_policy_is_refused_in_the_folds_own_words(limits: dict[str, Limit | None], says: str) -> None:
    assert says in (refusal([], message(1, limits), NOW) or "")


def test_a_limit_must_expire_later_and_be_newer() -> None:
    known = [Accepted(message(5, {"spo2_low": [88, 84]}), NOW - HOUR)]

    assert refusal([], message(1, {"spo2_low": [88, 84]}, hours=-1), NOW) == "the limits have expired already"
    assert "newer one, is in force" in (refusal(known, message(4, {"spo2_low": [87, 84]}), NOW) or "")


def test_rows_become_messages_but_for_those_before_the_last_discharge() -> None:
    row = {
        "patient_id": "p1", "version": 3, "author": "d.roth", "limits": '{"spo2_low":[88,null]}', "reason": None,
        "expires_at": None, "received_at": NOW,
    }  # fmt: skip

    (found,) = accepted([row])
    assert found.message.limits == {"spo2_low": [88, None]}
    assert accepted([row], since=NOW + HOUR) == []


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (60, None),
        (MAX_SILENCE_S, None),
        (-1, "the end of the silence has passed"),
        (MAX_SILENCE_S + 60, "the silence is longer than policy allows"),
    ],
)
def test_a_silence_ends_and_not_too_late(seconds: int, says: str | None) -> None:
    assert silence_refusal(NOW + timedelta(seconds=seconds), NOW) == says
