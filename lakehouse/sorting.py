"""A day of a table in the order of its contract, however large: memory holds one share of it at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable
from numpy.typing import NDArray

from lakehouse.contract import LakeTable
from lakehouse.render import arrow_schema
from lakehouse.scratch import share, share_out, shares

MOST_ROWS: Final = 4_000_000  # of a share: some 400 MB while it is sorted


@contextmanager
def sorted_day(
    table: LakeTable, opened: DeltaTable, day: date, scratch: Path | None = None, most_rows: int = MOST_ROWS
) -> Iterator[pa.RecordBatchReader]:
    """Read a day's rows, sorted by `table.sort_by`.

    The first sort column cuts the day into shares, which are written to a scratch folder in one pass and sorted one
    after another. All rows with the same value of that column are in one share.

    Parameters
    ----------
    scratch
        A folder for files that are gone at the end: about 30 bytes a row. None = the system's temporary folder.
    """
    of_day = pc.field(table.partition_by) == pa.scalar(day)
    rows = opened.to_pyarrow_dataset()
    values, bounds = _shares(rows, table.sort_by[0], of_day, most_rows)
    schema = arrow_schema(table).remove_metadata()
    with TemporaryDirectory(dir=scratch) as folder:

        def share_of(batch: pa.RecordBatch) -> NDArray[np.int64]:
            place = pc.index_in(batch[table.sort_by[0]], values).to_numpy(zero_copy_only=False)
            number: NDArray[np.int64] = np.searchsorted(bounds, place, side="right") - 1
            return number

        def batches() -> Iterator[pa.RecordBatch]:
            for number in shares(Path(folder)):
                some = share(Path(folder), number).select(schema.names).cast(schema)
                yield from some.sort_by([(name, "ascending") for name in table.sort_by]).to_batches()

        share_out(rows, list(table.names), of_day, Path(folder), share_of)

        yield pa.RecordBatchReader.from_batches(schema, batches())


def _shares(rows: ds.Dataset, column: str, of_day: pc.Expression, most_rows: int) -> tuple[pa.Array, NDArray[np.int64]]:
    """Return the values of a column, sorted, and the place in them at which each share begins."""
    counts: pa.Table | None = None
    for batch in rows.scanner(columns=[column], filter=of_day).to_batches():
        some = pa.table([batch[column]], names=[column]).group_by(column).aggregate([([], "count_all")])
        both = some if counts is None else pa.concat_tables([counts, some])
        counts = both.group_by(column).aggregate([("count_all", "sum")]).rename_columns([column, "count_all"])
    if counts is None or not len(counts):
        return pa.array([]), np.zeros(0, np.int64)
    counts = counts.sort_by(column)
    share = (np.cumsum(counts["count_all"].to_numpy()) - 1) // most_rows
    return counts[column].combine_chunks(), np.flatnonzero(np.diff(share, prepend=-1))
