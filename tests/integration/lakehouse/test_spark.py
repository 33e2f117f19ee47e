"""A Spark session reads the log and shares the lake with readers that have no JVM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from pyspark.sql import SparkSession

from lakehouse.hdfs import Hdfs
from lakehouse.kafka import LogWriter, spark_options
from lakehouse.lake import Batch, Lake
from lakehouse.render import spark_ddl
from lakehouse.settings import Service, Settings
from lakehouse.spark import spark_session
from lakehouse.tables import ENTRIES


@pytest.fixture(scope="module")
def spark(settings: Settings) -> Iterator[SparkSession]:
    session = spark_session(settings, "test")
    yield session
    session.stop()


def test_the_log_is_read_with_the_password_of_the_service(settings: Settings, spark: SparkSession) -> None:
    key = uuid4().hex
    with LogWriter(settings, Service.MONITORS) as writer:
        writer.send("bedside", key.encode(), b"{}")
    options = spark_options(settings, Service.LANDING) | {"subscribe": "bedside"}
    log = spark.read.format("kafka").options(**options).load()
    assert log.where(log.key.cast("string") == key).count() == 1


def test_spark_writes_a_batch_that_others_recognise(settings: Settings, spark: SparkSession) -> None:
    table = replace(ENTRIES, name=f"test_{uuid4().hex}")
    tick = "DATE'2026-11-24', 'tick', NULL, TIMESTAMP'2026-11-24 08:00:00', 0, 7L, '{}'"
    with Lake(settings) as lake, Hdfs(settings) as hdfs:
        lake.ensure(table)
        rows = spark.createDataFrame(spark.sql(f"SELECT {tick}").collect(), spark_ddl(table))
        for _ in range(2):
            writer = rows.write.format("delta").mode("append").option("txnAppId", "spark").option("txnVersion", "1")
            writer.save(lake.url(table))
        assert [row["offset"] for row in lake.read(table).to_pylist()] == [7]
        assert not lake.append(table, lake.read(table), Batch("spark", 1))
        hdfs.delete(f"lake/{table.name}")
