"""Builds alert events for tests; what does not matter to a test is filled in here."""

from datetime import UTC, datetime
from typing import Any

from lakehouse.events import AlertEvent

NIGHT = datetime(2026, 11, 24, 3, 12, 11, tzinfo=UTC)


def event(**fields: Any) -> AlertEvent:
    number = fields.pop("number", 1)
    filled = {
        "event_id": f"event-{number}",
        "alert_id": f"alert-{number}",
        "patient_id": "p-1042",
        "ward_id": "icu",
        "bed": "7",
        "condition": "heart_rate_high",
        "step": "onset",
        "priority": "high",
        "value": 152.0,
        "limit": 140.0,
        "onset_at": datetime(2026, 11, 24, 3, 12, 5, tzinfo=UTC),
        "measured_at": datetime(2026, 11, 24, 3, 12, 10, tzinfo=UTC),
        "received_at": NIGHT,
        "partition": 0,
        "offset": number,
    }
    return AlertEvent(**(filled | fields))
