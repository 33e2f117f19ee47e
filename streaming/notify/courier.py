"""Brings one mail to one recipient: claim, send, mark. At least once, under one Message-ID."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress

from lakehouse.errors import WardwatchError
from lakehouse.events import AlertEvent
from lakehouse.faults import fault_point
from streaming.notify.deliveries import Claim, Deliveries
from streaming.notify.mail_server import MailServer, Refused, RefusedForNow, ServerAway

logger = logging.getLogger(__name__)


class ClaimedElsewhere(WardwatchError):
    """Another notifier has this mail in hand; whether it was sent must be looked at again later."""


class Courier:
    """Delivers from several threads at a time: as many as there are connections; further ones wait for one.

    A crash at any point repeats the delivery: what was claimed is claimed again, what was accepted but not marked is
    sent again with the same Message-ID.

    A dialogue with a mail server begins within `begin_s` of its claim, or not at all: when the claim is stale enough to
    be taken over, it has ended. `monotonic` is a clock in seconds.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        servers: Sequence[MailServer],
        begin_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deliveries = deliveries
        self._begin_s = begin_s
        self._monotonic = monotonic
        self._servers: queue.SimpleQueue[MailServer] = queue.SimpleQueue()
        for server in servers:
            self._servers.put(server)
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def deliver(self, recipient: str, events: Sequence[AlertEvent]) -> bool:
        """Deliver the mail about these events; whether none of it was refused for good.

        Raises
        ------
        ServerAway, RefusedForNow
            Nothing is lost: call again later.
        ClaimedElsewhere
            Everything else is delivered: call again later.
        """
        due = self._deliveries.due(recipient, events)
        if not due:
            return True
        fault_point("notify.before_claim")
        begin_until = self._monotonic() + self._begin_s
        claims = self._deliveries.claim(recipient, due)
        refusal: RefusedForNow | None = None
        told = True
        for claim in claims.mine:
            fault_point("notify.after_claim")
            try:
                told &= self._send(claim, events, begin_until)
            except RefusedForNow as error:
                refusal = error  # of this mail; the others are tried, too
        if refusal is not None:
            raise refusal
        if claims.elsewhere:
            raise ClaimedElsewhere(f"{claims.elsewhere} mails to {recipient} are in the hands of another notifier")
        return told

    def give_up(self, recipient: str, events: Sequence[AlertEvent], error: str) -> None:
        """Bury what a server has refused, for now, for too long."""
        for claim in self._deliveries.claim(recipient, self._deliveries.due(recipient, events)).mine:
            self._bury(claim, events, error)

    def write_off(self, recipient: str, event: AlertEvent, error: str) -> None:
        """Give up a mail that cannot be made, or not be claimed."""
        self._deliveries.unmade(recipient, event, error)
        self._count("dead")

    def _send(self, claim: Claim, events: Sequence[AlertEvent], begin_until: float) -> bool:
        server = self._connection(begin_until)
        try:
            server.send(claim.recipient, claim.mail)
        except Refused as error:
            self._bury(claim, events, str(error))
            return False
        finally:
            self._servers.put(server)
        fault_point("notify.after_send")
        self._deliveries.sent(claim)
        fault_point("notify.after_mark")
        self._count("sent")
        logger.info("mail %s to %s accepted at try %d", claim.message_id, claim.recipient, claim.attempts)
        return True

    def _connection(self, begin_until: float) -> MailServer:
        with suppress(queue.Empty):
            if (wait_s := begin_until - self._monotonic()) > 0:
                return self._servers.get(timeout=wait_s)
        raise ServerAway(
            f"a mail must be on its way within {self._begin_s:g} s of its claim; no connection to the mail server was "
            "free, or Cassandra took too long; the mail is claimed anew"
        )

    def _bury(self, claim: Claim, events: Sequence[AlertEvent], error: str) -> None:
        logger.error("mail %s to %s is given up: %s", claim.message_id, claim.recipient, error)
        fault_point("notify.after_refusal")
        self._deliveries.dead(claim, error, max(event.received_at for event in events))
        self._count("dead")

    def _count(self, outcome: str) -> None:
        with self._lock:
            self.counts[outcome] += 1
