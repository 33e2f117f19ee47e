"""A contract, readable: what a table or a topic holds, in which units, by which key, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from lakehouse.access import ACCESS, MART_RIGHTS
from lakehouse.contract import CassandraTable, Column, LakeTable, MartTable, Topic
from lakehouse.mart_tables import MARTS
from lakehouse.render import topic_config
from lakehouse.settings import KafkaSettings
from lakehouse.tables import CASSANDRA, LAKE
from lakehouse.topics import TOPICS

Described: TypeAlias = LakeTable | CassandraTable | MartTable | Topic

_STORES: Final[tuple[tuple[str, Mapping[str, Described]], ...]] = (
    ("Kafka", TOPICS), ("lake", LAKE), ("Cassandra", CASSANDRA), ("PostgreSQL", MARTS),
)  # fmt: skip


def find(name: str) -> list[Described]:
    """Return every table and topic of that name: `alert_events` is one in the lake and one in Cassandra."""
    return [store[name] for _, store in _STORES if name in store]


def names() -> list[str]:
    """Return all names that can be described, sorted."""
    return sorted({*TOPICS, *LAKE, *CASSANDRA, *MARTS})


def describe(what: Described, settings: KafkaSettings) -> RenderableType:
    """Return what to print about a table or a topic."""
    if isinstance(what, Topic):
        return _topic(what, settings)
    if isinstance(what, LakeTable):
        facts, key = _lake_facts(what), {what.partition_by}
    else:
        facts = _mart_facts(what) if isinstance(what, MartTable) else _cassandra_facts(what)
        key = set(what.key)
    return Group(_head(what.name, what.doc), _facts(facts), _columns(what.columns, key), "")


def overview() -> RenderableType:
    """Return a list of everything that can be described."""
    grid = Grid("name", "where", "holds", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for where, store in _STORES:
        for what in store.values():
            grid.add_row(what.name, where, what.doc)
    return grid


def _topic(topic: Topic, settings: KafkaSettings) -> RenderableType:
    config = topic_config(topic, settings)
    facts = {
        "where": "Kafka",
        "key": topic.key,
        "kinds": ", ".join(topic.kinds),
        "partitions": str(settings.partitions),
        "kept": f"{int(config['retention.ms']) // 3_600_000} h",
        "largest": f"{topic.max_message_bytes:,} bytes",
        "time": f"{config['message.timestamp.type']}: stamped by the broker",
        "read by": _services(topic.name, "reads"),
        "written by": _services(topic.name, "writes"),
    }
    return Group(_head(topic.name, topic.doc), _facts(facts), "")


def _lake_facts(table: LakeTable) -> dict[str, str]:
    return {
        "where": "lake (Delta on HDFS)",
        "partition": table.partition_by,
        "sorted by": f"{', '.join(table.sort_by)} (once a day is closed)",
        "kept": f"{table.retention_days} days",
    }


def _cassandra_facts(table: CassandraTable) -> dict[str, str]:
    return {
        "where": "Cassandra",
        "partition": ", ".join(table.partition_key),
        "clustering": ", ".join(f"{name} {direction}" for name, direction in table.clustering) or "none: one row",
        "kept": "until deleted" if table.ttl_days is None else f"{table.ttl_days} days",
        "written": "as claims: lightweight transactions" if table.claims else "as upserts",
        "read by": _services(table.name, "selects"),
        "written by": _services(table.name, "modifies"),
    }


def _mart_facts(table: MartTable) -> dict[str, str]:
    return {
        "where": "PostgreSQL, schema mart",
        "key": ", ".join(table.key),
        "written": "day by day, each replaced as a whole",
        "kept": "until deleted; it can be built again",
        "read by": ", ".join(MART_RIGHTS),
        "written by": ", ".join(service for service, rights in MART_RIGHTS.items() if "INSERT" in rights),
    }


def _services(name: str, right: str) -> str:
    return ", ".join(service for service, access in ACCESS.items() if name in getattr(access, right)) or "nobody"


def _head(name: str, doc: str) -> Text:
    return Text.assemble((name, "bold"), "  ", doc)


def _facts(facts: dict[str, str]) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    for name, value in facts.items():
        grid.add_row(Text(name, style="dim"), value)
    return grid


def _columns(columns: tuple[Column, ...], key: set[str]) -> Grid:
    grid = Grid(box=None, header_style="bold")
    for title in ("column", "type", "null", "unit", "possible"):
        grid.add_column(title, no_wrap=True)
    grid.add_column("meaning")
    for column in columns:
        name = Text(column.name, style="bold" if column.name in key else "")
        possible = "" if column.possible is None else "{:g} to {:g}".format(*column.possible)
        grid.add_row(name, column.type, "yes" if column.nullable else "", Text(column.unit or ""), possible, column.doc)
    return grid
