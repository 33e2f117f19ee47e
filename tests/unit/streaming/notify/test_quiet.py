"""An alert that comes and goes is mailed once in a while; what is worse, or high, always."""

from datetime import timedelta
from typing import Any

import pytest

from streaming.notify.quiet import Quiet
from tests.unit.streaming.notify.builders import NIGHT, event

WINDOW = timedelta(minutes=10)
NURSE = "nurse@h"


def repeats(after_min: float, before: dict[str, Any], **fields: Any) -> bool:
    """Whether a second event is quiet, so many minutes after a mail about the first."""
    quiet = Quiet(WINDOW)
    quiet.told(event(**({"priority": "medium"} | before)), NURSE)
    later = {"number": 2, "priority": "medium", "received_at": NIGHT + timedelta(minutes=after_min)}
    return quiet.repeats(event(**(later | fields)), NURSE)


def test_the_same_condition_of_the_same_patient_is_quiet_for_ten_minutes() -> None:
    assert [repeats(after_min, {}) for after_min in (0, 9.9, 10)] == [True, True, False]


@pytest.mark.parametrize(
    "fields",
    [{"priority": "high"}, {"condition": "spo2_low"}, {"patient_id": "p-2"}],
    ids=lambda each: next(iter(each)),
)
def test_what_is_worse_or_other_goes(fields: dict[str, Any]) -> None:
    assert not repeats(1, {}, **fields)


@pytest.mark.parametrize("step", ["worsen", "escalate", "expire", "transfer", "clear"])
def test_every_other_step_goes(step: str) -> None:
    assert not repeats(1, {}, step=step)


def test_high_priority_always_goes() -> None:
    assert not repeats(1, {"priority": "high"}, priority="high")


def test_a_lower_priority_than_the_one_told_is_quiet_and_a_higher_one_goes() -> None:
    assert repeats(1, {"priority": "high"}, priority="medium")
    assert not repeats(1, {"priority": "low"}, priority="medium")


def test_another_recipient_is_told() -> None:
    quiet = Quiet(WINDOW)
    quiet.told(event(priority="medium"), NURSE)
    assert not quiet.repeats(event(priority="medium", number=2), "physician@h")


def test_what_was_quiet_does_not_make_the_next_one_quiet() -> None:
    assert repeats(9, {})
    assert not repeats(11, {})


def test_the_end_of_an_alert_does_not_make_the_next_one_quiet() -> None:
    assert not repeats(1, {"step": "clear"})


def test_without_a_window_every_one_goes() -> None:
    quiet = Quiet(timedelta(0))
    quiet.told(event(priority="medium"), NURSE)
    assert not quiet.repeats(event(priority="medium", number=2), NURSE)
