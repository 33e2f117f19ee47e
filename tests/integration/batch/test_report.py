"""The marts of a day, from a lake, a Cassandra and a PostgreSQL that are real."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch import report
from clinical.vitals import INDEX, VITALS
from lakehouse.alert_rows import event_rows
from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent, Step
from lakehouse.lake import Batch, Lake
from lakehouse.landed import DayIsOpen
from lakehouse.mart_tables import (
    ALARM_BURDEN_DAILY,
    ALARM_EPISODES,
    ALARM_HOURS_DAILY,
    DELIVERY_DAILY,
    LATENCY_DAILY,
    LIMITS_EFFECT,
    LIMITS_HISTORY,
    MARTS,
    PATIENT_DAYS,
    PATIENTS_MOST_ALARMS,
    VITALS_DAILY,
    WARD_BURDEN_DAILY,
)
from lakehouse.marts import Marts
from lakehouse.messages import Admission, Limits, encode
from lakehouse.packing import pack
from lakehouse.settings import Service, Settings
from lakehouse.tables import DELIVERIES, ENTRIES, LAKE_ALERT_EVENTS, READINGS
from tests.integration.streaming.own_lake import with_own_lake
from tests.local_stack import ROOT

ONE_DAY = timedelta(days=1)


@pytest.fixture
def day() -> date:
    """A day of this test alone."""
    return date(2040, 1, 1) + random.randrange(1000) * 20 * ONE_DAY  # noqa: S311  no secret


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Iterator[Lake]:
    with Lake(settings, patience_s=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def marts(settings: Settings) -> Iterator[Marts]:
    with Marts(settings, Service.REPORTS, patience_s=60) as opened:
        yield opened


def at(day: date, seconds: float) -> datetime:
    return datetime.combine(day, time(8), UTC) + timedelta(seconds=seconds)


def test_a_past_day_that_may_still_grow_has_no_report(settings: Settings, tmp_path: Path) -> None:
    own = with_own_lake(settings, tmp_path)
    with pytest.raises(DayIsOpen, match="landed on no day yet"):
        report.run(own, date(2020, 1, 1))


def event(day: date, number: int, step: Step, after_s: float, alert: str = "p1.spo2_low.1", **more: Any) -> AlertEvent:
    """A step of an alert that was raised at 08:00 of the day."""
    patient_id, condition, _ = alert.split(".")
    given: dict[str, Any] = {
        "event_id": f"{alert}-{day}.{number:05d}", "alert_id": f"{alert}-{day}", "patient_id": patient_id,
        "ward_id": "w1", "condition": condition, "step": step, "priority": "medium", "value": 88.0, "limit": 90.0,
        "onset_at": at(day, -10), "received_at": at(day, after_s), "partition": 0, "offset": number,
    }  # fmt: skip
    return AlertEvent(**(given | more))


def land(lake: Lake, table: Any, day: date, rows: pa.Table) -> None:
    landed = rows.append_column("landed_date", pa.array([day] * len(rows), pa.date32()))
    assert lake.append(table, landed, Batch(f"test/{uuid4().hex}", 1))


def land_events(lake: Lake, day: date, *events: AlertEvent) -> None:
    """Each was announced 0.2 s after its cause was received."""
    rows = event_rows(events)
    announced_at = pc.add(rows["received_at"], timedelta(seconds=0.2))
    place = rows.schema.get_field_index("announced_at")
    land(lake, LAKE_ALERT_EVENTS, day, rows.set_column(place, "announced_at", announced_at))


def land_readings(lake: Lake, day: date, patient_id: str, *heart_rates: float) -> None:
    n = len(heart_rates)
    values = np.full((n, len(VITALS)), np.nan)
    values[:, INDEX["heart_rate_bpm"]] = heart_rates
    packed = pack(values)
    columns: dict[str, Any] = {
        "patient_id": [patient_id] * n, "device_id": ["m"] * n, "measured_at": [at(day, row) for row in range(n)],
        "received_at": [at(day, row + 0.3) for row in range(n)], "partition": pa.array([0] * n, pa.int32()),
        "offset": pa.array(range(n), pa.int64()), "period_s": [1.0] * n, "raw": pa.nulls(n, pa.string()),
    }  # fmt: skip
    land(lake, READINGS, day, pa.table(columns | {name: packed[name] for name in packed.column_names}))


def land_message(lake: Lake, day: date, after_s: float, kind: str, message: Limits | Admission) -> None:
    row = {
        "kind": kind, "patient_id": message.patient_id, "received_at": at(day, after_s), "partition": 0,
        "offset": int(after_s), "body": encode(message).decode(),
    }  # fmt: skip
    rows = pa.Table.from_pylist([row])
    rows = rows.set_column(3, "partition", rows["partition"].cast(pa.int32()))
    land(lake, ENTRIES, day, rows)


def land_limits(lake: Lake, day: date, after_s: float, message: Limits) -> None:
    land_message(lake, day, after_s, "limits", message)


def deliver(settings: Settings, day: date, event_id: str, sent_at: datetime) -> None:
    claim = {
        "recipient": "ward@h.example", "day": day, "event_id": event_id, "message_id": f"<{event_id}>", "state": "sent",
        "attempts": 1, "sent_at": sent_at,
    }  # fmt: skip
    with Cassandra(settings, Service.NOTIFY, patience_s=60) as notify:
        assert notify.insert_all_if_absent(DELIVERIES, [claim]) == []


def everything(marts: Marts, day: date) -> dict[str, list[dict[str, Any]]]:
    return {name: marts.read(table, day) for name, table in MARTS.items()}


def test_a_day_becomes_rows_in_every_mart_and_again_the_same_rows(
    settings: Settings, lake: Lake, marts: Marts, day: date
) -> None:
    onset = event(day, 0, "onset", 0)
    acknowledged = event(day, 1, "acknowledge", 30, by="nurse-1", acknowledged=True)
    land_events(lake, day, onset, acknowledged, event(day, 2, "clear", 200, acknowledged=True))
    land_events(lake, day, onset)  # landed twice
    land_readings(lake, day, "p1", 60.0, 70.0, 80.0)
    land_message(lake, day, 1, "admission", Admission(patient_id="p1", event="admit", ward_id="w1", bed="3"))
    land_limits(lake, day, 5, Limits(patient_id="p1", version=1, limits={"spo2_low": [87.0, None]}, author="dr-1"))
    deliver(settings, day, onset.event_id, at(day, 2))

    done = report.run(settings, day)
    found = everything(marts, day)
    (episode,) = found[ALARM_EPISODES.name]
    assert (episode["in_alarm_s"], episode["to_acknowledge_s"], episode["acknowledged_by"]) == (200.0, 30.0, "nurse-1")
    (burden,) = found[ALARM_BURDEN_DAILY.name]
    assert (burden["alarms"], burden["in_alarm_s"], burden["not_acknowledged_pct"]) == (1, 200.0, 0.0)
    assert [row["patient_id"] for row in found[PATIENTS_MOST_ALARMS.name]] == ["p1"]
    heart_rate, score = found[VITALS_DAILY.name]
    assert (heart_rate["values_count"], heart_rate["median_value"], heart_rate["highest_value"]) == (3, 70.0, 80.0)
    assert (score["vital"], score["values_count"], score["highest_value"]) == ("news2", 1, 0.0)
    assert [(row["patient_id"], row["alarms"]) for row in found[PATIENT_DAYS.name]] == [("p1", 1)]
    assert {(row["ward_id"], row["patient_days"]) for row in found[WARD_BURDEN_DAILY.name]} == {("w1", 1)}
    assert [(row["hour"], row["alarms"]) for row in found[ALARM_HOURS_DAILY.name]] == [(8, 1)]
    assert {row["hop"]: row["p50_ms"] for row in found[LATENCY_DAILY.name]} == {
        "measured_to_received": 300.0,
        "onset_to_raised": 10_000.0,
        "received_to_announced": 200.0,
        "received_to_sent": 2_000.0,
    }
    assert [(row["recipient"], row["sent_mails"]) for row in found[DELIVERY_DAILY.name]] == [("ward@h.example", 1)]
    assert [(row["author"], row["medium_limit"]) for row in found[LIMITS_HISTORY.name]] == [("dr-1", 87.0)]
    assert {row["ward_id"] for row in (*found[VITALS_DAILY.name], *found[LIMITS_HISTORY.name])} == {"w1"}

    assert report.run(settings, day) == done
    assert everything(marts, day) == found


def test_a_later_day_completes_an_alert_and_the_earlier_report_does_not_undo_it(
    settings: Settings, lake: Lake, marts: Marts, day: date
) -> None:
    land_events(lake, day, event(day, 0, "onset", 0), event(day, 0, "onset", 60, alert="p2.spo2_low.2"))
    report.run(settings, day)
    assert [row["closed_at"] for row in marts.read(ALARM_EPISODES, day)] == [None, None]

    land_events(lake, day + ONE_DAY, event(day, 1, "clear", 86_400))
    report.run(settings, day + ONE_DAY)
    closed, still_open = marts.read(ALARM_EPISODES, day)
    assert (closed["in_alarm_s"], still_open["in_alarm_s"]) == (86_400.0, None)
    assert [(row["open_alarms"], row["in_alarm_s"]) for row in marts.read(ALARM_BURDEN_DAILY, day)] == [
        (0, 86_400.0),
        (1, 0.0),
    ]
    assert marts.read(ALARM_EPISODES, day + ONE_DAY) == []

    before = everything(marts, day)
    report.run(settings, day)
    assert everything(marts, day) == before


def test_the_effect_of_personal_limits_is_alarms_a_day_before_and_after(
    settings: Settings, lake: Lake, marts: Marts, day: date
) -> None:
    for number in range(2):  # two days, three alarms
        each = day - (2 - number) * ONE_DAY
        land_readings(lake, each, "p1", 60.0)
        for alarm in range(1 + number):
            alert = f"p1.spo2_low.{alarm}"
            land_events(lake, each, event(each, 0, "onset", 0, alert=alert), event(each, 1, "clear", 50, alert=alert))
    personal = Limits(
        patient_id="p1", version=1, limits={"spo2_low": [86.0, None]}, author="recalibration",
        expires_at=at(day + 3 * ONE_DAY, 0),
    )  # fmt: skip
    land_limits(lake, day, 5, personal)
    land_readings(lake, day + ONE_DAY, "p1", 60.0)
    for offset in (-2, -1, 0, 1):
        report.run(settings, day + offset * ONE_DAY)
    (row,) = marts.read(LIMITS_EFFECT, day + ONE_DAY)
    assert (row["patient_id"], row["condition"], row["source"]) == ("p1", "spo2_low", "real")
    assert (row["days_before"], row["alarms_before_per_patient_day"], row["in_alarm_before_s"]) == (2, 1.5, 75.0)
    assert (row["days_after"], row["alarms_after_per_patient_day"], row["in_alarm_after_s"]) == (1, 0.0, 0.0)
    assert marts.read(LIMITS_EFFECT, day) == []  # in force for a part of the day only


def test_a_day_without_anything_is_an_empty_report(settings: Settings, marts: Marts, day: date) -> None:
    assert set(report.run(settings, day).rows.values()) == {0}
    assert not any(everything(marts, day).values())


def test_the_command_ends_with_one_json_object(settings: Settings, day: date) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "batch", "report", "--date", str(day)],
        cwd=ROOT, env=os.environ | {"WARDWATCH_RUN": str(settings.run)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["date"], summary["readings"]) == (str(day), 0)
