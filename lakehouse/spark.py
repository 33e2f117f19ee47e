"""A Spark session as Wardwatch needs it: Kafka, Delta on HDFS, small batches."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings
from lakehouse.tables import LAKE

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA_OPTIONS: Final = "-Djava.net.preferIPv4Stack=true -XX:+UseSerialGC"
# Two drivers stand beside each other all day: a heap that gives back what it does not use, and code compiled once.
_SMALL: Final = "-Xmn64m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=20 -XX:TieredStopAtLevel=1"
_BARE_LOCAL: Final = "hadoop-bare-naked-local-fs"
_HDFS: Final = {
    # The first look for the next block waits this long: 400 ms by default, for every small file.
    "spark.hadoop.dfs.client.block.write.locateFollowingBlock.initial.delay.ms": "10",
    "spark.hadoop.dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
}


def jars(settings: Settings) -> list[Path]:
    """Return the jars that the launcher fetched and checked.

    Raises
    ------
    SettingsError
        When there are none.
    """
    folder = settings.spark.jars_dir
    found = sorted(folder.glob("*.jar"))
    if not found:
        raise SettingsError(
            f"Spark needs its jars; {folder} has none; run `make setup`, or set WARDWATCH_SPARK__JARS_DIR"
        )
    return found


def spark_config(settings: Settings) -> dict[str, str]:
    """Return the whole configuration of a session."""
    found = jars(settings)
    dictionaries = sorted({name for table in LAKE.values() for name in table.dictionary})
    return {
        "spark.master": settings.spark.master,
        "spark.driver.memory": settings.spark.driver_memory,
        "spark.driver.extraJavaOptions": f"{JAVA_OPTIONS} {_SMALL}",
        "spark.jars": ",".join(str(jar) for jar in found if _BARE_LOCAL not in jar.name),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        # Micro-batches are tiny: planning them anew, or in 200 parts, costs more than running them.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        # Code compiled for a batch of a thousand rows costs more than it saves: 85 instead of 99 ms a batch.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        **_network(settings),
        **_local_files(found),
        **_delta(),
        **_parquet(dictionaries),
        **_HDFS,
    }


def _is_local(settings: Settings) -> bool:
    return settings.spark.master.startswith("local")


def _network(settings: Settings) -> dict[str, str]:
    """With all of Spark in this process, nothing of it listens outside."""
    if not _is_local(settings):
        return {}
    return {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _local_files(found: list[Path]) -> dict[str, str]:
    """Checkpoints on the local file system without a process forked for each file: a fifth of the time of a batch."""
    return {
        "spark.driver.extraClassPath": ":".join(str(jar) for jar in found if _BARE_LOCAL in jar.name),
        "spark.hadoop.fs.file.impl": "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem",
        "spark.sql.streaming.checkpointFileManagerClass": (
            "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
        ),
    }


def _delta() -> dict[str, str]:
    return {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",  # else a vacuum runs ten thousand tasks
    }


def _parquet(dictionaries: list[str]) -> dict[str, str]:
    """Differences instead of dictionaries, but where few values repeat."""
    return {
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.hadoop.parquet.enable.dictionary": "false",
    } | {f"spark.hadoop.parquet.enable.dictionary#{name}": "true" for name in dictionaries}


def spark_session(settings: Settings, app: str, changes: Mapping[str, str] = MappingProxyType({})) -> SparkSession:
    """Start Spark in this process; the caller stops it. Starts once a process: a second call returns the first.

    `changes` are to `spark_config`, which is for the speed layer. Sets what Java and the workers read from the
    environment: Java's home, the Python to run, the user of HDFS.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415  a second to load, and only Spark's processes need it

    if settings.spark.java_home is not None:
        os.environ["JAVA_HOME"] = str(settings.spark.java_home)
    os.environ["HADOOP_USER_NAME"] = settings.hdfs.user
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if _is_local(settings):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder.appName(app)
    for name, value in {**spark_config(settings), **changes}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    return session
