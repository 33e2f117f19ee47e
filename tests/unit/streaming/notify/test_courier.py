"""A mail is on its way soon after it was claimed, or not at all: a claim that is taken over has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from lakehouse.events import AlertEvent
from streaming.notify.courier import Courier
from streaming.notify.deliveries import Claim, Claims, Deliveries
from streaming.notify.mail_server import MailServer, ServerAway
from streaming.notify.storm import day_of
from tests.unit.streaming.notify.builders import event

NURSE = "nurse@h"
BEGIN_S = 30.0


class FakeStores:
    """Claims, a mail server and the time, which both of them take."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.claim_takes_s = self.mail_takes_s = 0.0
        self.closed: set[str] = set()
        self.mails: list[str] = []

    def due(self, _recipient: str, events: Sequence[AlertEvent]) -> Sequence[AlertEvent]:
        return events

    def claim(self, recipient: str, events: Sequence[AlertEvent]) -> Claims:
        self.now_s += self.claim_takes_s
        return Claims(
            [
                Claim(
                    recipient=recipient, day=day_of(each), event_id=each.event_id, alert_id=each.alert_id,
                    message_id=f"<{each.event_id}>", subject="", mail=each.event_id.encode(),
                )
                for each in events
                if each.event_id not in self.closed
            ]
        )  # fmt: skip

    def sent(self, claim: Claim) -> None:
        self.closed.add(claim.event_id)

    def send(self, _recipient: str, mail: bytes) -> None:
        self.now_s += self.mail_takes_s
        self.mails.append(mail.decode())


def courier(stores: FakeStores, connections: int = 1) -> Courier:
    servers = [cast("MailServer", stores)] * connections
    return Courier(cast("Deliveries", stores), servers, BEGIN_S, lambda: stores.now_s)


def test_what_was_claimed_too_long_ago_is_claimed_anew() -> None:
    stores = FakeStores()
    stores.claim_takes_s = BEGIN_S
    with pytest.raises(ServerAway):
        courier(stores).deliver(NURSE, [event()])
    assert stores.mails == []
    stores.claim_takes_s = 0.0
    assert courier(stores).deliver(NURSE, [event()])
    assert stores.mails == ["event-1"]


def test_of_several_mails_each_begins_in_time() -> None:
    stores = FakeStores()
    stores.mail_takes_s = BEGIN_S
    bringing, events = courier(stores), [event(number=1), event(number=2)]
    with pytest.raises(ServerAway):
        bringing.deliver(NURSE, events)
    assert bringing.deliver(NURSE, events)
    assert stores.mails == ["event-1", "event-2"]


def test_who_finds_no_free_connection_in_time_comes_again_later() -> None:
    stores = FakeStores()
    bringing = Courier(cast("Deliveries", stores), [], 0.01, lambda: stores.now_s)
    with pytest.raises(ServerAway, match="no connection"):
        bringing.deliver(NURSE, [event()])
