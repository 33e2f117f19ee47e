"""What is rendered from the contract, word for word. A change of the contract shows here, before it shows in a store.

After an intended change, write the golden files anew: ``WARDWATCH_WRITE_GOLDEN=1 pytest tests/unit/lakehouse``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.mart_tables import MARTS, QUALITY_DAILY
from lakehouse.render import (
    arrow_schema,
    cql_create_table,
    cql_text,
    delta_properties,
    spark_ddl,
    sql_add_column,
    sql_create_table,
    topic_config,
)
from lakehouse.settings import KafkaSettings
from lakehouse.tables import CASSANDRA, LAKE, READINGS
from lakehouse.topics import BEDSIDE, ECG, TOPICS

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, rendered: str) -> None:
    """Compare with the golden file of that name."""
    if os.environ.get("WARDWATCH_WRITE_GOLDEN"):
        (GOLDEN / name).write_text(rendered, encoding="utf-8")
    assert rendered == (GOLDEN / name).read_text(encoding="utf-8")


def test_cql() -> None:
    check("cassandra.cql", "".join(f"{cql_create_table(table, 'wardwatch')};\n\n" for table in CASSANDRA.values()))


def test_sql() -> None:
    statements = [statement for table in MARTS.values() for statement in sql_create_table(table)]
    check("marts.sql", "".join(f"{statement};\n\n" for statement in statements))


def test_a_column_of_a_mart_is_added_with_what_it_means() -> None:
    assert sql_add_column(QUALITY_DAILY, QUALITY_DAILY.column("observed")) == [
        'ALTER TABLE mart."quality_daily" ADD COLUMN "observed" double precision',
        """COMMENT ON COLUMN mart."quality_daily"."observed" IS 'The number that was found.'""",
    ]


def test_spark() -> None:
    check(
        "spark.ddl", "".join(f"{name}: {spark_ddl(table)}\n\n".replace(", ", ",\n  ") for name, table in LAKE.items())
    )


def test_arrow() -> None:
    check("arrow.txt", "".join(f"{name}:\n{arrow_schema(table)}\n\n" for name, table in LAKE.items()))


def test_delta_properties() -> None:
    lines = [
        f"{name} {key} = {value}\n" for name, table in LAKE.items() for key, value in delta_properties(table).items()
    ]
    check("delta.txt", "".join(lines))


def test_topics() -> None:
    kafka = KafkaSettings()
    lines = [
        f"{name} {key} = {value}\n"
        for name, topic in TOPICS.items()
        for key, value in ({"partitions": kafka.partitions} | topic_config(topic, kafka)).items()
    ]
    check("kafka.txt", "".join(lines))


def test_units_travel_with_the_arrow_schema() -> None:
    about = arrow_schema(READINGS).field("spo2_pct").metadata
    assert about == {b"unit": b"%", b"comment": b"SpO2, whole part; tenths are in `tenths`."}


def test_times_are_utc_in_microseconds() -> None:
    assert arrow_schema(READINGS).field("measured_at").type == pa.timestamp("us", tz="UTC")


def test_retention_is_the_topics_own_or_that_of_the_settings() -> None:
    kafka = KafkaSettings(retention_hours=100)
    assert topic_config(BEDSIDE, kafka)["retention.ms"] == "360000000"
    assert topic_config(ECG, kafka)["retention.ms"] == "259200000"


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (3, "2")])
def test_one_replica_may_be_away_where_there_are_several(replication: int, in_sync: str) -> None:
    assert topic_config(BEDSIDE, KafkaSettings(replication=replication))["min.insync.replicas"] == in_sync


def test_a_quote_in_a_text_is_doubled() -> None:
    assert cql_text("a patient's") == "'a patient''s'"
