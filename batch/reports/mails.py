"""What people were told by mail about the events of a day: who, how much, how fast, and what did not get through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from lakehouse.cassandra import Cassandra
from lakehouse.lake import Lake
from lakehouse.tables import DEAD_LETTERS_BY_DAY, DELIVERIES, LAKE_ALERT_EVENTS

Row: TypeAlias = dict[str, Any]


class Told(NamedTuple):
    """Rows of `deliveries` and of `dead_letters_by_day` of one day, which is that of the events."""

    deliveries: list[Row]
    dead_letters: list[Row]


def read_told(cassandra: Cassandra, day: date) -> Told:
    """Return what the notifier kept of a day."""
    addresses = [key for key in cassandra.partition_keys(DELIVERIES) if key["day"] == day]
    deliveries = [row for key in addresses for row in cassandra.select(DELIVERIES, key)]
    return Told(deliveries, cassandra.select(DEAD_LETTERS_BY_DAY, {"day": day}))


def delivery_rows(told: Told, day: date) -> list[Row]:
    """Return the rows of `delivery_daily`, by recipient."""
    dead = Counter(row["recipient"] for row in told.dead_letters)
    recipients = sorted({*dead, *(row["recipient"] for row in told.deliveries)})
    return [
        {"day": day, "recipient": each, "dead_letters": dead[each]}
        | _counts([row for row in told.deliveries if row["recipient"] == each])
        for each in recipients
    ]


def _counts(rows: Sequence[Mapping[str, Any]]) -> Row:
    mails = [row for row in rows if row["state"] != "listed"]
    digests = sum(_is_digest(row) for row in mails)
    return {
        "told_events": len(rows) - digests,
        "mails": len(mails),
        "digests": digests,
        "sent_mails": sum(row["state"] == "sent" for row in mails),
        "waiting_mails": sum(row["state"] == "claimed" for row in mails),
        "tries": sum(row["attempts"] or 0 for row in mails),
    }


def _is_digest(row: Mapping[str, Any]) -> bool:
    return bool(row["event_id"] == row["message_id"])


def received_of(lake: Lake, day: date) -> dict[str, datetime]:
    """Return event -> when the message that caused it was received, of the events of a day: some land after it."""
    filters = [("landed_date", ">=", day), ("landed_date", "<=", day + timedelta(days=1))]
    events = lake.read(LAKE_ALERT_EVENTS, filters, ["event_id", "received_at"])
    return dict(zip(events["event_id"].to_pylist(), events["received_at"].to_pylist(), strict=True))


def received_to_sent_ms(deliveries: Iterable[Row], received: Mapping[str, datetime]) -> Iterator[int]:
    """Yield for each event and recipient how long it took until the mail server took the mail, in ms.

    Events that are not in the lake, and mails that are not sent, are left out.
    """
    rows = list(deliveries)
    sent = {(row["recipient"], row["message_id"]): row["sent_at"] for row in rows if row["state"] == "sent"}
    for row in rows:
        sent_at, received_at = sent.get((row["recipient"], row["message_id"])), received.get(row["event_id"])
        if sent_at is not None and received_at is not None:
            yield round((sent_at - received_at).total_seconds() * 1000)
