"""What the notifier kept, counted for each recipient, and how long each told event took."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from batch.reports.mails import Told, delivery_rows, received_to_sent_ms

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def mail(event_id: str, **more: Any) -> dict[str, Any]:
    return {
        "recipient": "a@h.example",
        "event_id": event_id,
        "message_id": f"<{event_id}>",
        "state": "sent",
        "attempts": 1,
        "sent_at": AT + timedelta(seconds=2),
    } | more


DIGEST = [
    mail("<d>", message_id="<d>", attempts=2, sent_at=AT + timedelta(seconds=30)),
    mail("e1", message_id="<d>", state="listed", attempts=None, sent_at=None),
    mail("e2", message_id="<d>", state="listed", attempts=None, sent_at=None),
]


def test_a_digest_is_one_mail_about_many_events() -> None:
    (row,) = delivery_rows(Told([*DIGEST, mail("e3")], []), DAY)
    assert row == {
        "day": DAY, "recipient": "a@h.example", "dead_letters": 0, "told_events": 3, "mails": 2, "digests": 1,
        "sent_mails": 2, "waiting_mails": 0, "tries": 3,
    }  # fmt: skip


def test_what_is_not_sent_is_waiting_or_dead() -> None:
    told = Told(
        [mail("e1", state="claimed", sent_at=None), mail("e2", state="dead", sent_at=None, attempts=5)],
        [{"recipient": "a@h.example"}, {"recipient": ""}],
    )
    unreadable, row = delivery_rows(told, DAY)
    assert (row["mails"], row["sent_mails"], row["waiting_mails"], row["dead_letters"], row["tries"]) == (2, 0, 1, 1, 6)
    assert (unreadable["recipient"], unreadable["told_events"], unreadable["dead_letters"]) == ("", 0, 1)


def test_each_event_takes_until_the_mail_that_told_it_was_sent() -> None:
    received = {"e1": AT, "e2": AT + timedelta(seconds=10), "e3": AT}
    assert list(received_to_sent_ms([*DIGEST, mail("e3")], received)) == [30_000, 20_000, 2_000]


def test_each_recipient_is_a_measurement_of_its_own() -> None:
    rows = [mail("e1"), mail("e1", recipient="b@h.example", sent_at=AT + timedelta(seconds=5))]
    assert list(received_to_sent_ms(rows, {"e1": AT})) == [2_000, 5_000]


def test_what_is_not_sent_or_not_in_the_lake_is_left_out() -> None:
    rows = [mail("e1", state="claimed", sent_at=None), mail("unknown")]
    assert list(received_to_sent_ms(rows, {"e1": AT})) == []
