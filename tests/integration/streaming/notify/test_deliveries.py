"""Claims in the real Cassandra: each step and recipient once, whoever dies in between."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent
from lakehouse.tables import DEAD_LETTERS_BY_DAY, DELIVERIES
from streaming.notify import claimant
from streaming.notify.deliveries import Deliveries
from streaming.notify.message import message_id
from streaming.notify.teams import Storm
from streaming.notify.writer import Writer
from tests.unit.streaming.notify.builders import NIGHT, event

WRITER = Writer(sender="wardwatch@h.example", board_url="http://127.0.0.1:8501", cleared=("high",))


@pytest.fixture
def recipient() -> str:
    return f"nurse-{uuid4().hex}@h.example"


@pytest.fixture
def notifier(database: Cassandra, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Deliveries]:
    """Make a notifier of that name, as if it ran on another host."""

    def make(name: str, stale_after: timedelta = timedelta(minutes=2)) -> Deliveries:
        monkeypatch.setattr(claimant, "myself", lambda: f"{name}.example/1/1.0")
        return Deliveries(database, WRITER, stale_after)

    return make


def onset(number: int) -> AlertEvent:
    return event(number=number)


def test_a_step_is_claimed_sent_and_then_never_again(notifier: Callable[..., Deliveries], recipient: str) -> None:
    first, second = notifier("first"), notifier("second")
    (claim,) = first.claim(recipient, [onset(1)]).mine
    assert claim.message_id == message_id(["event-1"], recipient)
    first.sent(claim)
    assert (first.claim(recipient, [onset(1)]).mine, second.claim(recipient, [onset(1)]).mine) == ([], [])


def test_what_another_living_notifier_has_in_hand_is_left_to_it(
    notifier: Callable[..., Deliveries], recipient: str
) -> None:
    first, second = notifier("first"), notifier("second")
    first.claim(recipient, [onset(1)])
    claims = second.claim(recipient, [onset(1), onset(2)])
    assert ([claim.event_id for claim in claims.mine], claims.elsewhere) == (["event-2"], 1)


def test_a_notifier_claims_again_what_it_has_claimed(notifier: Callable[..., Deliveries], recipient: str) -> None:
    first = notifier("first")
    first.claim(recipient, [onset(1)])
    (again,) = first.claim(recipient, [onset(1)]).mine
    assert (again.message_id, again.attempts) == (message_id(["event-1"], recipient), 2)


def test_a_stale_claim_is_taken_over_with_its_message_id(notifier: Callable[..., Deliveries], recipient: str) -> None:
    first, second = notifier("first"), notifier("second", stale_after=timedelta(0))
    (lost,) = first.claim(recipient, [onset(1)]).mine
    (taken,) = second.claim(recipient, [onset(1)]).mine
    assert taken.message_id == lost.message_id


def test_a_digest_is_claimed_whole_and_taken_over_as_it_was(
    notifier: Callable[..., Deliveries], recipient: str
) -> None:
    first, second = notifier("first"), notifier("second", stale_after=timedelta(0))
    (digest,) = first.claim(recipient, [onset(1), onset(2), onset(3)]).mine
    claims = second.claim(recipient, [onset(2), onset(3), onset(4)]).mine
    assert [claim.message_id for claim in claims] == [digest.message_id, message_id(["event-4"], recipient)]
    assert claims[0].mail == digest.mail


def test_the_largest_digest_of_the_longest_ids_can_be_claimed(
    notifier: Callable[..., Deliveries], recipient: str
) -> None:
    patients = [f"{number:03d}{'p' * 61}" for number in range(Storm().largest_digest)]
    alerts = [f"{patient}.signal_lost_resp_rate_bpm.1795489925000" for patient in patients]
    events = [
        event(number=number, patient_id=patient, alert_id=alert_id, event_id=f"{alert_id}.00000")
        for number, (patient, alert_id) in enumerate(zip(patients, alerts, strict=True))
    ]
    (digest,) = notifier("first").claim(recipient, events).mine
    assert all(alert_id.encode() in digest.mail for alert_id in alerts)


def test_a_digest_leaves_out_what_was_sent_before(notifier: Callable[..., Deliveries], recipient: str) -> None:
    first = notifier("first")
    (claim,) = first.claim(recipient, [onset(1)]).mine
    first.sent(claim)
    (digest,) = first.claim(recipient, [onset(1), onset(2), onset(3)]).mine
    assert digest.message_id == message_id(["event-2", "event-3"], recipient)
    first.sent(digest)
    assert first.claim(recipient, [onset(number) for number in (1, 2, 3)]).mine == []


def test_a_mail_that_is_given_up_is_a_dead_letter_however_often_that_is_repeated(
    notifier: Callable[..., Deliveries], recipient: str, database: Cassandra
) -> None:
    first = notifier("first")
    (claim,) = first.claim(recipient, [onset(1)]).mine
    for _ in range(2):
        first.dead(claim, "550 no such user", NIGHT)
    rows = database.select(DEAD_LETTERS_BY_DAY, {"day": NIGHT.date()})
    assert [(row["event_id"], row["error"]) for row in rows if row["recipient"] == recipient] == [
        ("event-1", "550 no such user")
    ]
    assert first.claim(recipient, [onset(1)]).mine == []


def test_a_mail_that_cannot_be_made_is_a_dead_letter_and_its_claim_is_closed(
    notifier: Callable[..., Deliveries], recipient: str, database: Cassandra
) -> None:
    first = notifier("first")
    first.claim(recipient, [onset(1)])
    for _ in range(2):
        first.unmade(recipient, onset(1), "ZeroDivisionError()")
    rows = database.select(DEAD_LETTERS_BY_DAY, {"day": NIGHT.date()})
    assert [(row["event_id"], row["error"]) for row in rows if row["recipient"] == recipient] == [
        ("event-1", "ZeroDivisionError()")
    ]
    assert [row["state"] for row in database.select(DELIVERIES, {"recipient": recipient, "day": NIGHT.date()})] == [
        "dead"
    ]


def test_rows_say_who_sent_what_and_when(
    notifier: Callable[..., Deliveries], recipient: str, database: Cassandra
) -> None:
    first = notifier("first")
    (claim,) = first.claim(recipient, [onset(1)]).mine
    first.sent(claim)
    (row,) = database.select(DELIVERIES, {"recipient": recipient, "day": NIGHT.date()})
    assert (row["state"], row["claimed_by"], row["alert_id"]) == ("sent", "first.example/1/1.0", "alert-1")
    assert datetime.now(UTC) - row["sent_at"] < timedelta(minutes=1)
