"""Records of the log -> rows of the lake. Pure: the same records give the same rows.

Records are decoded by what the fold decodes with, so lake and fold never disagree about one. Every record becomes
exactly one row, in one table, except pulses, which nobody needs after a minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse import events
from lakehouse.alert_rows import event_rows
from lakehouse.columns import ANNOUNCED_AT
from lakehouse.contract import LakeTable
from lakehouse.errors import DecodeError
from lakehouse.events import AlertEvent
from lakehouse.log import TIME_STEP_MS, BadRecord, decode_records, slice_of
from lakehouse.messages import Message, Reading, Tick, encode, has_unknown_fields
from lakehouse.packing import pack
from lakehouse.render import arrow_schema
from lakehouse.tables import ENTRIES, LAKE_ALERT_EVENTS, QUARANTINE, READINGS
from lakehouse.topics import ALERTS, BEDSIDE

# How many records are objects at one time: a batch may hold two hundred thousand.
CHUNK: Final = 10_000


class Records(NamedTuple):
    """Records of one topic, side by side."""

    topic: str
    partition: NDArray[np.int32]
    offset: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    keys: list[bytes | None]
    values: list[bytes | None]


def rows_of(batch: pa.Table) -> dict[str, pa.Table]:
    """Turn records into rows.

    Parameters
    ----------
    batch
        Columns topic, partition, offset, timestamp, key, value, as Spark's Kafka source gives them.

    Returns
    -------
    dict
        Name of the table -> its rows, all columns but `landed_date`. All tables are there, some maybe empty.
    """
    parts: dict[str, list[pa.Table]] = {table.name: [_schema(table).empty_table()] for table in _TABLES}
    for chunk in batch.to_batches(max_chunksize=CHUNK):
        for topic, convert in ((BEDSIDE.name, _bedside), (ALERTS.name, _alerts)):
            of_topic = chunk.filter(pc.equal(chunk["topic"], topic))
            for name, rows in convert(_records(topic, of_topic)).items() if len(of_topic) else ():
                parts[name].append(rows)
    return {name: pa.concat_tables(tables) for name, tables in parts.items()}


_TABLES: Final = (READINGS, ENTRIES, QUARANTINE, LAKE_ALERT_EVENTS)


def _schema(table: LakeTable) -> pa.Schema:
    schema = arrow_schema(table)
    return schema.remove(schema.get_field_index(table.partition_by)).remove_metadata()


def _records(topic: str, chunk: pa.RecordBatch) -> Records:
    received_us = chunk["timestamp"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    return Records(
        topic=topic,
        partition=chunk["partition"].to_numpy(),
        offset=chunk["offset"].to_numpy(),
        received_ms=received_us.to_numpy() // 1000,
        keys=chunk["key"].to_pylist(),
        values=chunk["value"].to_pylist(),
    )


def _table(table: LakeTable, columns: dict[str, Any]) -> pa.Table:
    schema = _schema(table)
    return pa.table([pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema)


def _times(ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(ms * 1000).cast(pa.timestamp("us", tz="UTC"))


def _bedside(records: Records) -> dict[str, pa.Table]:
    decoded = decode_records(records.keys, records.values)
    rows = np.array(decoded.rows, dtype=np.intp)
    values = [records.values[row] or b"" for row in decoded.rows]
    log = slice_of(records.partition[rows], records.offset[rows], records.received_ms[rows], decoded.messages)
    readings = [message for message in decoded.messages if isinstance(message, Reading)]
    is_reading = log.is_reading
    packed = pack(log.values[is_reading])
    return {
        READINGS.name: _table(
            READINGS,
            {
                "patient_id": [reading.patient_id for reading in readings],
                "device_id": [reading.device_id for reading in readings],
                "measured_at": _times(log.measured_ms[is_reading]),
                "received_at": _times(log.received_ms[is_reading]),
                "partition": log.partition[is_reading],
                "offset": log.offset[is_reading],
                "period_s": log.period_ms[is_reading] / 1000,
                "raw": [_raw(values[row]) for row in np.flatnonzero(is_reading)],
            }
            | {name: packed[name].combine_chunks() for name in packed.column_names},
        ),
        ENTRIES.name: _table(
            ENTRIES,
            {
                "kind": [_kind(message) for message in log.others.values()],
                "patient_id": [None if isinstance(m, Tick) else m.patient_id for m in log.others.values()],
                "received_at": _times(log.received_ms[~is_reading]),
                "partition": log.partition[~is_reading],
                "offset": log.offset[~is_reading],
                "body": [_body(values[row], message) for row, message in log.others.items()],
            },
        ),
        QUARANTINE.name: _quarantine(records, decoded.bad),
    }


def _kind(message: Message) -> str:
    return str(message.__struct_config__.tag)


def _body(value: bytes, message: Message) -> str:
    """Return a message as it was sent; without its unknown fields where those are no text."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return encode(message).decode()


def _raw(value: bytes) -> str | None:
    return _text(value) if has_unknown_fields(value) else None


def _text(value: bytes) -> str:
    # The decoder has seen that all known fields are UTF-8; what it skipped may be anything.
    return value.decode("utf-8", "replace")


def _alerts(records: Records) -> dict[str, pa.Table]:
    found: dict[str, tuple[int, AlertEvent]] = {}  # the first record of each event, and its row
    bad = []
    for row, value in enumerate(records.values):
        try:
            message = events.decode(value or b"")
        except DecodeError as error:
            bad.append(BadRecord(row, str(error)))
            continue
        if isinstance(message, AlertEvent):
            found.setdefault(message.event_id, (row, message))
    landed = event_rows(event for _, event in found.values())
    announced_at = _times(records.received_ms[[row for row, _ in found.values()]])
    return {
        LAKE_ALERT_EVENTS.name: landed.set_column(
            landed.schema.get_field_index(ANNOUNCED_AT.name), ANNOUNCED_AT.name, announced_at
        ),
        QUARANTINE.name: _quarantine(records, bad),
    }


def _quarantine(records: Records, bad: Sequence[BadRecord]) -> pa.Table:
    rows = np.array([record.row for record in bad], dtype=np.intp)
    return _table(
        QUARANTINE,
        {
            "received_at": _times(records.received_ms[rows] // TIME_STEP_MS * TIME_STEP_MS),
            "topic": [records.topic] * len(bad),
            "partition": records.partition[rows],
            "offset": records.offset[rows],
            "key": [records.keys[row] for row in rows],
            "raw_bytes": [records.values[row] for row in rows],
            "reason": [record.reason for record in bad],
        },
    )


# How a reason begins -> a word for the counters: a handful of them, whatever senders send.
_RULES: Final = (
    ("a record's key", "wrong_key"),
    ("a message has at most", "too_large"),
    ("a message has a value", "empty"),
    ("JSON is malformed", "malformed"),
    ("Input data was truncated", "malformed"),
    ("maximum recursion depth", "too_deep"),
    ("'utf-8' codec", "not_utf8"),
    ("Object missing required field", "missing_field"),
    ("Invalid RFC3339", "bad_time"),
    ("Expected `datetime`", "bad_time"),
    ("Invalid value", "unknown_value"),
)


def rule_of(reason: str) -> str:
    """Return a word for the rule that a record broke, from the reason in its quarantine row."""
    return next((rule for beginning, rule in _RULES if reason.startswith(beginning)), "wrong_type_or_range")


def rules_broken(reasons: Iterable[str]) -> dict[str, int]:
    """Count records by the rule that they broke."""
    rules = [rule_of(reason) for reason in reasons]
    return {rule: rules.count(rule) for rule in sorted(set(rules))}
