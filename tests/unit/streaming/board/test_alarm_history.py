"""One row an alert, with who acknowledged it and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lakehouse.tables import ALERT_EVENTS, REFUSED
from streaming.board.alarm_history import episodes
from tests.unit.streaming.board.builders import NOW


def row(alert_id: str, number: int, step: str, minutes: int, priority: str = "medium", **more: Any) -> dict[str, Any]:
    blank = dict.fromkeys(ALERT_EVENTS.names)
    at = NOW + timedelta(minutes=minutes)
    return blank | {
        "alert_id": alert_id, "event_id": f"{alert_id}.{number:05d}", "step": step, "priority": priority,
        "condition": "spo2_low", "onset_at": NOW, "received_at": at, **more,
    }  # fmt: skip


def test_an_episode_has_its_worst_priority_its_answers_and_its_end() -> None:
    steps = [
        row("a", 0, "onset", 0, value=88.0, limit=90.0),
        row("a", 1, "worsen", 2, priority="high", value=84.0, limit=85.0),
        row("a", 2, "escalate", 4, priority="high", escalation=1),
        row("a", 3, "acknowledge", 5, priority="high", by="n.meier"),
        row("a", 4, "silence", 6, priority="high", by="d.roth"),
        row("a", 5, "clear", 9),
    ]
    (found,) = episodes(reversed(steps))

    assert (found.priority, found.value, found.limit, found.escalations) == ("high", 88, 90, 1)
    assert (found.acknowledged_by, found.acknowledged_at) == ("n.meier", NOW + timedelta(minutes=5))
    assert found.silenced_by == "d.roth"
    assert found.closed_at == NOW + timedelta(minutes=9)


def test_an_open_alert_has_no_end_and_an_unanswered_one_no_answer() -> None:
    (found,) = episodes([row("a", 0, "onset", 0)])
    assert (found.closed_at, found.acknowledged_at, found.acknowledged_by) == (None, None, None)


def test_the_newest_stands_first_and_refusals_are_no_alerts() -> None:
    later = row("b", 0, "onset", 5, onset_at=NOW + timedelta(minutes=5))
    refused = row(REFUSED, 0, "refuse", 1, onset_at=None)
    assert [each.alert_id for each in episodes([row("a", 0, "onset", 0), refused, later])] == ["b", "a"]
