"""The configuration of a Spark session."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings, SparkSettings
from lakehouse.spark import spark_config


def settings(folder: Path, master: str = "local[2]") -> Settings:
    for name in ("delta-spark-1.jar", "hadoop-bare-naked-local-fs-0.1.0.jar"):
        (folder / name).touch()
    return Settings(spark=SparkSettings(jars_dir=folder, master=master))


def test_the_bare_file_system_must_be_there_before_spark_starts(tmp_path: Path) -> None:
    config = spark_config(settings(tmp_path))
    assert config["spark.driver.extraClassPath"] == str(tmp_path / "hadoop-bare-naked-local-fs-0.1.0.jar")
    assert config["spark.jars"] == str(tmp_path / "delta-spark-1.jar")


def test_dictionaries_are_kept_for_the_columns_that_the_contract_names(tmp_path: Path) -> None:
    config = spark_config(settings(tmp_path))
    assert config["spark.hadoop.parquet.enable.dictionary"] == "false"
    assert config["spark.hadoop.parquet.enable.dictionary#patient_id"] == "true"


def test_a_local_session_listens_on_loopback_only(tmp_path: Path) -> None:
    assert spark_config(settings(tmp_path))["spark.driver.bindAddress"] == "127.0.0.1"
    assert "spark.driver.bindAddress" not in spark_config(settings(tmp_path, "spark://head:7077"))


def test_missing_jars_are_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="make setup"):
        spark_config(Settings(spark=SparkSettings(jars_dir=tmp_path)))
