"""Care for the lake: a closed day is sorted, what is older than its retention goes, files that were replaced go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final, NamedTuple

from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.landed import check_closed
from lakehouse.log_days import DayStates
from lakehouse.settings import Settings
from lakehouse.tables import LAKE, LANDED

KEEP_REPLACED_H: Final = 8 * 24  # a week of going back to an older version, and a day for whoever is reading it
KEEP_STATES_DAYS: Final = 35  # a month of proofs can be repeated without folding the log from its beginning


class Care(NamedTuple):
    """What was done."""

    day: date
    sorted_tables: list[str]
    expired_rows: int
    deleted_files: int
    bytes_a_row: float | None


def care(settings: Settings, day: date, advance: Callable[[int], None]) -> Care:
    """Care for a closed day, and for what has grown old by then. A repeated run finds nothing left to do.

    Parameters
    ----------
    advance
        Told of each table that is done.

    Raises
    ------
    DayIsOpen
        When landing has not gone on to a later day.
    """
    sorted_tables, expired, deleted = [], 0, 0
    with Lake(settings, patience_s=60) as lake:
        check_closed(lake, day)
        for table in LAKE.values():
            if table in LANDED and lake.sort_day(table, day, Batch(f"care/{day}", 1), settings.run):
                sorted_tables.append(table.name)
            oldest = day - timedelta(days=table.retention_days)
            expired += lake.delete(table, f"{table.partition_by} < '{oldest.isoformat()}'")
            deleted += lake.vacuum(table, KEEP_REPLACED_H)
            advance(1)
        bytes_a_row = lake.bytes_a_row(LAKE["readings"], day)
    with Hdfs(settings) as hdfs:
        states = DayStates(hdfs)
        for old in states.days():
            if old < day - timedelta(days=KEEP_STATES_DAYS):
                states.delete(old)
    return Care(day, sorted_tables, expired, deleted, bytes_a_row)
