"""Claims on mails, in the table `deliveries`: who sends what, so that two notifiers send nothing twice.

A single mail has one row, and its event_id is the event's. A digest has a row for each event in it, in state
`listed`, and one for itself, whose event_id is its Message-ID and which keeps the mail's text: whoever takes over from
a dead notifier sends that same digest, whichever of its events have been read again by then.
"""

from __future__ import annotations

import logging
import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from lakehouse.cassandra import Cassandra
from lakehouse.cassandra_session import Row
from lakehouse.errors import StoreError
from lakehouse.events import AlertEvent
from lakehouse.tables import ALERT_EVENTS, DEAD_LETTERS_BY_DAY, DELIVERIES
from streaming.notify import claimant
from streaming.notify.storm import day_of
from streaming.notify.writer import Writer, identity_of

logger = logging.getLogger(__name__)

CLAIMED: Final = "claimed"
LISTED: Final = "listed"
SENT: Final = "sent"
DEAD: Final = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A mail that this notifier, and no other, sends now. `event_id` is that of its row."""

    recipient: str
    day: date
    event_id: str
    alert_id: str | None
    message_id: str
    subject: str
    mail: bytes
    attempts: int = 1

    @property
    def key(self) -> Row:
        """The key of its row."""
        return {"recipient": self.recipient, "day": self.day, "event_id": self.event_id}


@dataclass(frozen=True, slots=True)
class Claims:
    """What is to be sent now, and how many mails another notifier, which seems to live, has in hand."""

    mine: list[Claim]
    elsewhere: int = 0


class Deliveries:
    """What has been sent, and who is sending it. Waits for a database that is away.

    Every method may be repeated: a claim of one's own is claimed again, and what is sent stays sent. Another's may be
    taken over when it is older than `stale_after`.
    """

    def __init__(self, database: Cassandra, writer: Writer, stale_after: timedelta) -> None:
        self._database = database
        self._stale_after = stale_after
        self._writer = writer
        self._me = claimant.myself()

    def claim(self, recipient: str, events: Sequence[AlertEvent]) -> Claims:
        """Claim the mail about these events of one day; what was sent before is left out.

        Events that a dead notifier has claimed come back as the mail that it meant to send, so one call may give
        several mails.
        """
        now = _now()
        claim = self._new(recipient, events, now)
        there = self._database.insert_all_if_absent(DELIVERIES, self._rows(claim, events, now))
        if not there:
            return Claims([claim if claim.mail else replace(claim, mail=self._writer.mail(recipient, events, now))])
        known = {row["event_id"]: row for row in there}
        mails = {known[event.event_id]["message_id"]: event for event in events if event.event_id in known}
        again = [self._again(recipient, event, known[event.event_id], now) for event in mails.values()]
        rest = [event for event in events if event.event_id not in known]
        others = self.claim(recipient, rest) if rest else Claims([])
        mine = [found for found in again if isinstance(found, Claim)] + others.mine
        return Claims(mine, again.count(CLAIMED) + others.elsewhere)

    def due(self, recipient: str, events: Sequence[AlertEvent]) -> list[AlertEvent]:
        """Leave out the ends of alerts of which this recipient was not told at a priority that matters."""
        begun = (event for event in events if event.step != "clear")
        told_here = {event.alert_id for event in begun if event.priority in self._writer.cleared}
        return [
            event
            for event in events
            if event.step != "clear" or event.alert_id in told_here or self._was_told(recipient, event)
        ]

    def _was_told(self, recipient: str, end: AlertEvent) -> bool:
        key = {"patient_id": end.patient_id, "alert_id": end.alert_id}
        steps = self._database.select(ALERT_EVENTS, key)
        mattered = (step for step in steps if step["priority"] in self._writer.cleared and step["step"] != "clear")
        return any(self._has_been_sent(recipient, step["received_at"].date(), step["event_id"]) for step in mattered)

    def _has_been_sent(self, recipient: str, day: date, event_id: str) -> bool:
        key = {"recipient": recipient, "day": day, "event_id": event_id}
        for row in self._database.select(DELIVERIES, key):
            in_digest = row["state"] == LISTED
            return self._has_been_sent(recipient, day, row["message_id"]) if in_digest else bool(row["state"] == SENT)
        return False

    def sent(self, claim: Claim) -> None:
        """Keep that the mail server has accepted the mail."""
        self._close(claim, {"state": SENT, "sent_at": _now(), "error": None, "mail": None})

    def dead(self, claim: Claim, error: str, happened_at: datetime) -> None:
        """Give a mail up, visibly. `happened_at` is the time of its last event, so that a repetition adds no row."""
        self._database.execute(
            self._database.upsert(
                DEAD_LETTERS_BY_DAY,
                {
                    "day": claim.day, "at": happened_at, "event_id": claim.event_id, "recipient": claim.recipient,
                    "alert_id": claim.alert_id, "message_id": claim.message_id, "attempts": claim.attempts,
                    "error": error, "subject": claim.subject,
                },
            )
        )  # fmt: skip
        self._close(claim, {"state": DEAD, "error": error})

    def unmade(self, recipient: str, event: AlertEvent, error: str) -> None:
        """Give up, visibly, a mail that could not be made or claimed; a claim on it that is our own is closed."""
        key = {"recipient": recipient, "day": day_of(event), "event_id": event.event_id}
        self._database.execute(
            self._database.upsert(
                DEAD_LETTERS_BY_DAY,
                {
                    "day": key["day"], "at": event.received_at, "event_id": event.event_id,
                    "recipient": recipient, "alert_id": event.alert_id, "attempts": 0, "error": error,
                    "message_id": identity_of([event], recipient),
                },
            )
        )  # fmt: skip
        with suppress(StoreError):  # that row may be what Cassandra refuses
            values, ours = {"state": DEAD, "error": error}, {"state": CLAIMED, "claimed_by": self._me}
            self._database.update_if(DELIVERIES, key, values, ours)

    def unreadable(self, place: str, error: str, written_at: datetime) -> None:
        """Keep that a record of the topic could not be understood, and so told nobody."""
        self._database.execute(
            self._database.upsert(
                DEAD_LETTERS_BY_DAY,
                {
                    "day": written_at.date(), "at": written_at, "event_id": place, "recipient": "",
                    "message_id": "", "attempts": 0, "error": error,
                },
            )
        )  # fmt: skip

    def _new(self, recipient: str, events: Sequence[AlertEvent], now: datetime) -> Claim:
        """Return a claim. A digest is written at once, since its row keeps it; a single mail when the claim is ours."""
        single = len(events) == 1
        identity = identity_of(events, recipient)
        return Claim(
            recipient=recipient,
            day=day_of(events[0]),
            event_id=events[0].event_id if single else identity,
            alert_id=events[0].alert_id if single else None,
            message_id=identity,
            subject=self._writer.subject(events, now),
            mail=b"" if single else self._writer.mail(recipient, events, now),
        )

    def _rows(self, claim: Claim, events: Sequence[AlertEvent], now: datetime) -> list[Row]:
        row = claim.key | {
            "alert_id": claim.alert_id, "message_id": claim.message_id, "state": CLAIMED, "attempts": claim.attempts,
            "claimed_by": self._me, "claimed_at": now, "subject": claim.subject,
        }  # fmt: skip
        if len(events) == 1:
            return [row]
        listed = {"message_id": claim.message_id, "state": LISTED, "claimed_by": self._me, "claimed_at": now}
        members = [claim.key | listed | {"event_id": each.event_id, "alert_id": each.alert_id} for each in events]
        return [row | {"mail": _packed(claim.mail)}, *members]

    def _again(self, recipient: str, event: AlertEvent, row: Row, now: datetime) -> Claim | str:
        """Claim a mail that has been claimed before, or say the state in which it is left."""
        if row["state"] == LISTED:
            key = {"recipient": recipient, "day": row["day"], "event_id": row["message_id"]}
            row = self._database.select(DELIVERIES, key)[0]
        if row["state"] != CLAIMED:
            return str(row["state"])
        mine = row["claimed_by"] == self._me
        if not mine and not claimant.is_gone(row["claimed_by"], row["claimed_at"], now, self._stale_after):
            return CLAIMED
        if not mine:
            logger.info("taking over mail %s from %s", row["message_id"], row["claimed_by"])
        return self._renewed(recipient, row, event, now) or CLAIMED

    def _renewed(self, recipient: str, row: Row, event: AlertEvent, now: datetime) -> Claim | None:
        mail = _unpacked(row["mail"]) if row["mail"] else self._writer.mail(recipient, [event], now)
        claim = Claim(
            mail=mail,
            attempts=row["attempts"] + 1,
            **{name: row[name] for name in ("recipient", "day", "event_id", "alert_id", "message_id", "subject")},
        )
        values = {"claimed_by": self._me, "claimed_at": now, "attempts": claim.attempts}
        expected = {name: row[name] for name in ("state", "claimed_by", "claimed_at")}
        return claim if self._database.update_if(DELIVERIES, claim.key, values, expected) else None

    def _close(self, claim: Claim, values: Row) -> None:
        if not self._database.update_if(DELIVERIES, claim.key, values, {"claimed_by": self._me}):
            logger.warning("mail %s was taken over by another notifier while this one had it", claim.message_id)


def _packed(mail: bytes) -> str:
    """Return a digest as its row keeps it: a tenth of its size, since Cassandra refuses transactions of 50 KiB."""
    return b64encode(zlib.compress(mail)).decode("ascii")


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b64decode(text))


def _now() -> datetime:
    """Return the time to the millisecond, as Cassandra keeps it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
