"""The log as the lake has it: what was decoded live, as equal LogSlices, in the order of partition and offset.

A closed day is sorted by patient, so its rows are first shared out, by their place in the log, over files in a scratch
folder; each of those fits into memory. However long the log, it is read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from clinical.vitals import VITALS
from lakehouse.contract import LakeTable
from lakehouse.lake import Lake
from lakehouse.log import LogSlice
from lakehouse.messages import decode
from lakehouse.packing import SCHEMA as PACKED
from lakehouse.packing import unpack
from lakehouse.scratch import share, share_out, shares
from lakehouse.tables import ENTRIES, READINGS

MOST_ROWS: Final = 200_000  # of a slice: some 50 MB while it is put together
MOST_FILES: Final = 500
_PARTITION_BITS: Final = 40  # of a place: above these the partition, below them the offset, in widths of a file

_PLACE: Final = ("partition", "offset")
_COLUMNS: Final = {
    READINGS: ("patient_id", "measured_at", "received_at", *_PLACE, "period_s", *PACKED.names),
    ENTRIES: ("patient_id", "received_at", *_PLACE, "body"),
}


def lake_log(
    lake: Lake,
    begins: Mapping[int, int],
    ends: Mapping[int, int],
    scratch: Path | None = None,
    most_rows: int = MOST_ROWS,
) -> Iterator[LogSlice]:
    """Yield the log of some partitions, partition after partition, each in its order. Parameters as `log_on_disk`."""
    with log_on_disk(lake, begins, ends, scratch, most_rows) as log:
        for partition in log.partitions():
            yield from log.slices(partition)


@contextmanager
def log_on_disk(
    lake: Lake,
    begins: Mapping[int, int],
    ends: Mapping[int, int],
    scratch: Path | None = None,
    most_rows: int = MOST_ROWS,
) -> Iterator[LogOnDisk]:
    """Share out the log of some partitions over files that live as long as the block.

    Parameters
    ----------
    begins
        Partition -> first offset wanted; a partition that is missing here is wanted from its first record on.
    ends
        Partition -> offset before which to stop. Only these partitions are read.
    scratch
        A folder for the files: about 30 bytes a row. None = the system's temporary folder.
    most_rows
        About how many entries a slice has.
    """
    wanted = sum(end - begins.get(partition, 0) for partition, end in ends.items())
    width = max(most_rows, wanted // MOST_FILES)
    with TemporaryDirectory(dir=scratch) as folder:
        for table, columns in _COLUMNS.items():
            rows = lake.open(table).to_pyarrow_dataset()
            share_out(
                rows, list(columns), _wanted(begins, ends), Path(folder) / table.name, partial(_place, width=width)
            )
        yield LogOnDisk(Path(folder))


class LogOnDisk(NamedTuple):
    """A stretch of the log, in files by their place in it. Any process may read it."""

    folder: Path

    def partitions(self) -> list[int]:
        """Return the partitions of which there is anything."""
        return sorted({place >> _PARTITION_BITS for place in self._places()})

    def is_short(self) -> bool:
        """Return whether each partition fits into one slice."""
        return len(self._places()) <= len(self.partitions())

    def slices(self, partition: int) -> Iterator[LogSlice]:
        """Yield a partition's log in its order."""
        for place in self._places():
            if place >> _PARTITION_BITS == partition:
                yield log_of(*(self._rows(table, place) for table in _COLUMNS))

    def _places(self) -> list[int]:
        return sorted({place for table in _COLUMNS for place in shares(self.folder / table.name)})

    def _rows(self, table: LakeTable, place: int) -> pa.Table | None:
        folder = self.folder / table.name
        return share(folder, place) if place in shares(folder) else None


def log_of(readings: pa.Table | None, entries: pa.Table | None) -> LogSlice:
    """Put rows of both tables into the order of the log.

    Parameters
    ----------
    readings, entries
        Rows of `readings` and of `entries`, in any order; None = no rows.

    Returns
    -------
    LogSlice
        Equal to what `lakehouse.log.decode_log` made of the same records.
    """
    halves = [half for half in (_of_readings(readings), _of_entries(entries)) if half is not None]
    partition = np.concatenate([half.partition for half in halves])
    offset = np.concatenate([half.offset for half in halves])
    patient_ids = [patient_id for half in halves for patient_id in half.patient_ids]
    order = np.lexsort((offset, partition))
    place = np.argsort(order)  # row -> where it comes to stand
    n_readings = len(order) if entries is None else len(order) - len(entries)
    bodies = () if entries is None else entries["body"].to_pylist()
    others = {int(place[n_readings + row]): decode(body.encode()) for row, body in enumerate(bodies)}
    return LogSlice(
        partition=partition[order],
        offset=offset[order],
        received_ms=np.concatenate([half.received_ms for half in halves])[order],
        patient_ids=[patient_ids[row] for row in order],
        is_reading=np.concatenate([half.is_reading for half in halves])[order],
        measured_ms=np.concatenate([half.measured_ms for half in halves])[order],
        period_ms=np.concatenate([half.period_ms for half in halves])[order],
        values=np.concatenate([half.values for half in halves])[order],
        others=dict(sorted(others.items())),
    )


def _of_readings(rows: pa.Table | None) -> LogSlice | None:
    if rows is None:
        return None
    return LogSlice(
        partition=rows["partition"].to_numpy(),
        offset=rows["offset"].to_numpy(),
        received_ms=_ms(rows["received_at"]),
        patient_ids=rows["patient_id"].to_pylist(),
        is_reading=np.ones(len(rows), np.bool_),
        measured_ms=_ms(rows["measured_at"]),
        period_ms=np.rint(rows["period_s"].to_numpy() * 1000).astype(np.int64),
        values=unpack(rows),
        others={},
    )


def _of_entries(rows: pa.Table | None) -> LogSlice | None:
    if rows is None:
        return None
    n = len(rows)
    return LogSlice(
        partition=rows["partition"].to_numpy(),
        offset=rows["offset"].to_numpy(),
        received_ms=_ms(rows["received_at"]),
        patient_ids=rows["patient_id"].to_pylist(),
        is_reading=np.zeros(n, np.bool_),
        measured_ms=np.zeros(n, np.int64),
        period_ms=np.zeros(n, np.int64),
        values=np.full((n, len(VITALS)), np.nan),
        others={},
    )


def _ms(times: pa.ChunkedArray) -> NDArray[np.int64]:
    us: NDArray[np.int64] = times.cast(pa.int64()).to_numpy()
    return us // 1000


def _wanted(begins: Mapping[int, int], ends: Mapping[int, int]) -> pc.Expression:
    wanted = pc.scalar(False)
    for partition, end in ends.items():
        of_partition = (pc.field("partition") == partition) & (pc.field("offset") < end)
        wanted |= of_partition & (pc.field("offset") >= begins.get(partition, 0))
    return wanted


def _place(batch: pa.RecordBatch, width: int) -> NDArray[np.int64]:
    """Return a number that grows with the place of a row in the log, the same for `width` offsets of a partition."""
    partition: NDArray[np.int64] = batch["partition"].to_numpy().astype(np.int64)
    offset: NDArray[np.int64] = batch["offset"].to_numpy()
    return (partition << _PARTITION_BITS) + offset // width
