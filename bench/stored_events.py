"""Ninety days of alert events in Cassandra: how long the proof of a day takes to find those of its day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from batch.prove import Stretch, stored_events
from bench.live import own_stack
from bench.report import Report
from lakehouse.cassandra import Cassandra
from lakehouse.progress import bar
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS

DAYS: Final = ALERT_EVENTS.ttl_days or 0
PATIENTS: Final = 1_000
STAY_DAYS: Final = 4
EVENTS: Final = 72  # a patient-day, as in `bench night`
STEPS: Final = 3  # of an alert
OFFSETS_A_DAY: Final = PATIENTS * EVENTS
PARTITION: Final = 0
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)


def run(_: int) -> Report:
    """Write them, then ask for those of the last day: as the proof does, and by fetching all."""
    last = DAYS - 1
    stretch = Stretch(last * OFFSETS_A_DAY, DAYS * OFFSETS_A_DAY, date.min, None, 0)
    with own_stack("cassandra", "kafka", "hdfs", "postgres", "init") as settings:
        _write(settings)
        with Cassandra(settings, Service.BATCH) as cassandra:
            began = time.perf_counter()
            of_day = len(list(stored_events(cassandra, {PARTITION: stretch})))
            chosen_s = time.perf_counter() - began
            began = time.perf_counter()
            keys = cassandra.partition_keys(ALERT_EVENTS)
            fetched = sum(len(cassandra.select(ALERT_EVENTS, key)) for key in keys)
            fetched_s = time.perf_counter() - began
    return Report(
        title=f"Alert events of {DAYS} days of {PATIENTS:,} patients in Cassandra: those of the last day",
        columns=("way", "rows fetched", "seconds"),
        rows=[
            ("Cassandra chooses them, after a count of rows without a place", f"{of_day:,}", f"{chosen_s:.0f}"),
            ("all are fetched, patient by patient", f"{fetched:,}", f"{fetched_s:.0f}"),
        ],
        figures={"chosen_s": round(chosen_s, 1), "fetched_s": round(fetched_s, 1), "rows": fetched},
        notes=(
            f"{EVENTS} events a patient-day, as `bench night` finds them; a stay is {STAY_DAYS} days.",
            "`prove` does the first, beside folding the day (`bench night`). Both in one run, the first one first.",
        ),
    )


def _write(settings: Settings) -> None:
    with Cassandra(settings, Service.ALARMS) as cassandra, bar("alert events", DAYS * OFFSETS_A_DAY) as advance:
        for day in range(DAYS):
            cassandra.write_together(cassandra.upsert(ALERT_EVENTS, row, timestamp_us=1) for row in _rows(day))
            advance(OFFSETS_A_DAY)


def _rows(day: int) -> Iterator[dict[str, Any]]:
    at = FIRST + timedelta(days=day)
    for number in range(OFFSETS_A_DAY):
        patient, event = divmod(number, EVENTS)
        alert, step = divmod(event, STEPS)
        patient_id = f"sim{day // STAY_DAYS}-{patient:04d}"
        alert_id = f"{patient_id}.heart_rate_high.{day}-{alert}"
        yield {
            "patient_id": patient_id, "alert_id": alert_id, "event_id": f"{alert_id}.{step:05d}", "step": "onset",
            "ward_id": "ward-a", "bed": "7", "condition": "heart_rate_high", "priority": "medium", "value": 121.0,
            "limit": 120.0, "limits_version": 0, "onset_at": at, "measured_at": at, "received_at": at, "escalation": 0,
            "acknowledged": False, "partition": PARTITION, "offset": day * OFFSETS_A_DAY + number,
        }  # fmt: skip
