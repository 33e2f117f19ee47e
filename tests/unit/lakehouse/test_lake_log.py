"""The log as the lake has it: in its order, and as much at once as is wanted."""

from __future__ import annotations

from datetime import date
from itertools import chain
from pathlib import Path

import pytest

from lakehouse.lake_log import MOST_FILES, log_on_disk
from tests.unit.lakehouse.local_lake import LocalLake

TICKS = 20 * MOST_FILES


@pytest.fixture
def lake(tmp_path: Path) -> LocalLake:
    lake = LocalLake(tmp_path)
    lake.land_ticks(date(2026, 3, 1), {0: range(TICKS)})
    return lake


def test_a_slice_is_as_long_as_asked_for_however_long_the_table_is(lake: LocalLake, tmp_path: Path) -> None:
    with log_on_disk(lake, {0: TICKS - 40}, {0: TICKS}, tmp_path, most_rows=10) as log:
        lengths = [len(part.offset) for part in log.slices(0)]
        assert not log.is_short()
    assert lengths == [10, 10, 10, 10]


def test_a_long_stretch_has_longer_slices_rather_than_more_files(lake: LocalLake, tmp_path: Path) -> None:
    with log_on_disk(lake, {}, {0: TICKS}, tmp_path, most_rows=1) as log:
        offsets = [part.offset.tolist() for part in log.slices(0)]
    assert len(offsets) == MOST_FILES
    assert list(chain.from_iterable(offsets)) == list(range(TICKS))


def test_a_stretch_that_fits_into_one_slice_is_short(lake: LocalLake, tmp_path: Path) -> None:
    with log_on_disk(lake, {0: 100}, {0: 120}, tmp_path) as log:
        assert log.is_short()
        assert [part.offset.tolist() for part in log.slices(0)] == [list(range(100, 120))]
