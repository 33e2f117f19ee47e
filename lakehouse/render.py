"""From the contract to what each store understands. Nothing here is written by hand a second time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from lakehouse.contract import CassandraTable, Column, ColumnType, LakeTable, MartTable, Table, Topic
from lakehouse.settings import KafkaSettings

DAY_S: Final = 86_400
HOUR_MS: Final = 3_600_000
MART_SCHEMA: Final = "mart"

_ARROW: Final[dict[ColumnType, pa.DataType]] = {
    "text": pa.string(),
    "text_list": pa.list_(pa.string()),
    "bytes": pa.binary(),
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
_SPARK: Final[dict[ColumnType, str]] = {
    "text": "STRING",
    "text_list": "ARRAY<STRING>",
    "bytes": "BINARY",
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
}
_CQL: Final[dict[ColumnType, str]] = {
    "text": "text",
    # Frozen: overwriting an open list leaves a mark to read over each time; a frozen one is a plain value.
    "text_list": "frozen<list<text>>",
    "bytes": "blob",
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "float64": "double",
    "timestamp": "timestamp",
    "date": "date",
}
# As PostgreSQL itself names them, so that what is there can be compared.
_SQL: Final[dict[ColumnType, str]] = {
    "text": "text",
    "text_list": "text[]",
    "bytes": "bytea",
    "bool": "boolean",
    "int8": "smallint",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "float64": "double precision",
    "timestamp": "timestamp with time zone",
    "date": "date",
}


# A storm makes a file every few seconds: merging eight instead of four at a time takes a fifth less of all writing.
# The rest is as Cassandra reports it back, so that `init` sees a difference only where there is one.
_COMPACTION: Final = {
    "class": "org.apache.cassandra.db.compaction.SizeTieredCompactionStrategy",
    "max_threshold": "32",
    "min_threshold": "8",
}


def cql_name(name: str) -> str:
    """Quote a name for CQL. Always quoted: `by` and `limit` are words of the language."""
    return f'"{name}"'


def cql_text(text: str) -> str:
    """Quote a text for CQL, where no mark can stand for it."""
    return "'" + text.replace("'", "''") + "'"


def cql_map(texts: Mapping[str, str]) -> str:
    """Return a map of texts for CQL, in the order of its keys."""
    return "{" + ", ".join(f"{cql_text(name)}: {cql_text(text)}" for name, text in sorted(texts.items())) + "}"


def cql_type(column: Column) -> str:
    """Return the CQL type of a column."""
    return _CQL[column.type]


def cql_create_table(table: CassandraTable, keyspace: str) -> str:
    """Return ``CREATE TABLE IF NOT EXISTS`` for a table of Cassandra."""
    columns = "".join(f"  {cql_name(column.name)} {cql_type(column)},\n" for column in table.columns)
    partition = ", ".join(map(cql_name, table.partition_key))
    clustering = "".join(f", {cql_name(name)}" for name, _ in table.clustering)
    options = [f"{name} = {value}" for name, value in cql_options(table).items()]
    if table.clustering:
        order = ", ".join(f"{cql_name(name)} {direction}" for name, direction in table.clustering)
        options.insert(0, f"CLUSTERING ORDER BY ({order})")
    return (
        f"CREATE TABLE IF NOT EXISTS {keyspace}.{table.name} (\n{columns}  PRIMARY KEY (({partition}){clustering})\n)"
        f" WITH {' AND '.join(options)}"
    )


def cql_options(table: CassandraTable) -> dict[str, str]:
    """Return the options of a table that may be altered later, as CQL literals."""
    return {
        "comment": cql_text(table.doc),
        "default_time_to_live": str((table.ttl_days or 0) * DAY_S),
        "gc_grace_seconds": str(table.gc_grace_s),
        "compaction": cql_map(_COMPACTION),
    }


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of a table; unit and sentence travel as metadata of each field."""
    return pa.schema([_arrow_field(column) for column in table.columns])


def _arrow_field(column: Column) -> pa.Field:
    about = {"comment": column.doc} | ({"unit": column.unit} if column.unit else {})
    return pa.field(column.name, _ARROW[column.type], column.nullable, metadata=about)


def spark_ddl(table: Table) -> str:
    """Return the Spark schema of a table as DDL, which `createDataFrame` and `from_json` take."""
    return ", ".join(
        f"`{column.name}` {_SPARK[column.type]}{'' if column.nullable else ' NOT NULL'}" for column in table.columns
    )


def delta_properties(table: LakeTable) -> dict[str, str]:
    """Return the table properties of a Delta table.

    Parquet 2 pages keep numbers as differences (0.23 bytes a reading instead of 0.9). Deletion vectors stay off: an
    erased patient must be gone from the file, and not every reader understands them.
    """
    return {
        "delta.parquet.format.version": "2.12.0",
        "delta.enableDeletionVectors": "false",
        "delta.checkpointInterval": "10",  # every opening reads what came since the last
        "delta.dataSkippingStatsColumns": ",".join(_skipping(table)),
        "delta.logRetentionDuration": "interval 30 days",
        "delta.deletedFileRetentionDuration": "interval 8 days",
    }


def _skipping(table: LakeTable) -> tuple[str, ...]:
    """Columns by whose lowest and highest value a reader leaves out files."""
    kept = {*table.sort_by, "received_at", "partition", "offset"}
    return tuple(name for name in table.names if name in kept)


def sql_type(column: Column) -> str:
    """Return the type of a column in PostgreSQL."""
    return _SQL[column.type]


def sql_create_table(table: MartTable) -> list[str]:
    """Return the statements that make a mart, with what its table and columns mean as comments.

    In its key a null is a value like any other, which a primary key would not allow.
    """
    columns = "".join(f"  {_sql_column(column)},\n" for column in table.columns)
    key = ", ".join(map(_sql_name, table.key))
    place = f"{MART_SCHEMA}.{_sql_name(table.name)}"
    return [
        f"CREATE TABLE {place} (\n{columns}  UNIQUE NULLS NOT DISTINCT ({key})\n)",
        f"COMMENT ON TABLE {place} IS {_sql_text(table.doc)}",
        *(_sql_comment(table, column) for column in table.columns),
    ]


def sql_add_column(table: MartTable, column: Column) -> list[str]:
    """Return the statements that add a column to a mart that is there."""
    add = f"ALTER TABLE {MART_SCHEMA}.{_sql_name(table.name)} ADD COLUMN {_sql_column(column)}"
    return [add, _sql_comment(table, column)]


def _sql_column(column: Column) -> str:
    return f"{_sql_name(column.name)} {sql_type(column)}{'' if column.nullable else ' NOT NULL'}"


def _sql_comment(table: MartTable, column: Column) -> str:
    text = f"{column.doc} Unit: {column.unit}." if column.unit else column.doc
    place = f"{MART_SCHEMA}.{_sql_name(table.name)}.{_sql_name(column.name)}"
    return f"COMMENT ON COLUMN {place} IS {_sql_text(text)}"


# SQL quotes as CQL does, which took it from there.
_sql_name = cql_name
_sql_text = cql_text


def topic_config(topic: Topic, settings: KafkaSettings) -> dict[str, str]:
    """Return the configuration of a topic."""
    hours = settings.retention_hours if topic.retention_hours is None else topic.retention_hours
    return {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "max.message.bytes": str(topic.max_message_bytes),
        "message.timestamp.type": "LogAppendTime",
        "min.insync.replicas": str(max(1, settings.replication - 1)),
        "retention.ms": str(hours * HOUR_MS),
    }
