"""How far the log has landed: the commits that bring the rows say so, so that rows and positions cannot disagree.

With each addition, landing marks in the table where it stands in each partition of its topics. Whatever is repeated
after a crash, with whatever cuts, is then recognised by its offset. The table `entries` is written last and each time:
its marks hold for the whole lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.errors import WardwatchError
from lakehouse.lake import Lake
from lakehouse.tables import ENTRIES

LAST_WRITTEN: Final = ENTRIES
DAY_MARK: Final = "landing/day"


def mark(topic: str, partition: int) -> str:
    """Return the name under which a table knows how far it is in a partition of the log."""
    return f"landing/{topic}[{partition}]"


def positions(table: DeltaTable, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Return for each partition the first offset that the table does not have yet; without those never landed."""
    found = {partition: table.transaction_version(mark(topic, partition)) for partition in partitions}
    return {partition: offset for partition, offset in found.items() if offset is not None}


def landed(lake: Lake, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Return for each partition the offset before which every record is in the lake; without those never landed."""
    return positions(lake.open(LAST_WRITTEN), topic, partitions)


def last_day(table: DeltaTable) -> date | None:
    """Return the day on which the last rows landed; None before the first."""
    found = table.transaction_version(DAY_MARK)
    return None if found is None else date.fromordinal(found)


class DayIsOpen(WardwatchError, ValueError):
    """More rows may still land on that day."""


def check_closed(lake: Lake, day: date) -> None:
    """Check that no more rows land on a day.

    Raises
    ------
    DayIsOpen
        When landing has not gone on to a later day.
    """
    landed_on = last_day(lake.open(LAST_WRITTEN))
    if landed_on is None or landed_on <= day:
        raise DayIsOpen(
            f"a day is over when no more rows land on it; {day} is asked for, and the last rows landed on "
            f"{landed_on or 'no day yet'}; wait until landing has reached the next day (`make logs NAME=landing`)"
        )


def check_landed(lake: Lake, day: date, today: date | None = None) -> None:
    """Check that all of a past day has landed. Today is open by nature: its jobs take it as far as it has landed.

    Raises
    ------
    DayIsOpen
        When landing is behind, and has not gone on to a later day.
    """
    if day < (today or datetime.now(UTC).date()):
        check_closed(lake, day)


def raised(table: DeltaTable, marks: Mapping[str, int]) -> dict[str, int]:
    """Return the marks that are beyond those in the table; the others stay as they are."""
    known = {name: table.transaction_version(name) for name in marks}
    return {name: number for name, number in marks.items() if (known[name] or 0) < number}


def new_by_offset(table: DeltaTable, rows: pa.Table, topic: str) -> pa.Table:
    """Return those rows, all of one topic, which the table does not have yet, by their `partition` and `offset`."""
    partition = rows["partition"].to_numpy()
    known = positions(table, topic, np.unique(partition).tolist())
    begins = np.zeros(partition.max(initial=0) + 1, np.int64)
    begins[list(known)] = list(known.values())
    is_new = rows["offset"].to_numpy() >= begins[partition]
    return rows if is_new.all() else rows.filter(pa.array(is_new))


def new_by_id(table: DeltaTable, rows: pa.Table) -> pa.Table:
    """Return those alert events that the table does not have yet, and each only once.

    A repeated event has the same id and, as it comes from the same message, the same `received_at`: only the files
    that may hold those times are read.
    """
    if not len(rows):
        return rows
    ids = rows["event_id"].to_pylist()
    times = pc.min_max(rows["received_at"]).as_py()
    filters = [
        ("landed_date", ">=", times["min"].date()),
        ("received_at", ">=", times["min"]),
        ("received_at", "<=", times["max"]),
    ]
    known = set(table.to_pyarrow_table(columns=["event_id"], filters=filters)["event_id"].to_pylist())
    first = {event_id: row for row, event_id in reversed(list(enumerate(ids))) if event_id not in known}
    return rows.take(pa.array(sorted(first.values()), pa.int64()))
