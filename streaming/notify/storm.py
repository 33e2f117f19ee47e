"""What waits for one recipient, and when it goes out: as single mails, or in a storm as one that lists. Pure.

Time is an argument, in seconds of any clock that only goes forward.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, date
from typing import Final

from lakehouse.events import AlertEvent
from streaming.notify.teams import Storm

WINDOW_S: Final = 60.0
# A mail takes a fraction of that. Who waits for longer waits behind others or for a server: one mail then lists all.
BEHIND_S: Final = 1.0
# A digest is claimed in one transaction, and Cassandra refuses those of 50 KiB: ids may be long.
MOST_ID_BYTES: Final = 20_000


def day_of(event: AlertEvent) -> date:
    """Return the UTC day of an event. A digest keeps to one day, because the claims of a day stand together."""
    return event.received_at.astimezone(UTC).date()


class Queue:
    """The alert steps that one recipient has not been told yet, in order.

    While no more wait than the minute still allows, each goes out at once, by itself; where that cannot keep up, all
    that wait go out together. When more wait than the minute allows, they are held for a digest: until the first of
    high priority has waited for `high_hold_s`, or the first of all for `hold_s`.

    `crowded` says that the notifier has more mails in hand than it can send, whoever they are for. Then what is not of
    high priority is held as in a storm, and goes with the next of high priority; that one goes at once.
    """

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self._waiting: deque[tuple[float, AlertEvent]] = deque()
        self._mails: deque[float] = deque()  # when the mails of the last minute went out

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, event: AlertEvent, now: float) -> None:
        """Let an event wait behind the others."""
        self._waiting.append((now, event))

    def due_at(self, now: float, *, crowded: bool = False) -> float | None:
        """Return when `take` will next return something; None while nothing waits."""
        if not self._waiting:
            return None
        too_many = len(self._waiting) - self._allowed(now)
        if too_many <= 0 and not crowded:
            return now
        held_until = self._waiting[0][0] + self._storm.hold_s
        high = next((since for since, event in self._waiting if event.priority == "high"), None)
        if high is not None:
            held_until = min(held_until, high + (self._storm.high_hold_s if too_many > 0 else 0.0))
        if not crowded and too_many <= len(self._mails):
            held_until = min(held_until, self._mails[too_many - 1] + WINDOW_S)
        return held_until

    def take(self, now: float, *, crowded: bool = False) -> list[AlertEvent]:
        """Return what goes out now as one mail; nothing while it is held."""
        due_at = self.due_at(now, crowded=crowded)
        if due_at is None or now < due_at:
            return []
        storm = crowded or len(self._waiting) > self._allowed(now) or now - self._waiting[0][0] > BEHIND_S
        events = list(self._same_day(self._storm.largest_digest if storm else 1))
        self._mails.append(now)
        return events

    def _same_day(self, most: int) -> Iterable[AlertEvent]:
        day, bytes_left = day_of(self._waiting[0][1]), MOST_ID_BYTES
        while self._waiting and most and bytes_left > 0 and day_of(self._waiting[0][1]) == day:
            event = self._waiting.popleft()[1]
            most -= 1
            bytes_left -= len(f"{event.event_id}{event.alert_id}".encode())
            yield event

    def _allowed(self, now: float) -> int:
        while self._mails and self._mails[0] + WINDOW_S <= now:
            self._mails.popleft()
        return max(self._storm.mails_per_minute - len(self._mails), 0)
