"""Rows on their way into the lake: they keep their contract, and Parquet keeps them small."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
from deltalake import ColumnProperties, DeltaTable, WriterProperties
from deltalake import Schema as DeltaSchema
from deltalake.schema import Field

from lakehouse.contract import ColumnType, LakeTable
from lakehouse.errors import StoreError
from lakehouse.render import arrow_schema

ROWS_PER_GROUP: Final = 1_048_576

_ENCODINGS: Final[dict[ColumnType, Any]] = {
    "text": "DELTA_BYTE_ARRAY",
    "bytes": "DELTA_LENGTH_BYTE_ARRAY",
    "int8": "DELTA_BINARY_PACKED",
    "int16": "DELTA_BINARY_PACKED",
    "int32": "DELTA_BINARY_PACKED",
    "int64": "DELTA_BINARY_PACKED",
    "timestamp": "DELTA_BINARY_PACKED",
    "date": "DELTA_BINARY_PACKED",
}


def writer_properties(table: LakeTable) -> WriterProperties:
    """Return how Parquet files of a table are written: zstd over differences, dictionaries where values repeat."""
    properties = {
        column.name: ColumnProperties(dictionary_enabled=True)
        if column.name in table.dictionary
        else ColumnProperties(dictionary_enabled=False, encoding=_ENCODINGS.get(column.type))
        for column in table.columns
        if column.type != "text_list"  # its values have a path of their own, and are rare
    }
    return WriterProperties(
        compression="ZSTD", compression_level=3, max_row_group_size=ROWS_PER_GROUP, column_properties=properties
    )


def checked(table: LakeTable, rows: pa.Table) -> pa.Table:
    """Return the rows with the types and the order of the contract.

    Raises
    ------
    StoreError
        When a column lacks or is unknown, a value does not fit, or is null where it may not be.
    """
    schema = arrow_schema(table)
    if set(rows.column_names) != set(table.names):
        different = sorted(set(rows.column_names) ^ set(table.names))
        raise StoreError(f"rows have the columns of their contract; {table.name} differs in {different}; correct them")
    try:
        return rows.select(list(table.names)).cast(schema)
    except (pa.ArrowInvalid, ValueError) as error:
        raise StoreError(f"rows keep their contract; {table.name}: {error}; correct them") from error


def lacking_columns(table: LakeTable, there: DeltaTable) -> list[Field]:
    """Return the columns that the contract has gained and that older rows can do without: those that may be null."""
    known = set(pa.schema(there.schema()).names)
    gained = [column.name for column in table.columns if column.name not in known and column.nullable]
    schema = pa.schema([arrow_schema(table).field(name) for name in gained])
    return DeltaSchema.from_arrow(schema).fields if gained else []


def check_columns(table: LakeTable, there: DeltaTable) -> None:
    """Check that a table that is there has the columns of its contract.

    Raises
    ------
    StoreError
        Naming the columns that differ.
    """
    found = {field.name: field.type for field in pa.schema(there.schema()).remove_metadata()}
    wanted = {field.name: field.type for field in arrow_schema(table)}
    names = found.keys() | wanted.keys()
    different = sorted(name for name in names if not _same_type(found.get(name), wanted.get(name)))
    if different:
        raise StoreError(
            f"a table has the columns of its contract; {table.name} differs in {different}; "
            "give the new meaning a new name, or write the table anew"
        )


def _same_type(found: pa.DataType | None, wanted: pa.DataType | None) -> bool:
    if found is None or wanted is None:
        return False
    if pa.types.is_list(found) and pa.types.is_list(wanted):
        return _same_type(found.value_type, wanted.value_type)
    return bool(found == wanted)
