"""Lands batches of the log in the lake, each record once."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse.columns import LANDED_DATE
from lakehouse.contract import LakeTable
from lakehouse.errors import RecoveryError
from lakehouse.faults import fault_point
from lakehouse.heartbeat import Heartbeat
from lakehouse.lake import Addition, Lake
from lakehouse.landed import DAY_MARK, LAST_WRITTEN, last_day, mark, new_by_id, new_by_offset, positions, raised
from lakehouse.tables import ENTRIES, LAKE_ALERT_EVENTS, QUARANTINE, READINGS
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.landed_rows import rows_of, rules_broken

logger = logging.getLogger(__name__)

Positions: TypeAlias = dict[str, dict[int, int]]  # topic -> partition -> next offset

TOPICS: Final = (BEDSIDE.name, ALERTS.name)
_SAID: Final = 5  # bad records named in the log, of each batch


class Progress:
    """What landing is doing, and how much it has done; told by its heartbeat. `monotonic` is a clock in seconds."""

    def __init__(self, heartbeat: Heartbeat, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._heartbeat = heartbeat
        self._monotonic = monotonic
        self._heard_at: float | None = None
        self.state = "starting"
        self.counts = Counter(
            {f"{table.name}_landed": 0 for table in (READINGS, ENTRIES, LAKE_ALERT_EVENTS, QUARANTINE)}
        )

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Land a batch in this block."""
        self.goes_on()
        try:
            yield
        finally:
            self._heard_at = None

    def goes_on(self) -> None:
        """Say that another table of the batch is done."""
        self._heard_at = self._monotonic()

    @property
    def silent_s(self) -> float:
        """For how long the batch under way has neither come further nor said that it waits; 0 between batches."""
        heard_at = self._heard_at
        return 0.0 if heard_at is None else self._monotonic() - heard_at

    def wait(self, why: str) -> None:
        """Say that the lake does not answer."""
        self.goes_on()
        self.state = f"waiting for the lake: {why}"
        self.beat()

    def beat(self) -> None:
        """Say how things are."""
        self._heartbeat.beat(self.state, **self.counts)


class Lander:
    """Takes batches, one after another.

    When `take` has returned, every record of the batch is in the lake. A batch may be repeated, whole or cut in another
    way: each table knows up to which offset it has the log, and only what is new to it is added. An alert event is
    recognised by its id, since the lane and its standby may both have written it.
    """

    def __init__(self, lake: Lake, begins: Positions, progress: Progress) -> None:
        self._lake = lake
        self._begins = begins  # with a checkpoint just made: what is before these is known to be lost, or landed
        self._progress = progress

    def take(self, batch: pa.Table) -> None:
        """Land a batch: columns topic, partition, offset, timestamp, key, value.

        Raises
        ------
        RecoveryError
            When records between the lake and the batch are missing.
        """
        if not len(batch):
            return
        with self._progress.batch():
            self._take(batch)

    def _take(self, batch: pa.Table) -> None:
        last_written = self._lake.open(LAST_WRITTEN)
        self._check_no_gap(last_written, batch)
        day = _day(batch, last_written)
        marks = _marks(batch) | {DAY_MARK: day.toordinal()}
        rows = {name: _on(day, table) for name, table in rows_of(batch).items()}
        fault_point("landing.before_write")
        quarantined = self._land(QUARANTINE, rows, marks)
        self._land(READINGS, rows, marks)
        fault_point("landing.between_tables")
        self._land(LAKE_ALERT_EVENTS, rows, marks)
        self._land(LAST_WRITTEN, rows, marks)
        self._progress.state = "running"
        fault_point("landing.after_write")
        self._say(quarantined)

    def _check_no_gap(self, last_written: DeltaTable, batch: pa.Table) -> None:
        for span in _spans(batch):
            topic, partition, begin = span["topic"], span["partition"], span["offset_min"]
            stands = positions(last_written, topic, [partition]).get(partition)
            if stands is not None and max(stands, self._begins.get(topic, {}).get(partition, 0)) < begin:
                raise RecoveryError(
                    f"landing goes on where the lake stands; {topic}[{partition}] is landed up to {stands}, and the "
                    f"batch begins at {begin}; remove run/checkpoints/landing and start again: it then begins where "
                    "the lake stands, or at the oldest record that Kafka still has"
                )

    def _land(self, table: LakeTable, rows: Mapping[str, pa.Table], marks: Mapping[str, int]) -> pa.Table:
        """Add what the table does not have yet, and return it."""
        candidates = added = rows[table.name]

        def choose(opened: DeltaTable) -> Addition | None:
            nonlocal added
            added = _new(table, opened, candidates)
            beyond = raised(opened, marks)
            return Addition(added, beyond) if len(added) or (beyond and table is LAST_WRITTEN) else None

        self._progress.counts[f"{table.name}_landed"] += self._lake.add(table, choose)
        self._progress.goes_on()
        return added

    def _say(self, quarantined: pa.Table) -> None:
        """Count bad records by rule and name the first ones; their content is nobody's business in a log."""
        reasons = quarantined["reason"].to_pylist()
        for rule, count in rules_broken(reasons).items():
            self._progress.counts[f"quarantined_{rule}"] += count
            logger.warning("quarantined %d records: %s", count, rule)
        for row in quarantined.slice(0, _SAID).select(["topic", "partition", "offset"]).to_pylist():
            logger.warning("quarantined %s[%d]@%d", row["topic"], row["partition"], row["offset"])


def _new(table: LakeTable, opened: DeltaTable, rows: pa.Table) -> pa.Table:
    """Return the rows that the table does not have yet."""
    if table is LAKE_ALERT_EVENTS:
        return new_by_id(opened, rows)
    if table is not QUARANTINE:
        return new_by_offset(opened, rows, BEDSIDE.name)
    of_topic = {topic: rows.filter(pc.equal(rows["topic"], topic)) for topic in TOPICS}
    return pa.concat_tables([new_by_offset(opened, some, topic) for topic, some in of_topic.items()])


def _on(day: date, rows: pa.Table) -> pa.Table:
    return rows.append_column(LANDED_DATE.name, pa.repeat(pa.scalar(day), len(rows)))


def _day(batch: pa.Table, last_written: DeltaTable) -> date:
    """Return the day on which a batch lands: that of its newest record, so that a repetition lands on the same.

    Never before the day of the last batch: a closed day gets no more rows, in whatever order partitions catch up.
    """
    newest: date = pc.max(batch["timestamp"]).cast(pa.timestamp("us", tz="UTC")).as_py().date()
    return max(newest, last_day(last_written) or newest)


def _spans(batch: pa.Table) -> list[dict[str, Any]]:
    """Return for each topic and partition of a batch its first and last offset."""
    spans = batch.group_by(["topic", "partition"]).aggregate([("offset", "min"), ("offset", "max")])
    found: list[dict[str, Any]] = spans.to_pylist()
    return found


def _marks(batch: pa.Table) -> dict[str, int]:
    return {mark(span["topic"], span["partition"]): span["offset_max"] + 1 for span in _spans(batch)}
