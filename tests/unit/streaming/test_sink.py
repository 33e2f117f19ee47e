"""What goes out first, and as which row: `streaming.sink`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from lakehouse.alert_rows import event_row
from lakehouse.events import AlertEvent, Priority
from lakehouse.messages import Command
from streaming.sink import MOST_EVENTS_A_PART, Outcome, Request, state_row, urgent_first

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(patient_id: str, priority: Priority | None = "low", offset: int = 0) -> AlertEvent:
    return AlertEvent(
        event_id=f"{patient_id}.{offset}", patient_id=patient_id, step="onset", priority=priority,
        received_at=NOON, partition=0, offset=offset,
    )  # fmt: skip


def request(patient_id: str) -> Request:
    return Request(0, 0, NOON, Command(patient_id=patient_id, action="acknowledge", by="nurse"))


def order(events: Sequence[AlertEvent], requests: Sequence[Request] = ()) -> list[list[str]]:
    return [[e.event_id for e in part.events] for part in urgent_first(Outcome(list(events), list(requests)))]


def test_nothing_is_no_part() -> None:
    assert order([]) == []


def test_a_high_alarm_goes_before_thousands_of_low_ones() -> None:
    parts = order([*(event(f"silent-{n}") for n in range(10_000)), event("arrest", "high")])
    assert parts[0][0] == "arrest.0"
    assert {len(part) for part in parts[:-1]} == {MOST_EVENTS_A_PART}
    assert sum(map(len, parts)) == 10_001


def test_events_of_a_patient_stay_together_and_in_order() -> None:
    events = [event("a", "low", 1), event("b", "medium", 2), event("a", "high", 3), event("b", "medium", 4)]
    assert order(events) == [["a.1", "a.3", "b.2", "b.4"]]


def test_a_request_goes_with_the_events_of_its_patient() -> None:
    refusal = event("b", None, 7)
    many = [event(f"p{n}", "medium") for n in range(MOST_EVENTS_A_PART)]
    first, second = urgent_first(Outcome([refusal, *many], [request("b"), request("nobody")]))
    assert first.requests == []
    assert [r.message.patient_id for r in second.requests] == ["b", "nobody"]
    assert second.events == [refusal]


def test_what_an_event_does_not_say_costs_no_column() -> None:
    row = event_row(replace(event("a"), alert_id="a.heart_rate_high.1", value=130.0))
    assert (row["value"], row["acknowledged"], row["escalation"]) == (130.0, False, 0)
    assert not {"limit", "by", "silenced_until", "missing"} & row.keys()


def test_the_first_state_of_an_alert_has_nothing_to_erase() -> None:
    onset = replace(event("a"), alert_id="a.heart_rate_high.1", onset_at=NOON)
    assert None not in state_row(onset).values()
    later = state_row(replace(onset, step="ease"))
    assert later["silenced_until"] is None  # the silence before it is over
