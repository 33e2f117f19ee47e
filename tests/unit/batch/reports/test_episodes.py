"""Steps of alerts become episodes: each once, on the day of its onset, whatever the order of the rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from batch.reports.episodes import episodes_of

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def step(number: int, name: str, after_s: float, **more: Any) -> dict[str, Any]:
    """One event of the alert `p1.heart_rate_high.0`, so many seconds after it was raised."""
    alert_id = "p1.heart_rate_high.0"
    return {
        "landed_date": DAY,
        "event_id": f"{alert_id}.{number:05d}",
        "alert_id": alert_id,
        "patient_id": "p1",
        "ward_id": "w1",
        "bed": "7",
        "condition": "heart_rate_high",
        "step": name,
        "priority": "medium",
        "value": 130.0,
        "limit": 120.0,
        "limits_version": 0,
        "onset_at": AT - timedelta(seconds=15),
        "received_at": AT + timedelta(seconds=after_s),
        "escalation": 0,
        "by": None,
    } | more


def episode(*steps: dict[str, Any]) -> dict[str, Any]:
    (found,) = episodes_of(steps).by_day[DAY]
    return found


def test_an_episode_runs_from_raised_to_closed() -> None:
    found = episode(step(0, "onset", 0), step(1, "clear", 300))
    assert (found["raised_at"], found["closed_at"], found["in_alarm_s"]) == (AT, AT + timedelta(seconds=300), 300.0)
    assert (found["ended_by"], found["ward_id"], found["value"], found["limit"]) == ("clear", "w1", 130.0, 120.0)


def test_its_priority_is_the_highest_that_it_reached() -> None:
    found = episode(
        step(0, "onset", 0), step(1, "worsen", 5, priority="high"), step(2, "ease", 9), step(3, "clear", 300)
    )
    assert found["priority"] == "high"


def test_the_first_acknowledgement_counts() -> None:
    found = episode(
        step(0, "onset", 0),
        step(1, "escalate", 40, escalation=1),
        step(2, "acknowledge", 60, by="nurse-1", escalation=1),
        step(3, "worsen", 70),
        step(4, "acknowledge", 90, by="nurse-2"),
        step(5, "clear", 300),
    )
    assert (found["acknowledged_by"], found["to_acknowledge_s"], found["escalation"]) == ("nurse-1", 60.0, 1)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([step(1, "clear", 120)], True),
        ([step(1, "clear", 120.1)], False),
        ([step(1, "discharge", 20)], False),
        ([step(1, "acknowledge", 10, by="nurse-1"), step(2, "clear", 20)], False),
        ([], False),
    ],
    ids=["at 120 s", "later", "discharged", "acknowledged", "open"],
)
def test_non_actionable_is_what_clears_by_itself_within_two_minutes(
    steps: list[dict[str, Any]], expected: bool
) -> None:
    assert episode(step(0, "onset", 0), *steps)["non_actionable"] is expected


def test_an_open_alert_has_no_time_in_alarm_yet() -> None:
    found = episode(step(0, "onset", 0), step(1, "worsen", 10))
    assert (found["closed_at"], found["ended_by"], found["in_alarm_s"]) == (None, None, None)


def test_repeated_rows_in_any_order_change_nothing() -> None:
    steps = [step(0, "onset", 0), step(1, "worsen", 10, priority="high"), step(2, "clear", 60)]
    expected = episodes_of(steps)
    for some in permutations([*steps, steps[1], step(0, "onset", 0, landed_date=DAY + timedelta(days=1))]):
        assert episodes_of(some) == expected


def test_an_alert_over_midnight_stands_on_the_day_of_its_onset() -> None:
    tomorrow = DAY + timedelta(days=1)
    found = episodes_of([step(0, "onset", 0), step(1, "clear", 86_400, landed_date=tomorrow)])
    assert list(found.by_day) == [DAY]
    assert found.by_day[DAY][0]["in_alarm_s"] == 86_400.0


def test_an_alert_whose_onset_is_gone_is_counted_and_no_episode() -> None:
    assert episodes_of([step(1, "clear", 60)]) == ({}, 1)


def test_a_patient_without_a_ward_is_unassigned() -> None:
    assert episode(step(0, "onset", 0, ward_id=None))["ward_id"] == "unassigned"


def test_no_events_are_no_episodes() -> None:
    assert episodes_of([]) == ({}, 0)
