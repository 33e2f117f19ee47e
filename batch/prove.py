"""Proves a day's alarms: folds the day's log once more and compares with what was raised live.

The fold is a pure function of the log, so there is nothing to tolerate: every difference is one too many. It
begins from the latest state that was kept at the end of an earlier day; without any, from the first entry of the lake.
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
from lakehouse.columns import ANNOUNCED_AT
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold, warm_up
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.lake_log import LogOnDisk, log_on_disk
from lakehouse.landed import check_landed
from lakehouse.log_days import DayEnd, DayStates, day_ends, latest_end
from lakehouse.mart_tables import PROOF_DAILY
from lakehouse.marts import Marts
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, ENTRIES, LAKE_ALERT_EVENTS, PROOF

Store: TypeAlias = Literal["lake", "cassandra"]
Fault: TypeAlias = Literal["missing", "extra", "different"]
Row: TypeAlias = dict[str, Any]

ONE_DAY: Final = timedelta(days=1)
_NO_FIELDS: Final = frozenset({LAKE_ALERT_EVENTS.partition_by, ANNOUNCED_AT.name})


class NoEnd(RecoveryError):
    """No tick landed on a day, so that nobody can say where it ends."""


class Stretch(NamedTuple):
    """A day of one partition's log, and where its fold begins.

    The day begins where the latest earlier day with a tick ended, so what landed on days without one belongs to it.
    """

    begin: int
    end: int  # behind the last entry
    ended_before: date  # the day that ended at `begin`; the first one of the lake, where none did
    state_of: date | None  # the day at whose end the fold begins; None = with the first entry of the lake
    fold_from: int


class Difference(NamedTuple):
    """An alert event that a store does not have as the log says."""

    store: Store
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
    compared_with: tuple[Store, ...]
    differences: list[Difference]

    @property
    def is_clean(self) -> bool:
        """Whether every alarm was raised as the log says, and no other."""
        return not self.differences

    def summary(self) -> dict[str, Any]:
        """Return the counts, for the last line of the job."""
        faults = Counter(f"{difference.fault}_in_{difference.store}" for difference in self.differences)
        return {"date": self.day.isoformat(), "entries": self.entries, "events": self.events, **faults,
                "compared_with": self.compared_with, "proven": self.is_clean}  # fmt: skip


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
    DayIsOpen
        When more may still land on a past day.
    NoEnd
        When no tick landed on that day.
    RecoveryError
        When the state that it begins with was kept by another version.
    """
    with Lake(settings, patience_s=60) as lake, Hdfs(settings) as hdfs:
        check_landed(lake, day, today)
        ends = day_ends(lake, day, today)
        if not ends:
            raise NoEnd(
                f"a day of the log ends with a tick in each partition; none landed on {day}; "
                "see `make status` for clock and landing, or prove another day"
            )
        stretches = _stretches(lake, DayStates(hdfs), day, ends)
        fold_from = {partition: stretch.fold_from for partition, stretch in stretches.items()}
        with log_on_disk(lake, fold_from, ends, settings.run) as log:
            folded = list(_folded(settings, log, day, stretches, advance))
        events = [event for part in folded for event in part.events]
        differences = list(_in_lake(lake, events, stretches))
    compared_with: tuple[Store, ...] = ("lake",)
    if _is_in_cassandra(day, events, today or datetime.now(UTC).date()):
        compared_with = ("lake", "cassandra")
        differences += _in_cassandra(settings, events, stretches)
    return Proof(day, sum(part.entries for part in folded), len(events), compared_with, differences)


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


def _stretches(lake: Lake, states: DayStates, day: date, ends: Mapping[int, int]) -> dict[int, Stretch]:
    first = lake.days(ENTRIES)[0]  # on `day` itself ticks have landed
    before = latest_end(lake, day - ONE_DAY) or DayEnd(first, {})
    stretches = {}
    for partition, end in ends.items():
        state_of = states.latest(partition, before=day)
        fold = None if state_of is None else states.load(state_of, partition)
        fold_from = 0 if fold is None else fold.positions[partition]
        begin, ended = fold_from, state_of or first
        # A state of that very day says more: where the day was proven before its end, the rest of it is not proven yet.
        if partition in before.offsets and (state_of is None or state_of < before.day):
            begin, ended = before.offsets[partition], before.day
        stretches[partition] = Stretch(begin, end, ended, state_of, fold_from)
    return stretches


def _folded(
    settings: Settings, log: LogOnDisk, day: date, stretches: Mapping[int, Stretch], advance: Callable[[int], None]
) -> Iterator[_Folded]:
    """Fold each partition: in processes side by side where that is worth their start."""
    if log.is_short():
        for partition, stretch in stretches.items():
            folded = _fold(settings, log, day, partition, stretch)
            advance(folded.entries)
            yield folded
        return
    workers = min(len(stretches), os.cpu_count() or 1)
    # Spawned: the threads of Arrow and Delta do not live on in a fork.
    with ProcessPoolExecutor(workers, get_context("spawn"), warm_up) as pool:
        parts = [pool.submit(_fold, settings, log, day, part, stretch) for part, stretch in stretches.items()]
        for part in as_completed(parts):
            advance(part.result().entries)
            yield part.result()


def _fold(settings: Settings, log: LogOnDisk, day: date, partition: int, stretch: Stretch) -> _Folded:
    """Fold one partition up to the end of the day; return the events of the day."""
    with Hdfs(settings) as hdfs:
        states = DayStates(hdfs)
        kept = None if stretch.state_of is None else states.load(stretch.state_of, partition)
        fold = kept or AlarmFold()
        events: list[AlertEvent] = []
        entries = 0
        for part in log.slices(partition):
            events += (event for event in fold.fold(part) if event.offset >= stretch.begin)
            entries += int((part.offset >= stretch.begin).sum())
        fold.positions[partition] = stretch.end
        states.save(day, partition, fold)
    return _Folded(partition, entries, events)


def _in_lake(lake: Lake, events: Sequence[AlertEvent], stretches: Mapping[int, Stretch]) -> Iterator[Difference]:
    """Compare with the lake. An event lands with its message, or a batch later; never a day before it."""
    since = min(stretch.ended_before for stretch in stretches.values())
    rows = lake.read(LAKE_ALERT_EVENTS, [("landed_date", ">=", since)])
    expected = event_rows(events).to_pylist()
    yield from _differences("lake", expected, _of_day(rows, stretches).to_pylist())


def _of_day(rows: pa.Table, stretches: Mapping[int, Stretch]) -> pa.Table:
    wanted = pc.scalar(False)
    for partition, stretch in stretches.items():
        of_partition = pc.field("partition") == partition
        wanted |= of_partition & (pc.field("offset") >= stretch.begin) & (pc.field("offset") < stretch.end)
    return rows.filter(wanted)


def _is_in_cassandra(day: date, events: Sequence[AlertEvent], today: date) -> bool:
    """Say whether Cassandra still has every event of a day: its rows live for some days only."""
    gone = today - timedelta(days=(ALERT_EVENTS.ttl_days or 0) - 1)
    return min([day, *(event.received_at.date() for event in events)]) > gone


def _in_cassandra(
    settings: Settings, events: Sequence[AlertEvent], stretches: Mapping[int, Stretch]
) -> Iterator[Difference]:
    with Cassandra(settings, Service.BATCH, patience_s=60) as cassandra:
        stored = [row for row in stored_events(cassandra, stretches) if _is_of_day(row, stretches)]
    yield from _differences("cassandra", list(map(event_row, events)), stored)


def stored_events(cassandra: Cassandra, stretches: Mapping[int, Stretch]) -> Iterator[Row]:
    """Yield the alert events of a day, and of patients who have some without a place in the log, all.

    Cassandra keeps those of 90 days, and chooses itself: to fetch them all takes longer.
    """
    whole = list(cassandra.with_empty(ALERT_EVENTS, ("partition", "offset")))
    for key in whole:
        yield from cassandra.select(ALERT_EVENTS, key)
    keys = (key for key in cassandra.partition_keys(ALERT_EVENTS) if key not in whole)
    begin, end = min(each.begin for each in stretches.values()), max(each.end for each in stretches.values())
    yield from cassandra.select_between(ALERT_EVENTS, keys, "offset", begin, end)


def _is_of_day(row: Row, stretches: Mapping[int, Stretch]) -> bool:
    partition, offset = row["partition"], row["offset"]
    if partition is None or offset is None:
        return True  # not written by the fold, whenever it was
    return partition in stretches and stretches[partition].begin <= offset < stretches[partition].end


def _differences(store: Store, expected: Sequence[Row], stored: Sequence[Row]) -> Iterator[Difference]:
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


def _difference(store: Store, fault: Fault, row: Row, detail: str) -> Difference:
    return Difference(store, fault, row["event_id"], row["patient_id"], row["partition"], row["offset"], detail)
