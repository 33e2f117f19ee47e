"""Erase everything about a patient: lake, states, Cassandra and marts. Says at the end what is left, which is nothing.

What is not erased here ends by itself: the Kafka log after its retention (nothing of it lands a second time), and the
ids of the first and last patient of a file in the lake's history of commits, after 30 days. Sent mail is not ours.
"""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import pyarrow as pa

from lakehouse.cassandra import Cassandra
from lakehouse.contract import CassandraTable, LakeTable
from lakehouse.errors import WardwatchError
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.log_days import DayStates
from lakehouse.marts import Marts
from lakehouse.messages import Admission, decode
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import (
    CASSANDRA,
    ENTRIES,
    ERASURES,
    LAKE,
    READINGS,
)

GONE_FOR: Final = timedelta(hours=24)


class StillHere(WardwatchError, ValueError):
    """The patient is on a ward, or has left so lately that devices may still send."""


class Erasure(NamedTuple):
    """What was erased, and what is left."""

    lake_rows: int
    cassandra_rows: int
    mart_rows: int
    states: int
    rows_left: int


def erase(settings: Settings, patient_id: str, now: datetime | None = None) -> Erasure:
    """Erase a patient from every store, and look whether anything is left. A repeated run finds nothing.

    Raises
    ------
    StillHere
        When the patient was not discharged, or measured something within the last 24 hours: it would come back.
    """
    now = now or datetime.now(UTC)
    with (
        Lake(settings, patience_s=60) as lake,
        Hdfs(settings) as hdfs,
        Cassandra(settings, Service.ADMIN, patience_s=60) as cassandra,  # no job of the night may delete alerts
        Marts(settings, Service.BATCH) as marts,
    ):
        _check_gone(lake, patient_id, now)
        tables = [table for table in LAKE.values() if "patient_id" in table.names]
        lake_rows = sum(_erase_from(lake, table, patient_id) for table in tables)
        states = _erase_from_states(DayStates(hdfs), patient_id)
        rows = _in_cassandra(cassandra, patient_id)
        cassandra.write_all(cassandra.delete(table, key) for table, key in rows)
        mart_rows = marts.erase_patient(patient_id)
        left = sum(_count(lake, table, patient_id) for table in tables)
        left += len(_in_cassandra(cassandra, patient_id)) + marts.erase_patient(patient_id)
        erasure = Erasure(lake_rows, len(rows), mart_rows, states, left)
        _remember(lake, patient_id, now, lake_rows + len(rows) + mart_rows)
    return erasure


def _check_gone(lake: Lake, patient_id: str, now: datetime) -> None:
    since = now - GONE_FOR
    measured = lake.read(READINGS, [("patient_id", "=", patient_id), ("received_at", ">=", since)], ["received_at"])
    admissions = lake.read(ENTRIES, [("patient_id", "=", patient_id), ("kind", "=", "admission")], ["offset", "body"])
    bodies = admissions.sort_by("offset")["body"].to_pylist()
    newest = decode(bodies[-1].encode()) if bodies else None
    if len(measured) or (isinstance(newest, Admission) and newest.event != "discharge"):
        raise StillHere(
            f"a patient is erased 24 h after the discharge; {patient_id} "
            f"{'measured something since ' + since.isoformat() if len(measured) else 'is not discharged'}; "
            "send the discharge, or wait"
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _erase_from(lake: Lake, table: LakeTable, patient_id: str) -> int:
    """Delete the rows, and the files that held them: those of this version, and those replaced before."""
    deleted = lake.delete(table, f"patient_id = {_quoted(patient_id)}")
    lake.vacuum(table, keep_hours=0)
    return deleted


def _count(lake: Lake, table: LakeTable, patient_id: str) -> int:
    return len(lake.read(table, [("patient_id", "=", patient_id)], ["patient_id"]))


def _erase_from_states(states: DayStates, patient_id: str) -> int:
    """Make the patient someone never seen in the state of every day. Returns in how many files there was a record."""
    found = 0
    for day in states.days():
        for partition in states.partitions(day):
            fold = states.load(day, partition)
            if fold is not None and fold.forget(patient_id):
                states.save(day, partition, fold)
                found += 1
    return found


def _in_cassandra(cassandra: Cassandra, patient_id: str) -> list[tuple[CassandraTable, dict[str, Any]]]:
    """Return table and key of each row that is about the patient."""
    return [(table, key) for table in CASSANDRA.values() for key in _keys_of_patient(cassandra, table, patient_id)]


def _keys_of_patient(cassandra: Cassandra, table: CassandraTable, patient_id: str) -> list[dict[str, Any]]:
    if table.partition_key == ("patient_id",):
        rows = cassandra.select(table, {"patient_id": patient_id})
    else:
        partitions = cassandra.partition_keys(table)
        rows = [row for key in partitions for row in cassandra.select(table, key) if _is_of(row, patient_id)]
    return [{name: row[name] for name in table.key} for row in rows]


def _is_of(row: dict[str, Any], patient_id: str) -> bool:
    """Say whether a row is about the patient, a digest that lists one of the patient's alerts, or a board that does.

    Ids of alerts and events begin with the patient's id and a dot.
    """
    ids = (str(row.get(name) or "") for name in ("alert_id", "event_id"))
    if row.get("patient_id") == patient_id or any(each.startswith(f"{patient_id}.") for each in ids):
        return True
    texts = ((row.get(name) or "") for name in ("mail", "beds"))
    return any(re.search(rf"(?<![\w.-]){re.escape(patient_id)}(?![\w-])", text) for text in texts)


def _remember(lake: Lake, patient_id: str, now: datetime, rows: int) -> None:
    digest = hashlib.sha256(patient_id.encode()).hexdigest()
    row = {"day": now.date(), "erased_at": now, "patient_digest": digest, "rows_erased": rows}
    lake.append(ERASURES, pa.Table.from_pylist([row], arrow_schema(ERASURES)), Batch(f"erase/{digest}", time.time_ns()))
