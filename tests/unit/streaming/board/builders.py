"""Alerts, tiles and stretches of the log for tests of the board; what does not matter is filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from msgspec import convert

from lakehouse.events import AlertEvent, Priority
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Reading, Vitals

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)


def alert(priority: Priority = "high", condition: str = "spo2_low", patient_id: str = "p1", **more: Any) -> AlertEvent:
    alert_id = f"{patient_id}.{condition}.1"
    return AlertEvent(
        event_id=f"{alert_id}.00000", alert_id=alert_id, patient_id=patient_id, condition=condition,
        priority=priority, step="onset", received_at=NOW, partition=0, offset=0, **more,
    )  # fmt: skip


def readings(*rows: tuple[str, float, dict[str, Any]], period_s: float = 1.0) -> LogSlice:
    """Return readings of (patient, seconds before NOW, vitals) as a stretch of the log, received NOW."""
    messages = [
        Reading(
            patient_id=patient_id,
            measured_at=NOW - timedelta(seconds=ago_s),
            vitals=convert(vitals, Vitals),
            period_s=period_s,
        )
        for patient_id, ago_s, vitals in rows
    ]
    count = len(messages)
    received_ms = np.full(count, NOW_MS, np.int64)
    return slice_of(np.zeros(count, np.int32), np.arange(count, dtype=np.int64), received_ms, messages)
