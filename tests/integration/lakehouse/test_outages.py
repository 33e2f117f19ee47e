"""A store dies in the middle of work and comes back: the work goes on, and nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pyarrow as pa
import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.hdfs import Hdfs
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.lake import Batch, Lake
from lakehouse.render import arrow_schema
from lakehouse.settings import Service
from lakehouse.tables import ALERT_EVENTS, ENTRIES
from tests.local_stack import LocalStack

AT = datetime(2026, 11, 24, 8, tzinfo=UTC)

pytestmark = pytest.mark.timeout(600)


def through_death(stack: LocalStack, program: str, step: Callable[[int], None]) -> list[int]:
    """Kill a program and go on with numbered steps until it is back. Returns the numbers of the steps done."""
    done: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        death = pool.submit(stack.kill, program)
        while not death.done():
            step(len(done))
            done.append(len(done))
        death.result()
    step(len(done))
    return [*done, len(done)]


def test_cassandra_dies(stack: LocalStack) -> None:
    alert_id = uuid4().hex
    with Cassandra(stack.settings, Service.ALARMS, patience_s=240) as database:

        def step(number: int) -> None:
            event = {"alert_id": alert_id, "event_id": f"{number:09d}", "patient_id": "p", "offset": number}
            database.write_all([database.upsert(ALERT_EVENTS, event, timestamp_us=1)])

        done = through_death(stack, "cassandra", step)
        assert [
            row["offset"] for row in database.select(ALERT_EVENTS, {"patient_id": "p", "alert_id": alert_id})
        ] == done


def test_kafka_dies(stack: LocalStack) -> None:
    key = uuid4().hex.encode()
    with consumer(stack.settings, Service.ALARMS, group=uuid4().hex) as reader:
        assign(reader, "bedside", {p: high for p, (_, high) in log_ends(reader, "bedside").items()})
        with LogWriter(stack.settings, Service.MONITORS) as writer:

            def step(number: int) -> None:
                writer.send("bedside", key, f"{number}".encode())
                writer.flush()

            done = through_death(stack, "kafka", step)
        found: list[int] = []
        while len(found) < len(done):
            found += [int(record.value() or b"") for record in records(reader, 1000, 0.1) if record.key() == key]
    assert found == done


@pytest.mark.parametrize("program", ["datanode", "namenode"])
def test_hdfs_dies(stack: LocalStack, program: str) -> None:
    table = replace(ENTRIES, name=f"test_{uuid4().hex}")
    with Lake(stack.settings, patience_s=240) as lake, Hdfs(stack.settings, patience_s=240) as hdfs:
        lake.ensure(table)

        def step(number: int) -> None:
            lake.append(table, entry(number), Batch("landing", number))
            hdfs.put("models/outage", f"{number}".encode())

        done = through_death(stack, program, step)
        assert sorted(lake.read(table)["offset"].to_pylist()) == done
        assert hdfs.get("models/outage") == f"{done[-1]}".encode()
        hdfs.delete(f"lake/{table.name}")
        hdfs.delete("models/outage")


def entry(offset: int) -> pa.Table:
    row = {
        "landed_date": date(2026, 11, 24),
        "kind": "tick",
        "patient_id": None,
        "received_at": AT,
        "partition": 0,
        "offset": offset,
        "body": "{}",
    }
    return pa.Table.from_pylist([row], schema=arrow_schema(ENTRIES))
