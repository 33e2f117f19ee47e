"""Landing: the topics `bedside` and `alerts` -> the lake on HDFS, in Spark.

An application of its own, so that slow storage never delays an alarm. Spark keeps the place in the log and makes the
batches; the driver decodes them as the fold does, and writes. While HDFS is away, a batch waits; Kafka keeps the rest.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import consumer, log_ends, spark_options
from lakehouse.lake import Lake
from lakehouse.landed import landed
from lakehouse.settings import Service, Settings
from lakehouse.spark import spark_session
from streaming.lander import TOPICS, Lander, Positions, Progress

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

logger = logging.getLogger(__name__)

# Few and large files: a batch begins when that many records wait, or after that time. More would not fit into a small
# heap when landing catches up after hours.
RECORDS: Final = 150_000
EVERY_S: Final = 12
LOOKS_EVERY_S: Final = 2
TASKS: Final = 2
# Opening a table was seen to wait for ever, three times, in runs of all tests; delta-kernel-rs issue 1536 looks alike.
# A table takes seconds, and a batch says so when it waits for the lake.
HANGS_S: Final = 60


def run(settings: Settings, stop: Event) -> None:
    """Land the log until told to stop. What was under way then is repeated at the next start."""
    progress = Progress(Heartbeat(settings.run / "heartbeats" / "landing.json"))
    progress.beat()
    checkpoint = settings.run / "checkpoints" / "landing"
    with Lake(settings, stop=stop, on_wait=progress.wait) as lake:
        begins = {} if (checkpoint / "offsets").exists() else where_the_lake_stands(settings, lake)
        spark = spark_session(settings, "wardwatch landing")
        query = start(spark, settings, checkpoint, Lander(lake, begins, progress), begins)
        progress.state = "running"
        try:
            while not stop.is_set() and not query.awaitTermination(1):
                progress.beat()
                if progress.silent_s > HANGS_S:
                    logger.critical(
                        "a batch has been silent for %.0f s; ending, to be started again", progress.silent_s
                    )
                    faulthandler.dump_traceback()  # where it hangs, for whoever looks for the cause
                    os._exit(1)  # whoever hangs cannot be stopped; what is half written is recognised when repeated
        finally:
            query.stop()
            spark.stop()
    progress.state = "stopped"
    progress.beat()


def start(
    spark: SparkSession, settings: Settings, checkpoint: Path, lander: Lander, begins: Positions
) -> StreamingQuery:
    """Start the query that gives the lander its batches. `begins` counts where there is no checkpoint."""
    source = (
        spark.readStream.format("kafka")
        .options(**spark_options(settings, Service.LANDING))
        .option("subscribe", ",".join(TOPICS))
        .option("startingOffsets", json.dumps(begins) if begins else "earliest")
        .option("failOnDataLoss", "true")
        .option("minOffsetsPerTrigger", RECORDS)
        .option("maxOffsetsPerTrigger", RECORDS)
        .option("maxTriggerDelay", f"{EVERY_S}s")
        .load()
    )

    def take(batch: DataFrame, _batch_id: int) -> None:
        lander.take(batch.coalesce(TASKS).toArrow())

    return (
        source.select("topic", "partition", "offset", "timestamp", "key", "value")
        .writeStream.queryName("landing")
        .option("checkpointLocation", checkpoint.absolute().as_uri())
        .trigger(processingTime=f"{LOOKS_EVERY_S} seconds")
        .foreachBatch(take)
        .start()
    )


def where_the_lake_stands(settings: Settings, lake: Lake) -> Positions:
    """Return where to go on in each topic and partition, for want of a checkpoint."""
    reader = consumer(settings, Service.LANDING, "ends")
    try:
        ends = {topic: log_ends(reader, topic) for topic in TOPICS}
    finally:
        reader.close()
    stands = {topic: landed(lake, topic, ends[topic]) for topic in TOPICS}
    for topic, partitions in ends.items():
        for partition, (oldest, _) in partitions.items():
            gone = oldest - stands[topic].get(partition, oldest)
            if gone > 0:
                logger.error("%s[%d]: %d records are lost: Kafka has deleted them unlanded", topic, partition, gone)
    return {
        topic: {partition: max(oldest, stands[topic].get(partition, 0)) for partition, (oldest, _) in of_topic.items()}
        for topic, of_topic in ends.items()
    }
