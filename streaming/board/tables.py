"""The two tables of a patient's view, alarm history and limits in force, as rows of text. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from lakehouse.events import AlertEvent
from streaming.board import words
from streaming.board.alarm_history import Episode
from streaming.board.limits import InForce
from streaming.notify import wording

EPISODE_COLUMNS: Final = ("onset, UTC", "priority", "condition", "value, limit", "acknowledged", "silenced", "ended")
LIMIT_COLUMNS: Final = ("condition", "medium", "high", "version", "author", "reason", "expires, UTC")


def condition(name: str) -> str:
    """Return a condition in words, as mails say it."""
    return wording.condition(_event(name))


def episode_rows(episodes: Iterable[Episode]) -> list[tuple[str, ...]]:
    """Return one row an alert."""
    return [
        (
            words.moment(each.onset_at),
            f"{words.SHAPES[each.priority]} {words.NAMES[each.priority]}",
            condition(each.condition),
            wording.measured(_event(each.condition, each.value, each.limit)) or "–",
            f"{words.moment(each.acknowledged_at)} {each.acknowledged_by or ''}".rstrip(),
            each.silenced_by or "–",
            words.moment(each.closed_at),
        )
        for each in episodes
    ]


def limit_rows(limits: Iterable[InForce]) -> list[tuple[str, ...]]:
    """Return one row a condition."""
    return [
        (
            condition(each.condition),
            f"{each.medium:.4g}",
            f"{each.high:.4g}",
            str(each.version) if each.version else "–",
            each.author,
            each.reason or "–",
            words.moment(each.expires_at),
        )
        for each in limits
    ]


def _event(name: str, value: float | None = None, limit: float | None = None) -> AlertEvent:
    """Return an event that has what the words of mails look at."""
    at = datetime.fromtimestamp(0, UTC)
    return AlertEvent(
        event_id="", patient_id="", condition=name, step="onset", value=value, limit=limit, received_at=at,
        partition=0, offset=0,
    )  # fmt: skip
