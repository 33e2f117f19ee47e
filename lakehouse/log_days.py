"""Days of the log, and the fold's state at their ends.

The clock writes a tick to every partition each second, so the last tick that landed on a day says where the day ends in
each partition. What landed behind it belongs to the next day: days are without gap and without overlap.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

import pyarrow.compute as pc

from lakehouse.errors import RecoveryError
from lakehouse.folding import AlarmFold
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Lake
from lakehouse.tables import ENTRIES

# An open day ends this long before what has landed last: by then the events of its entries have landed, too.
SETTLED_S: Final = 60


def day_ends(lake: Lake, day: date, today: date | None = None) -> dict[int, int]:
    """Return for each partition the offset behind the last tick that landed on a day; empty where none did.

    The day of today (UTC) is open: it ends a minute before its last tick.
    """
    ticks = lake.read(
        ENTRIES, [("landed_date", "=", day), ("kind", "=", "tick")], ["partition", "offset", "received_at"]
    )
    if not len(ticks):
        return {}
    if day >= (today or datetime.now(UTC).date()):
        latest = pc.max(ticks["received_at"]).as_py() - timedelta(seconds=SETTLED_S)
        ticks = ticks.filter(pc.less_equal(ticks["received_at"], latest))
    last = ticks.group_by("partition").aggregate([("offset", "max")])
    return {row["partition"]: row["offset_max"] + 1 for row in last.to_pylist()}


class DayEnd(NamedTuple):
    """Where a day ended: partition -> offset behind its last tick."""

    day: date
    offsets: dict[int, int]


def latest_end(lake: Lake, day: date) -> DayEnd | None:
    """Return the end of the latest day up to this one, all of them past, on which a tick landed; None without any.

    A stack that was switched off for a day, or whose clock was dead, left no tick on it.
    """
    for each in reversed(lake.days(ENTRIES)):
        if each <= day and (offsets := day_ends(lake, each, each + timedelta(days=1))):
            return DayEnd(each, offsets)
    return None


class DayStates:
    """The fold's state at the end of each day, partition by partition, on HDFS: where the proof of the next begins.

    A repeated save puts the same state in the same place.
    """

    def __init__(self, hdfs: Hdfs) -> None:
        self._hdfs = hdfs

    def save(self, day: date, partition: int, fold: AlarmFold) -> None:
        """Keep the state of one partition at the end of a day."""
        self._hdfs.make_folder(_folder(day), "700")
        self._hdfs.put(_path(day, partition), fold.to_bytes())

    def load(self, day: date, partition: int) -> AlarmFold | None:
        """Return the state of one partition at the end of a day; None where none was kept.

        Raises
        ------
        RecoveryError
            When it was written by a version with other rules or another layout.
        """
        if self._hdfs.status(_path(day, partition)) is None:
            return None
        try:
            return AlarmFold.from_bytes(self._hdfs.get(_path(day, partition)))
        except RecoveryError as error:
            raise RecoveryError(
                f"{error}; the state of {day} was kept by another version: prove a range that begins on the first day"
            ) from None

    def days(self) -> list[date]:
        """Return the days of which a state was kept, the oldest first."""
        return [date.fromisoformat(name) for name in self._hdfs.names("states")]

    def latest(self, partition: int, before: date) -> date | None:
        """Return the latest day before another one of which a partition's state was kept."""
        earlier = (day for day in reversed(self.days()) if day < before)
        return next((day for day in earlier if partition in self.partitions(day)), None)

    def partitions(self, day: date) -> list[int]:
        """Return the partitions whose state at the end of a day was kept."""
        return [int(name.removesuffix(".state")) for name in self._hdfs.names(_folder(day)) if name.endswith(".state")]

    def delete(self, day: date) -> None:
        """Forget the states of a day."""
        self._hdfs.delete(_folder(day))


def _folder(day: date) -> str:
    return f"states/{day.isoformat()}"


def _path(day: date, partition: int) -> str:
    return f"{_folder(day)}/{partition:04d}.state"
