"""Rows too many for memory, shared out over files of a scratch folder that a caller reads one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from numpy.typing import NDArray

_SHARE: Final = "share"


def share_out(
    rows: ds.Dataset,
    columns: list[str],
    wanted: pc.Expression,
    folder: Path,
    share_of: Callable[[pa.RecordBatch], NDArray[np.int64]],
) -> None:
    """Write the wanted rows to `folder`, in one pass; `share` then reads one share.

    Parameters
    ----------
    share_of
        Is given rows and returns the number of the share of each, (rows,) of int64.
    """
    scanner = rows.scanner(columns=columns, filter=wanted, batch_readahead=2, fragment_readahead=1)
    schema = scanner.projected_schema.append(pa.field(_SHARE, pa.int64()))

    def numbered() -> Iterator[pa.RecordBatch]:
        for batch in scanner.to_batches():
            yield pa.RecordBatch.from_arrays([*batch.columns, pa.array(share_of(batch))], schema=schema)

    ds.write_dataset(
        pa.RecordBatchReader.from_batches(schema, numbered()),
        folder,
        format="ipc",
        file_options=ds.IpcFileFormat().make_write_options(compression="lz4"),
        partitioning=ds.partitioning(pa.schema([schema.field(_SHARE)])),
        existing_data_behavior="error",
    )


def shares(folder: Path) -> list[int]:
    """Return the numbers of the shares that hold any row, ascending."""
    return sorted(int(path.name) for path in folder.glob("*"))


def share(folder: Path, number: int) -> pa.Table:
    """Return the rows of one of the `shares`."""
    return ds.dataset(folder / str(number), format="ipc").to_table()
