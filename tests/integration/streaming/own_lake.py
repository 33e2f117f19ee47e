"""What tests of landing share: a lake of their own on the stack's HDFS, and the log as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.hdfs import ensure_folders
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.lake import Addition, Lake
from lakehouse.landed import mark
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ENTRIES, LAKE, LAKE_ALERT_EVENTS, QUARANTINE, READINGS

RECORDS = pa.schema(
    {
        "topic": pa.string(), "partition": pa.int32(), "offset": pa.int64(),
        "timestamp": pa.timestamp("us", tz="UTC"), "key": pa.binary(), "value": pa.binary(),
    }
)  # fmt: skip


def with_own_lake(settings: Settings, run: Path, topics: Sequence[str] = ()) -> Settings:
    """Return settings with an empty lake and the given run folder; the lake stands at the present ends of topics."""
    hdfs = settings.hdfs.model_copy(update={"root": f"/landing-{uuid4().hex}"})
    own = settings.model_copy(update={"hdfs": hdfs, "run": run})
    ensure_folders(own)
    with Lake(own) as lake:
        lake.ensure_all(LAKE.values())
        ends = {topic: ends_of(own, topic) for topic in topics}
        marks = {mark(topic, partition): end for topic in topics for partition, end in ends[topic].items() if end}
        nothing = arrow_schema(ENTRIES).empty_table()
        lake.add(ENTRIES, lambda _: Addition(nothing, marks) if marks else None)
    return own


def read_log(settings: Settings, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]) -> pa.Table:
    """Return what a topic has between two positions, as Spark would give it."""
    rows: list[dict[str, Any]] = []
    with consumer(settings, Service.LANDING, uuid4().hex) as reader:
        assign(reader, topic, begins)
        wanted = sum(ends[partition] - begins[partition] for partition in ends)
        while len(rows) < wanted:
            rows += [
                {
                    "topic": topic,
                    "partition": record.partition(),
                    "offset": record.offset(),
                    "timestamp": record.timestamp()[1] * 1000,
                    "key": record.key(),
                    "value": record.value(),
                }
                for record in records(reader, 10_000, 0.1)
                if (record.offset() or 0) < ends[record.partition() or 0]
            ]
    return pa.Table.from_pylist(rows, schema=RECORDS)


def kafka_ends(settings: Settings, topic: str) -> dict[int, tuple[int, int]]:
    with consumer(settings, Service.LANDING, uuid4().hex) as reader:
        return log_ends(reader, topic)


def ends_of(settings: Settings, topic: str) -> dict[int, int]:
    """Return the next offset of each partition."""
    return {partition: end for partition, (_, end) in kafka_ends(settings, topic).items()}


def landed_offsets(settings: Settings) -> list[tuple[int, int]]:
    """Return partition and offset of every row that came from the topic bedside, sorted."""
    with Lake(settings) as lake:
        tables = [lake.read(table, columns=["partition", "offset"]) for table in (READINGS, ENTRIES)]
        bad = lake.read(QUARANTINE, columns=["partition", "offset", "topic"])
    tables.append(bad.filter(pc.equal(bad["topic"], "bedside")).select(["partition", "offset"]))
    rows = pa.concat_tables(tables)
    return sorted(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))


def landed_event_ids(settings: Settings) -> list[str]:
    with Lake(settings) as lake:
        return sorted(lake.read(LAKE_ALERT_EVENTS, columns=["event_id"])["event_id"].to_pylist())
