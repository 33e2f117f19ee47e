"""Quiet repeats: an alert that comes and goes is mailed once in a while, not each time. Pure.

The onset of an alert of medium or low priority is not mailed to someone who was mailed about the same condition of the
same patient, at that priority or a higher one, less than `window` before, by `received_at` of both. It goes when:

- its priority is high: that always goes;
- the mail before was about a lower priority;
- it is any other step: a worsening, an escalation, the end of a silence or a move is always news.

Nothing is lost by it: the alert is on the board, and where nobody acknowledges it, it escalates. The memory is that of
one process: after a restart a repeat may be mailed once too often, and never once too seldom.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from lakehouse.events import AlertEvent, Priority

_RANK: Final[dict[Priority, int]] = {"low": 0, "medium": 1, "high": 2}
_FORGET_AT: Final = 100_000
About: TypeAlias = tuple[str, str, str | None]  # recipient, patient, condition


class Quiet:
    """Remembers the last mail about each condition of each patient to each recipient."""

    def __init__(self, window: timedelta) -> None:
        self._window = window
        self._last: dict[About, tuple[datetime, int]] = {}

    def repeats(self, event: AlertEvent, recipient: str) -> bool:
        """Whether this recipient need not be mailed about this event."""
        if event.step != "onset" or event.priority == "high":
            return False
        told_at, rank = self._last.get((recipient, event.patient_id, event.condition), (None, 0))
        return told_at is not None and rank >= _rank(event) and event.received_at - told_at < self._window

    def told(self, event: AlertEvent, recipient: str) -> None:
        """Remember that a mail about this event was accepted."""
        if event.step == "clear":  # good news hides no bad news
            return
        about = (recipient, event.patient_id, event.condition)
        told_at, rank = self._last.get(about, (event.received_at, 0))
        recent = event.received_at - told_at < self._window
        self._last[about] = (max(event.received_at, told_at), max(_rank(event), rank if recent else 0))
        if len(self._last) > _FORGET_AT:
            newest = max(at for at, _ in self._last.values())
            self._last = {key: last for key, last in self._last.items() if newest - last[0] < self._window}


def _rank(event: AlertEvent) -> int:
    return _RANK[event.priority or "medium"]
