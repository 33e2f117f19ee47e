"""The lake: Delta tables on HDFS, without a JVM. Spark reads and writes the same tables (`lakehouse.spark`)."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Final, NamedTuple, Self, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_delay,
    stop_never,
    stop_when_event_set,
    wait_exponential_jitter,
)

from lakehouse.contract import LakeTable
from lakehouse.errors import StoreError
from lakehouse.lake_rows import check_columns, checked, lacking_columns, writer_properties
from lakehouse.render import arrow_schema, delta_properties
from lakehouse.settings import Settings
from lakehouse.sorting import sorted_day

logger = logging.getLogger(__name__)

Filters: TypeAlias = list[tuple[str, str, Any]]


class Batch(NamedTuple):
    """Names a write, so that it happens once: batch `number` of `writer`, whose numbers only grow."""

    writer: str
    number: int


class Addition(NamedTuple):
    """Rows to append, and the marks that the same step sets in the table: writer -> number, which only grows."""

    rows: pa.Table
    marks: Mapping[str, int]


class Lake:
    """The tables of `lakehouse.tables.LAKE`. A context manager.

    Every write is named by its batch. A batch that is written already is recognised and left alone, so any write may be
    repeated, also by a process that died and does not know. While HDFS is away, calls wait and say so.

    Parameters
    ----------
    patience_s
        How long a call waits for HDFS; None = as long as it takes.
    stop
        Ends all waiting when it is set.
    on_wait
        Told why, each time a call waits.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        patience_s: float | None = None,
        stop: Event | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = settings.hdfs
        self._on_wait = on_wait
        self._stopping = stop or Event()
        self._stop = stop_when_event_set(self._stopping) | (
            stop_never if patience_s is None else stop_after_delay(patience_s)
        )

    def __enter__(self) -> Self:
        # The Rust client of HDFS learns its user from the environment only.
        os.environ["HADOOP_USER_NAME"] = self._settings.user
        # By default as many as there are cores. That two are too few is a guess at why opening a table has hung.
        os.environ.setdefault("TOKIO_WORKER_THREADS", "8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def url(self, table: LakeTable) -> str:
        """Return where a table is."""
        return f"{self._settings.url}/lake/{table.name}"

    def ensure(self, table: LakeTable) -> list[str]:
        """Make a table from its contract, or set right its columns and properties. Returns what was changed, in words.

        Raises
        ------
        StoreError
            When a column of the table has another type than the contract says, or is unknown to it.
        """
        changes: list[str] = self._call(table, lambda: self._ensure(table))
        return changes

    def ensure_all(self, tables: Collection[LakeTable]) -> list[str]:
        """Do it for many tables side by side: a new one mostly waits for HDFS to close its file."""
        with ThreadPoolExecutor(len(tables)) as pool:
            return [change for changes in pool.map(self.ensure, tables) for change in changes]

    def _ensure(self, table: LakeTable) -> list[str]:
        if DeltaTable.is_deltatable(self.url(table)):
            there = DeltaTable(self.url(table))
            lacking = lacking_columns(table, there)
            if lacking:
                there.alter.add_columns(lacking)
            check_columns(table, DeltaTable(self.url(table)))
            has = there.metadata().configuration
            wrong = {name: value for name, value in delta_properties(table).items() if has.get(name) != value}
            if wrong:
                there.alter.set_table_properties(wrong, raise_if_not_exists=False)
            return [
                *(f"lake table {table.name}: column {field.name} added" for field in lacking),
                *(f"lake table {table.name}: {name} is {value} now" for name, value in wrong.items()),
            ]
        DeltaTable.create(
            self.url(table),
            arrow_schema(table),
            mode="ignore",
            partition_by=[table.partition_by],
            name=table.name,
            description=table.doc,
            configuration=delta_properties(table),
            raise_if_key_not_exists=False,  # it does not know the version of Parquet, which Spark obeys
        )
        return [f"lake table {table.name} made"]

    def check(self, table: LakeTable) -> None:
        """Check that a table is there, and as its contract says.

        Raises
        ------
        StoreError
            Saying what differs, or that HDFS does not answer.
        """
        check_columns(table, self.open(table))

    def open(self, table: LakeTable, version: int | None = None) -> DeltaTable:
        """Return a table as it is now, or as it was at a version."""
        opened: DeltaTable = self._call(table, lambda: DeltaTable(self.url(table), version=version))
        return opened

    def append(self, table: LakeTable, rows: pa.Table, batch: Batch) -> bool:
        """Append rows, once. Returns whether they were not there before.

        Parameters
        ----------
        rows
            The columns of the contract, in any order; numbers and times are cast to its types where nothing is lost.

        Raises
        ------
        StoreError
            When the rows break the contract, or patience is over.
        """
        return self._write_once(table, checked(table, rows), batch, mode="append")

    def add(self, table: LakeTable, choose: Callable[[DeltaTable], Addition | None]) -> int:
        """Append what is not there yet. Returns how many rows were added.

        Parameters
        ----------
        choose
            Is given the table as it is now, and again whenever another writer was first; returns what to add, or None.
            ``table.transaction_version(writer)`` tells it what earlier additions have marked.

        Raises
        ------
        StoreError
            When the rows break the contract, or patience is over.
        """
        added: int = self._call(table, lambda: self._add(table, choose))
        return added

    def _add(self, table: LakeTable, choose: Callable[[DeltaTable], Addition | None]) -> int:
        opened = DeltaTable(self.url(table))
        addition = choose(opened)
        if addition is None:
            return 0
        self._write(table, opened, checked(table, addition.rows), addition.marks, mode="append")
        return len(addition.rows)

    def replace_day(self, table: LakeTable, day: date, rows: pa.Table, batch: Batch) -> bool:
        """Put rows in the place of a day's rows, in one step, once. Returns whether that was not done before."""
        predicate = f"{table.partition_by} = '{day.isoformat()}'"
        return self._write_once(table, checked(table, rows), batch, mode="overwrite", predicate=predicate)

    def sort_day(self, table: LakeTable, day: date, batch: Batch, scratch: Path | None = None) -> bool:
        """Rewrite a closed day in the contract's order: a quarter of the bytes, and one patient is read at once.

        `scratch` is a folder for temporary files. Returns whether it was not done before.
        """
        predicate = f"{table.partition_by} = '{day.isoformat()}'"

        def attempt() -> bool:
            opened = DeltaTable(self.url(table))
            if not _is_new(opened, batch):
                return False
            with sorted_day(table, opened, day, scratch) as rows:
                mark = {batch.writer: batch.number}
                self._write(table, opened, rows, mark, mode="overwrite", predicate=predicate)
            return True

        done: bool = self._call(table, attempt)
        return done

    def delete(self, table: LakeTable, predicate: str) -> int:
        """Delete the rows for which a SQL predicate holds. Returns how many there were; a repetition finds none."""

        def attempt() -> int:
            metrics = DeltaTable(self.url(table)).delete(predicate, writer_properties=writer_properties(table))
            return int(metrics.get("num_deleted_rows") or 0)

        deleted: int = self._call(table, attempt)
        return deleted

    def vacuum(self, table: LakeTable, keep_hours: int) -> int:
        """Delete the files that a newer version has replaced, so many hours ago. Returns how many.

        Files that no version names yet are left alone: another writer may be about to commit them.
        """

        def attempt() -> int:
            gone = DeltaTable(self.url(table)).vacuum(keep_hours, dry_run=False, enforce_retention_duration=False)
            return len(gone)

        count: int = self._call(table, attempt)
        return count

    def read(
        self,
        table: LakeTable,
        filters: Filters | None = None,
        columns: Sequence[str] | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Return rows as Arrow, in no promised order.

        Parameters
        ----------
        filters
            All must hold, for example ``[("landed_date", "=", day), ("patient_id", "=", "p1")]``.
        version
            The table as it was then; None = now.
        """
        wanted = list(columns or table.names)

        def attempt() -> pa.Table:
            opened = DeltaTable(self.url(table), version=version)
            lacking = sorted(set(wanted) - {field.name for field in opened.schema().fields})
            if lacking:
                raise StoreError(
                    f"a table has the columns of its contract; {table.name} lacks {lacking}; after an update run "
                    "`python -m lakehouse init`"
                )
            rows = opened.to_pyarrow_table(columns=wanted, filters=filters)
            return rows.cast(pa.schema([arrow_schema(table).field(name) for name in wanted]))

        return self._call(table, attempt)

    def days(self, table: LakeTable) -> list[date]:
        """Return the days of which a table has rows, the oldest first."""
        return sorted(date.fromisoformat(each[table.partition_by]) for each in self.open(table).partitions())

    def bytes_a_row(self, table: LakeTable, day: date) -> float | None:
        """Return what a row of a day costs on disk, on average; None where the day has no rows."""
        files = pa.table(self.open(table).get_add_actions(flatten=True))
        of_day = files.filter(pc.equal(files[f"partition.{table.partition_by}"].cast(pa.string()), day.isoformat()))
        rows = pc.sum(of_day["num_records"]).as_py() or 0
        return round((pc.sum(of_day["size_bytes"]).as_py() or 0) / rows, 4) if rows else None

    def last_batch(self, table: LakeTable, writer: str) -> int | None:
        """Return the number of the last batch of a writer; None before its first."""
        return self.open(table).transaction_version(writer)

    def _write_once(self, table: LakeTable, rows: pa.Table, batch: Batch, **how: Any) -> bool:
        def attempt() -> bool:
            opened = DeltaTable(self.url(table))
            if not _is_new(opened, batch):
                return False
            self._write(table, opened, rows, {batch.writer: batch.number}, **how)
            return True

        written: bool = self._call(table, attempt)
        return written

    @staticmethod
    def _write(
        table: LakeTable,
        opened: DeltaTable,
        rows: pa.Table | pa.RecordBatchReader,
        marks: Mapping[str, int],
        **how: Any,
    ) -> None:
        commit = CommitProperties(app_transactions=[Transaction(*mark) for mark in marks.items()])
        write_deltalake(opened, rows, writer_properties=writer_properties(table), commit_properties=commit, **how)

    def _call(self, table: LakeTable, function: Any) -> Any:
        retrying = Retrying(
            retry=retry_if_exception(_passes),
            wait=wait_exponential_jitter(multiplier=0.5, max=10.0, jitter=0.2),
            stop=self._stop,
            sleep=sleep_using_event(self._stopping),
            before_sleep=self._say_waiting,
            reraise=True,
        )
        try:
            return retrying(function)
        except TableNotFoundError as error:
            raise StoreError(
                f"a table is made before it is used; there is none at {self.url(table)}; run `python -m lakehouse init`"
            ) from error
        except StoreError:
            raise
        except (DeltaError, OSError) as error:
            raise StoreError(
                f"the lake must take and give rows; {table.name}: {_words(error)}; see `make status` and "
                "`python -m lakehouse doctor`"
            ) from error

    def _say_waiting(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        why = "" if error is None else _words(error)
        logger.warning("waiting for the lake (try %d): %s", state.attempt_number, why)
        if self._on_wait is not None:
            self._on_wait(why)


def _is_new(opened: DeltaTable, batch: Batch) -> bool:
    last = opened.transaction_version(batch.writer)
    return last is None or last < batch.number


def _passes(error: BaseException) -> bool:
    """Whether trying again may help: HDFS is away, or another writer committed first."""
    if isinstance(error, TableNotFoundError | StoreError):
        return False  # a StoreError is ours: the rows or the table break the contract
    words = str(error)
    return isinstance(error, CommitFailedError | OSError) or any(part in words for part in _PASSING_WORDS)


# The Rust client says what is wrong in words only.
_PASSING_WORDS: Final = ("Connection refused", "Connection reset", "IO error", "SafeMode", "Standby", "timed out")


def _words(error: BaseException) -> str:
    """What failed is in the first line of what the Rust client says, and why in its last."""
    plain = re.sub(r"\x1b\[\d*m|↳", "", str(error))  # it paints for a terminal
    lines = [line.strip() for line in plain.splitlines() if line.strip()] or [type(error).__name__]
    return ": ".join(dict.fromkeys((lines[0][:200], lines[-1][:200])))
