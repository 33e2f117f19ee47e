"""Days of the lake as Spark frames, planned for long passes: the sessions of the speed layer are set for tiny ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

from lakehouse.contract import LakeTable
from lakehouse.lake import Lake
from lakehouse.landed import check_landed
from lakehouse.settings import Settings
from lakehouse.spark import JAVA_OPTIONS, spark_session

_LONG_PASSES: Final = {
    "spark.driver.extraJavaOptions": JAVA_OPTIONS,
    # A hundred million rows repay the second in which code is compiled for them.
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.shuffle.partitions": "16",
}


class LakeDays:
    """The lake's tables, day by day, each as it was when it was first asked for. Made by `open_lake`.

    A day that is judged before its end still grows: counts of several passes must be of the same rows.
    """

    def __init__(self, spark: SparkSession, lake: Lake) -> None:
        self._spark = spark
        self._lake = lake
        self._versions: dict[str, int] = {}

    def check_landed(self, day: date) -> None:
        """Check that all of a past day has landed; raises DayIsOpen."""
        check_landed(self._lake, day)

    def rows(self, table: LakeTable, day: date, days: int = 1) -> DataFrame:
        """Return the rows that landed on a day, or on that many days of which it is the last."""
        landed = f.col(table.partition_by)
        version = self._versions.setdefault(table.name, self._lake.open(table).version())
        return (
            self._spark.read.format("delta")
            .option("versionAsOf", version)
            .load(self._lake.url(table))
            .where((landed > f.lit(day - timedelta(days=days))) & (landed <= f.lit(day)))
        )


@contextmanager
def open_lake(settings: Settings, app: str) -> Iterator[LakeDays]:
    """Start Spark for the block."""
    spark = spark_session(settings, app, _LONG_PASSES)
    try:
        with Lake(settings, patience_s=60) as lake:
            yield LakeDays(spark, lake)
    finally:
        spark.stop()
