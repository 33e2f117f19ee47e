"""What the wards' lists say of an alert, in a real Cassandra."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from lakehouse.events import AlertEvent
from lakehouse.settings import Service, Settings
from lakehouse.tables import OPEN_ALERTS_BY_WARD
from streaming.sink import EventSink, Outcome

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def sink(settings: Settings) -> Iterator[EventSink]:
    with EventSink(settings, Service.ALARMS) as ready:
        yield ready


def event(patient_id: str, number: int, **fields: Any) -> AlertEvent:
    filled: dict[str, Any] = {
        "event_id": f"{patient_id}.vt.1.{number:05d}", "alert_id": f"{patient_id}.vt.1", "patient_id": patient_id,
        "condition": "vt", "priority": "high", "ward_id": "icu", "onset_at": NOON,
        "received_at": NOON + timedelta(seconds=number), "partition": 0, "offset": number,
    }  # fmt: skip
    return AlertEvent(**(filled | fields))


def test_who_acknowledged_an_alert_goes_with_it_to_another_ward(sink: EventSink) -> None:
    patient_id, to = f"p-{uuid4().hex}", f"w-{uuid4().hex}"
    acknowledged = event(patient_id, 1, step="acknowledge", by="nurse-1", acknowledged=True)
    moved = event(patient_id, 2, step="transfer", ward_id=to, from_ward_id="icu", acknowledged=True)
    for step in (event(patient_id, 0, step="onset"), acknowledged, moved, moved):
        sink.write(Outcome([step], []))
    (row,) = sink.cassandra.select(OPEN_ALERTS_BY_WARD, {"ward_id": to})
    assert (row["acknowledged"], row["acknowledged_by"]) == (True, "nurse-1")
    left = sink.cassandra.select(OPEN_ALERTS_BY_WARD, {"ward_id": "icu"})
    assert patient_id not in {row["patient_id"] for row in left}


def test_acknowledged_and_moved_in_one_stretch_of_the_log(sink: EventSink) -> None:
    patient_id, to = f"p-{uuid4().hex}", f"w-{uuid4().hex}"
    steps = [
        event(patient_id, 0, step="onset"),
        event(patient_id, 1, step="acknowledge", by="nurse-2", acknowledged=True),
        event(patient_id, 2, step="transfer", ward_id=to, from_ward_id="icu", acknowledged=True),
    ]
    sink.write(Outcome(steps, []))
    (row,) = sink.cassandra.select(OPEN_ALERTS_BY_WARD, {"ward_id": to})
    assert row["acknowledged_by"] == "nurse-2"
