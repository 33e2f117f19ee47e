"""CQL made from the contract: the texts of statements, and the checks of the rows and keys that fill them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from lakehouse.contract import CassandraTable
from lakehouse.render import cql_name


@cache
def insert(table: CassandraTable, keyspace: str, *, if_absent: bool = False, timestamp: bool = False) -> str:
    """Return the statement that writes a row of all columns; with `timestamp`, a last mark takes it."""
    names = ", ".join(map(cql_name, table.names))
    marks = ", ".join("?" * len(table.names))
    cql = f"INSERT INTO {keyspace}.{table.name} ({names}) VALUES ({marks})"
    return cql + (" IF NOT EXISTS" if if_absent else "") + (" USING TIMESTAMP ?" if timestamp else "")


def where(table: CassandraTable, key: Mapping[str, Any]) -> str:
    """Return the condition that selects the rows of a key, or of the first parts of a key."""
    return " AND ".join(f"{cql_name(name)} = ?" for name in in_key_order(table, key))


def in_key_order(table: CassandraTable, key: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a key in the table's order.

    Raises
    ------
    ValueError
        When the parts are not the first ones of the key, at least the whole partition key.
    """
    names = [name for name in table.key if name in key]
    if len(names) < len(table.partition_key) or set(names) != set(key) or names != list(table.key[: len(names)]):
        raise ValueError(f"a key begins with {table.key}; {table.name} got {tuple(key)}; give its first parts")
    return {name: key[name] for name in names}


def check_row(table: CassandraTable, row: Mapping[str, Any]) -> None:
    """Check that a row has its whole key and no column that the table does not have.

    Raises
    ------
    ValueError
        Naming what is lacking and what is unknown.
    """
    unknown, lacking = set(row) - set(table.names), [name for name in table.key if row.get(name) is None]
    if unknown or lacking:
        raise ValueError(
            f"a row has the columns of its table and its whole key; {table.name} got unknown {sorted(unknown)}, "
            f"lacks {lacking}; correct the row"
        )
