"""A day in the contract's order, share by share: `lakehouse.sorting`. Delta tables on the local disk."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.render import arrow_schema
from lakehouse.sorting import sorted_day
from lakehouse.tables import QUARANTINE

DAY = date(2026, 3, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)


def rows(n: int, day: date = DAY, seed: int = 0) -> pa.Table:
    """Rows of `quarantine` in no order."""
    offset = np.random.default_rng(seed).permutation(n)
    columns = {
        "landed_date": [day] * n,
        "received_at": [START + timedelta(seconds=int(each)) for each in offset],
        "topic": [f"topic-{each % 3}" for each in offset],
        "partition": offset % 4,
        "offset": offset,
        "key": [b"k"] * n,
        "raw_bytes": [b"v"] * n,
        "reason": ["why"] * n,
    }
    return pa.table(columns, schema=arrow_schema(QUARANTINE))


@pytest.fixture
def opened(tmp_path: Path) -> DeltaTable:
    """Two days in three files."""
    for part in (rows(100), rows(50, seed=1), rows(30, DAY + timedelta(days=1))):
        write_deltalake(tmp_path / "table", part, mode="append", partition_by=["landed_date"])
    return DeltaTable(tmp_path / "table")


@pytest.mark.parametrize("most_rows", [1, 60, 10_000])
def test_all_rows_of_the_day_and_no_others_come_sorted(opened: DeltaTable, tmp_path: Path, most_rows: int) -> None:
    with sorted_day(QUARANTINE, opened, DAY, tmp_path, most_rows) as reader:
        found = reader.read_all()
    expected = pa.concat_tables([rows(100), rows(50, seed=1)])
    order = [(name, "ascending") for name in QUARANTINE.sort_by]
    assert found.equals(expected.sort_by(order).cast(found.schema))


def test_the_scratch_files_are_gone_at_the_end(opened: DeltaTable, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with sorted_day(QUARANTINE, opened, DAY, scratch) as reader:
        reader.read_all()
        assert list(scratch.iterdir())
    assert list(scratch.iterdir()) == []


def test_a_day_without_rows_gives_none(opened: DeltaTable, tmp_path: Path) -> None:
    with sorted_day(QUARANTINE, opened, date(2020, 1, 1), tmp_path) as reader:
        assert len(reader.read_all()) == 0
