"""The speed layer's first job: bedside -> fold -> Cassandra and `alerts`, in Spark.

Spark keeps the place in the log and makes the batches; the fold runs in the driver, which has a third of the latency of
state stores in Python (docs/decisions.md). A crash anywhere repeats a batch: same input, same events, same ids.
"""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from lakehouse.folding import warm_up
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import spark_options
from lakehouse.log import BadRecord, LogSlice, decode_log
from lakehouse.settings import Service, Settings
from lakehouse.spark import spark_session
from lakehouse.topics import BEDSIDE
from streaming.bedside_log import BedsideLog
from streaming.board_projection import BoardProjection
from streaming.lane import Lane, recovered
from streaming.partitions import checkpoint_folder, heartbeat_file, lane_name, parse_partitions, snapshot_folder
from streaming.sink import EventSink
from streaming.snapshots import Snapshots

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

# After hours away a batch must still fit the heap.
MOST_ENTRIES: Final = 100_000


def run(settings: Settings, partitions_text: str | None, stop: Event) -> None:
    """Run the lane of these partitions until told to stop."""
    partitions = parse_partitions(partitions_text, settings.kafka.partitions)
    name = lane_name(partitions)
    checkpoint = checkpoint_folder(settings, name)
    heartbeat = Heartbeat(heartbeat_file(settings, "alarms", partitions_text))
    heartbeat.beat("starting")
    warm_up()
    with (
        Snapshots(snapshot_folder(settings, name)) as snapshots,
        BedsideLog(settings, Service.ALARMS) as log,
        EventSink(settings, Service.ALARMS, heartbeat) as sink,
    ):
        fold = recovered(snapshots, log, partitions, has_history=(checkpoint / "offsets").exists())
        lane = Lane(fold, sink, snapshots, log, heartbeat)
        spark = spark_session(settings, f"wardwatch alarms {name}")
        query = start(spark, settings, partitions, checkpoint, lane)
        try:
            with BoardProjection(sink.cassandra, fold) as board:
                while not stop.is_set() and not query.awaitTermination(1):
                    board.check()
            lane.stop()
        finally:
            query.stop()
            spark.stop()
    heartbeat.beat("stopped")


def start(
    spark: SparkSession, settings: Settings, partitions: list[int], checkpoint: Path, lane: Lane
) -> StreamingQuery:
    """Start the query that gives the lane its batches."""
    source = (
        spark.readStream.format("kafka")
        .options(**spark_options(settings, Service.ALARMS))
        .option("assign", json.dumps({BEDSIDE.name: partitions}))
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("maxOffsetsPerTrigger", MOST_ENTRIES)
        # Spark asks for the ends of a partition behind a fetch that Kafka holds until something comes: half a second
        # a batch, by default, where a ward is quiet.
        .option("kafka.fetch.max.wait.ms", "1")
        .load()
    )

    def take(batch: DataFrame, _: int) -> None:
        began_at, began = time.time(), time.monotonic()
        table = batch.toArrow()
        arrived = time.monotonic()
        log, bad = in_order(table)
        if len(log.partition):
            lane.hops.add("append to batch, oldest", began_at - float(log.received_ms.min()) / 1000)
        lane.hops.add("toArrow", arrived - began)
        lane.hops.add("decode", time.monotonic() - arrived)
        lane.take(log, bad)

    return (
        source.select("partition", "offset", "timestamp", "key", "value")
        .writeStream.queryName("alarms")
        .option("checkpointLocation", checkpoint.absolute().as_uri())
        .foreachBatch(take)
        .start()
    )


def in_order(table: pa.Table) -> tuple[LogSlice, list[BadRecord]]:
    """Decode a batch of Spark in order of partition and offset."""
    table = table.sort_by([("partition", "ascending"), ("offset", "ascending")])
    received_ms = table["timestamp"].cast(pa.int64()).to_numpy() // 1000
    return decode_log(
        table["partition"].to_numpy().astype(np.int32),
        table["offset"].to_numpy().astype(np.int64),
        received_ms,
        table["key"].to_pylist(),
        table["value"].to_pylist(),
    )
