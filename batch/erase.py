"""Erase everything about a patient: lake, states, Cassandra and marts. Says at the end what is left, which is nothing.

What is not erased here ends by itself: the Kafka log after its retention (nothing of it lands a second time), and the
ids of the first and last patient of a file in the lake's history of commits, after 30 days. The pseudonymous id alone
stays in logs and in Airflow's database, see `docs/operations.md`. Sent mail is not ours.
"""

from __future__ import annotations

import hashlib
import re
import time
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import lru_cache
from itertools import groupby
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from clinical.conditions import CHANNEL
from lakehouse.cassandra import Cassandra, Statement
from lakehouse.contract import CassandraTable, LakeTable
from lakehouse.errors import WardwatchError
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.log_days import DayStates
from lakehouse.marts import Marts
from lakehouse.messages import Admission, decode
from lakehouse.progress import unwatched
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import (
    CASSANDRA,
    ENTRIES,
    ERASURES,
    LAKE,
    QUARANTINE,
    READINGS,
)

GONE_FOR: Final = timedelta(hours=24)
PLACES_AT_ONCE: Final = 5_000  # of quarantined records in one condition

# What stands before a patient's id where it is meant: a number in JSON is none, nor is the end of another id.
_AN_ID: Final = r"\A"
_JSON: Final = '"'
_TEXT: Final = r"(?<![\w.-])"
# What a row names that has no patient_id.
_NAMED: Final = (("alert_id", _AN_ID), ("event_id", _AN_ID), ("beds", _JSON), ("detail", _JSON))


class StillHere(WardwatchError, ValueError):
    """The patient is on a ward, or has left so lately that devices may still send."""


class Erasure(NamedTuple):
    """What was erased, and what is left."""

    lake_rows: int
    cassandra_rows: int
    mart_rows: int
    states: int
    rows_left: int


def erase(
    settings: Settings, patient_id: str, now: datetime | None = None, advance: Callable[[int], None] = unwatched
) -> Erasure:
    """Erase a patient from every store, and look whether anything is left. A repeated run finds nothing.

    Older versions of the lake's tables go with it, those of all other patients, too: their files hold this patient's
    rows. What is in the tables now stays.

    Parameters
    ----------
    now
        Counts for how long the patient is gone; None = by the clock.
    advance
        Told how many tables of the lake more are free of the patient.

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
        lake_rows = 0
        for table in tables:
            lake_rows += _erase_from(lake, table, [f"patient_id = {_quoted(patient_id)}"])
            advance(1)
        lake_rows += _erase_from(lake, QUARANTINE, _at(_quarantined(lake, patient_id)))
        states = _erase_from_states(DayStates(hdfs), patient_id)
        rows = _in_cassandra(cassandra, patient_id)
        cassandra.write_all(rows)
        mart_rows = marts.erase_patient(patient_id)
        left = sum(_count(lake, table, patient_id) for table in tables) + len(_quarantined(lake, patient_id))
        left += len(_in_cassandra(cassandra, patient_id)) + marts.erase_patient(patient_id)
        erasure = Erasure(lake_rows, len(rows), mart_rows, states, left)
        _remember(lake, patient_id, now, lake_rows + len(rows) + mart_rows)
    return erasure


def _check_gone(lake: Lake, patient_id: str, now: datetime) -> None:
    since = now - GONE_FOR
    measured = lake.read(READINGS, [("patient_id", "=", patient_id)], ["received_at"])["received_at"]
    measured_lately = len(measured) > 0 and pc.max(measured).as_py() >= since
    entries = lake.read(ENTRIES, [("patient_id", "=", patient_id)], ["kind", "offset", "body"])
    admissions = entries.filter(pc.equal(entries["kind"], "admission"))
    bodies = admissions.sort_by("offset")["body"].to_pylist()
    newest = decode(bodies[-1].encode()) if bodies else None
    is_discharged = isinstance(newest, Admission) and newest.event == "discharge"
    # Without any of these nobody is known by this id, or nobody is left of an earlier run.
    is_known = len(measured) > 0 or len(entries) > 0
    if measured_lately or (is_known and not is_discharged):
        raise StillHere(
            f"a patient is erased 24 h after the discharge; {patient_id} "
            f"{'measured something since ' + since.isoformat() if measured_lately else 'is not discharged'}; "
            "send the discharge, or wait"
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _erase_from(lake: Lake, table: LakeTable, predicates: Iterable[str]) -> int:
    """Delete the rows, and the files that held them: those of this version, and those replaced before."""
    deleted = sum(lake.delete(table, predicate) for predicate in predicates)
    lake.vacuum(table, keep_hours=0)
    return deleted


class _Place(NamedTuple):
    """Where a record stands in Kafka."""

    topic: str
    partition: int
    offset: int


def _quarantined(lake: Lake, patient_id: str) -> list[_Place]:
    """Return the quarantined records with the patient's key, or with the patient's id in them."""
    key, mentions = patient_id.encode(), _mentions(patient_id, _JSON)
    batches = lake.open(QUARANTINE).to_pyarrow_dataset().to_batches(columns=[*_Place._fields, "key", "raw_bytes"])
    return sorted(
        _Place(row["topic"], row["partition"], row["offset"])
        for batch in batches
        for row in batch.to_pylist()
        if row["key"] == key or mentions.search((row["raw_bytes"] or b"").decode(errors="replace"))
    )


def _at(places: Iterable[_Place]) -> Iterator[str]:
    """Yield predicates that hold for the records at these places, which are sorted."""
    for (topic, partition), group in groupby(places, lambda place: place[:2]):
        offsets = [str(place.offset) for place in group]
        for begin in range(0, len(offsets), PLACES_AT_ONCE):
            some = ", ".join(offsets[begin : begin + PLACES_AT_ONCE])
            yield f'"topic" = {_quoted(topic)} AND "partition" = {partition} AND "offset" IN ({some})'


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


def _in_cassandra(cassandra: Cassandra, patient_id: str) -> list[Statement]:
    """Return what erases each row that is about the patient, and the text of each digest that lists the patient."""
    mentions = _mentions(patient_id, _TEXT)
    found = []
    for table in CASSANDRA.values():
        for row in _rows(cassandra, table, patient_id):
            key = {name: row[name] for name in table.key}
            if is_of(row, patient_id):
                found.append(cassandra.delete(table, key))
            elif row.get("mail") and mentions.search(_text_of(row["mail"])):
                # The row stays: without it the notifier would not know that the digest's other alerts were told.
                found.append(cassandra.upsert(table, key | {"mail": None}))
    return found


def _rows(cassandra: Cassandra, table: CassandraTable, patient_id: str) -> Iterator[dict[str, Any]]:
    if table.partition_key == ("patient_id",):
        yield from cassandra.select(table, {"patient_id": patient_id})
    else:
        for key in cassandra.partition_keys(table):
            yield from cassandra.select(table, key)


def is_of(row: dict[str, Any], patient_id: str) -> bool:
    """Say whether a row is about the patient: by its patient_id, or where it has none, by what it names."""
    if row.get("patient_id") is not None:
        return bool(row["patient_id"] == patient_id)
    return any(_mentions(patient_id, before).search(row.get(name) or "") for name, before in _NAMED)


@lru_cache
def _mentions(patient_id: str, before: str) -> re.Pattern[str]:
    """Return what finds an id: by itself, or as the beginning of the id of an alert or of an event.

    Ids may have dots themselves: p1.2 is another patient than p1, p1.heart_rate_high.1772323200000 is an alert of p1.
    """
    alert = rf"(?:{'|'.join(map(re.escape, CHANNEL))})\.-?[0-9]"
    return re.compile(rf"{before}{re.escape(patient_id)}(?:(?!\.?[\w-])|\.(?:{alert}|refused\.[0-9]))")


def _text_of(packed: str) -> str:
    """Return the text of a digest as its row keeps it: zlib in base64."""
    mail = message_from_bytes(zlib.decompress(b64decode(packed)), policy=policy.default)
    return "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


def _remember(lake: Lake, patient_id: str, now: datetime, rows: int) -> None:
    digest = hashlib.sha256(patient_id.encode()).hexdigest()
    row = {"day": now.date(), "erased_at": now, "patient_digest": digest, "rows_erased": rows}
    lake.append(ERASURES, pa.Table.from_pylist([row], arrow_schema(ERASURES)), Batch(f"erase/{digest}", time.time_ns()))
