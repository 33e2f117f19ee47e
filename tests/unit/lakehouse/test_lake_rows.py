"""Rows that break the contract are refused before they reach the lake."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.errors import StoreError
from lakehouse.lake_rows import checked, writer_properties
from lakehouse.render import arrow_schema
from lakehouse.tables import ENTRIES, LAKE


def entries(**more: list[Any]) -> pa.Table:
    columns = {
        "landed_date": [date(2026, 11, 24)],
        "kind": ["tick"],
        "patient_id": [None],
        "received_at": [datetime(2026, 11, 24, tzinfo=UTC)],
        "partition": [0],
        "offset": [7],
        "body": ["{}"],
    }
    return pa.table(columns | more)


def test_rows_take_the_types_of_the_contract() -> None:
    assert checked(ENTRIES, entries()).schema == arrow_schema(ENTRIES)


def test_columns_may_come_in_any_order() -> None:
    rows = entries()
    assert checked(ENTRIES, rows.select(rows.column_names[::-1])).column_names == list(ENTRIES.names)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (entries(extra=[1]), r"differs in \['extra'\]"),
        (entries().drop_columns(["body"]), r"differs in \['body'\]"),
        (entries(kind=[None]), "'kind' with null values"),
        (entries(partition=[2**40]), "not in range"),
    ],
)
def test_rows_that_break_the_contract_are_refused_by_name(rows: pa.Table, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        checked(ENTRIES, rows)


def test_every_table_says_how_parquet_keeps_it() -> None:
    for table in LAKE.values():
        written = writer_properties(table).column_properties
        assert written is not None
        assert {name for name, each in written.items() if each.dictionary_enabled} == set(table.dictionary)
