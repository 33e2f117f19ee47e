"""Proves a day's alarms: folds the day's log once more and compares with what was raised live.

The fold is a pure function of the log, so there is nothing to tolerate: every difference is one too many. It
begins from the state at the end of the day before; where none was kept, from the first entry that the lake has.
Each partition is proven by itself, in a process of its own, and leaves its state at the end of the day for the next.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.alert_rows import event_row, event_rows
from lakehouse.cassandra import Cassandra
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold, warm_up
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.lake_log import LogOnDisk, log_on_disk
from lakehouse.log_days import DayStates, day_ends
from lakehouse.mart_tables import PROOF_DAILY
from lakehouse.marts import Marts
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, LAKE_ALERT_EVENTS, PROOF

Fault: TypeAlias = Literal["missing", "extra", "different"]
Row: TypeAlias = dict[str, Any]

ONE_DAY: Final = timedelta(days=1)
_NO_FIELDS: Final = frozenset({LAKE_ALERT_EVENTS.partition_by})


class Stretch(NamedTuple):
    """A day of one partition's log: first offset, and the one behind the last."""

    begin: int
    end: int


class Difference(NamedTuple):
    """An alert event that a store does not have as the log says."""

    store: Literal["lake", "cassandra"]
    fault: Fault
    event_id: str
    patient_id: str
    partition: int
    offset: int
    detail: str  # of a different one: each field, as stored and as the log says

    def sentence(self) -> str:
        """Say it."""
        where = f"bedside[{self.partition}]@{self.offset}"
        return f"{self.fault} in {self.store}: {self.event_id} (caused by {where}): {self.detail}"


class Proof(NamedTuple):
    """What the proof of a day found."""

    day: date
    entries: int
    events: int
    differences: list[Difference]

    @property
    def is_clean(self) -> bool:
        """Whether every alarm was raised as the log says, and no other."""
        return not self.differences

    def summary(self) -> dict[str, Any]:
        """Return the counts, for the last line of the job."""
        faults = Counter(f"{difference.fault}_in_{difference.store}" for difference in self.differences)
        return {"date": self.day.isoformat(), "entries": self.entries, "events": self.events, **faults,
                "proven": self.is_clean}  # fmt: skip


class _Folded(NamedTuple):
    partition: int
    entries: int
    events: list[AlertEvent]


def prove(settings: Settings, day: date, advance: Callable[[int], None], today: date | None = None) -> Proof:
    """Prove one day, and keep the state at its end. A repeated run does the same again.

    Parameters
    ----------
    advance
        Told how many entries more are folded.
    today
        The UTC day that is not over; None = by the clock.

    Raises
    ------
    RecoveryError
        When no tick landed on that day, so that nobody can say where it ends.
    """
    with Lake(settings, patience_s=60) as lake, Hdfs(settings) as hdfs:
        states = DayStates(hdfs)
        ends = day_ends(lake, day, today)
        if not ends:
            raise RecoveryError(
                f"a day of the log ends with a tick in each partition; none landed on {day}; "
                "see `make status` for clock and landing, or prove another day"
            )
        kept = {partition: states.load(day - ONE_DAY, partition) for partition in ends}
        begins = {partition: fold.positions[partition] for partition, fold in kept.items() if fold is not None}
        before = begins if len(begins) == len(ends) else day_ends(lake, day - ONE_DAY) | begins
        stretches = {partition: Stretch(before.get(partition, 0), end) for partition, end in ends.items()}
        with log_on_disk(lake, begins, ends, settings.run) as log:
            folded = list(_folded(settings, log, day, stretches, advance))
        events = [event for part in folded for event in part.events]
        differences = [*_in_lake(lake, day, events, stretches), *_in_cassandra(settings, day, events, stretches)]
    return Proof(day, sum(part.entries for part in folded), len(events), differences)


def keep(settings: Settings, proof: Proof) -> None:
    """Write what a proof found to the lake and the marts, in place of what an earlier run of that day had found."""
    rows = [{"day": proof.day, **difference._asdict()} for difference in proof.differences]
    faults = Counter(difference.fault for difference in proof.differences)
    with Lake(settings, patience_s=60) as lake, Marts(settings, Service.BATCH) as marts:
        run = Batch(f"prove/{proof.day}", time.time_ns())
        lake.replace_day(PROOF, proof.day, pa.Table.from_pylist(rows, arrow_schema(PROOF)), run)
        daily = {
            "proven": proof.is_clean,
            "folded_entries": proof.entries,
            "raised_events": proof.events,
            "missing_events": faults["missing"],
            "extra_events": faults["extra"],
            "different_events": faults["different"],
        }
        marts.replace_day(PROOF_DAILY, proof.day, [daily])


def _folded(
    settings: Settings, log: LogOnDisk, day: date, stretches: Mapping[int, Stretch], advance: Callable[[int], None]
) -> Iterator[_Folded]:
    """Fold each partition: in processes side by side where that is worth their start."""
    if log.is_short():
        for partition, stretch in stretches.items():
            folded = _fold(settings, log, day, partition, *stretch)
            advance(folded.entries)
            yield folded
        return
    workers = min(len(stretches), os.cpu_count() or 1)
    # Spawned: the threads of Arrow and Delta do not live on in a fork.
    with ProcessPoolExecutor(workers, get_context("spawn"), warm_up) as pool:
        parts = [pool.submit(_fold, settings, log, day, part, *stretch) for part, stretch in stretches.items()]
        for part in as_completed(parts):
            advance(part.result().entries)
            yield part.result()


def _fold(settings: Settings, log: LogOnDisk, day: date, partition: int, begin: int, end: int) -> _Folded:
    """Fold one partition up to the end of the day; return the events of the day."""
    with Hdfs(settings) as hdfs:
        states = DayStates(hdfs)
        fold = states.load(day - ONE_DAY, partition) or AlarmFold()
        events: list[AlertEvent] = []
        entries = 0
        for stretch in log.slices(partition):
            events += (event for event in fold.fold(stretch) if event.offset >= begin)
            entries += int((stretch.offset >= begin).sum())
        fold.positions[partition] = end
        states.save(day, partition, fold)
    return _Folded(partition, entries, events)


def _in_lake(
    lake: Lake, day: date, events: Sequence[AlertEvent], stretches: Mapping[int, Stretch]
) -> Iterator[Difference]:
    """Compare with the lake. An event lands with its message, or a batch later; never a day before it."""
    rows = lake.read(LAKE_ALERT_EVENTS, [("landed_date", ">=", day - ONE_DAY)])
    expected = event_rows(events).to_pylist()
    yield from _differences("lake", expected, _of_day(rows, stretches).to_pylist())


def _of_day(rows: pa.Table, stretches: Mapping[int, Stretch]) -> pa.Table:
    wanted = pc.scalar(False)
    for partition, (begin, end) in stretches.items():
        of_partition = pc.field("partition") == partition
        wanted |= of_partition & (pc.field("offset") >= begin) & (pc.field("offset") < end)
    return rows.filter(wanted)


def _in_cassandra(
    settings: Settings, day: date, events: Sequence[AlertEvent], stretches: Mapping[int, Stretch]
) -> Iterator[Difference]:
    """Compare with Cassandra, as far back as its rows live."""
    oldest = datetime.now(UTC).date() - timedelta(days=(ALERT_EVENTS.ttl_days or 0) - 1)
    if day <= oldest:
        return
    with Cassandra(settings, Service.BATCH, patience_s=60) as cassandra:
        stored = [
            row
            for key in cassandra.partition_keys(ALERT_EVENTS)
            for row in cassandra.select(ALERT_EVENTS, key)
            if _is_of_day(row, stretches)
        ]
    yield from _differences("cassandra", list(map(event_row, events)), stored)


def _is_of_day(row: Row, stretches: Mapping[int, Stretch]) -> bool:
    partition, offset = row["partition"], row["offset"]
    if partition is None or offset is None:
        return True  # not written by the fold, whenever it was
    return partition in stretches and stretches[partition].begin <= offset < stretches[partition].end


def _differences(
    store: Literal["lake", "cassandra"], expected: Sequence[Row], stored: Sequence[Row]
) -> Iterator[Difference]:
    """Compare rows by their event_id; a store may say the same thing twice."""
    wanted = {row["event_id"]: row for row in expected}
    found: dict[str, Row] = {}
    for row in stored:
        event_id = row["event_id"]
        found[event_id] = row
        if event_id not in wanted:
            yield _difference(store, "extra", row, "the log does not lead to it")
        elif detail := _told_apart(row, wanted[event_id]):
            yield _difference(store, "different", wanted[event_id], detail)
    for event_id, row in wanted.items():
        if event_id not in found:
            yield _difference(store, "missing", row, "the log leads to it, and it was not stored")


def _told_apart(stored: Row, wanted: Row) -> str:
    """Return the fields that differ, in words; empty where none does."""
    fields = sorted((stored.keys() | wanted.keys()) - _NO_FIELDS)
    pairs = {name: (_or_none(stored.get(name)), _or_none(wanted.get(name))) for name in fields}
    return "; ".join(
        f"{name} is {was!r}, and the log says {said!r}" for name, (was, said) in pairs.items() if was != said
    )


def _or_none(value: Any) -> Any:
    """Cassandra keeps no empty list."""
    return None if value == [] else value


def _difference(store: Literal["lake", "cassandra"], fault: Fault, row: Row, detail: str) -> Difference:
    return Difference(store, fault, row["event_id"], row["patient_id"], row["partition"], row["offset"], detail)
