"""From a record of the topic `alerts` to the deliveries that it asks for; and how far the topic is dealt with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from lakehouse.events import AlertEvent, Pulse, decode
from streaming.notify.policy import decide
from streaming.notify.progress import Place, Progress
from streaming.notify.quiet import Quiet
from streaming.notify.teams import CareTeams
from streaming.notify.told import Told

Delivery: TypeAlias = tuple[str, str]  # event_id, recipient
REMEMBERED: Final = 100_000  # about as many as a lane and its standby can write twice


class Intake:
    """Decides about each event once, also where the topic repeats it. `since` is when this process began to listen."""

    def __init__(self, teams: CareTeams, since: datetime) -> None:
        self._teams = teams
        self._told = Told(teams.cleared, since)
        self._quiet = Quiet(timedelta(minutes=teams.quiet_minutes))
        self._places: dict[Delivery, set[Place]] = {}  # deliveries under way, and the records that wait for them
        self._made: dict[Delivery, None] = {}  # the latest deliveries, in order
        self.progress = Progress()
        self.counts: Counter[str] = Counter()

    def take(self, place: Place, value: bytes) -> list[tuple[str, AlertEvent]]:
        """Deal with one record, and return who is to be told of what; `delivered` must follow for each.

        Raises
        ------
        DecodeError
            When it is none of ours; nothing has been done then.
        """
        message = decode(value)
        if isinstance(message, Pulse):
            self.progress.read(place, 0)
            return []
        decision = decide(message, self._teams)
        self.counts["events"] += 1
        if decision.reason is not None:
            self.counts[f"told nobody: {decision.reason}"] += 1
        due = [to for to in decision.recipients if self._is_due(message, to)]
        told = self._told.narrow(message, due)
        if due and not told:
            self.counts["told nobody: cleared, and nobody was told of it"] += 1
        # Of an end all are told who knew of its alert, due or not.
        waiting = [to for to in told if (message.event_id, to) not in self._made]
        self.progress.read(place, len(waiting))
        return [(to, message) for to in waiting if self._is_first(place, (message.event_id, to))]

    def _is_due(self, event: AlertEvent, recipient: str) -> bool:
        if (event.event_id, recipient) in self._made:
            return False
        repeats = self._quiet.repeats(event, recipient)
        self.counts["quiet repeats"] += repeats
        return not repeats

    def _is_first(self, place: Place, delivery: Delivery) -> bool:
        """Let a record wait for a delivery; whether the delivery is not under way yet.

        A record may wait already: Kafka gives it again when it has taken its partition away and brought it back.
        """
        is_first = delivery not in self._places
        self._places.setdefault(delivery, set()).add(place)
        return is_first

    def delivered(self, recipient: str, events: Iterable[AlertEvent], *, told: bool = True) -> None:
        """Say that a recipient has been told, or will never be: the records may be forgotten."""
        for event in events:
            if told:
                self._quiet.told(event, recipient)
            delivery = (event.event_id, recipient)
            for place in self._places.pop(delivery, ()):
                self.progress.done(place)
            self._made[delivery] = None
        while len(self._made) > REMEMBERED:
            del self._made[next(iter(self._made))]
