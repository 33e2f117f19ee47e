"""Cassandra: one session per service, statements made from the contract, and writes that can be repeated."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from cassandra import ConsistencyLevel, Unauthorized
from cassandra.concurrent import execute_concurrent, execute_concurrent_with_args
from cassandra.query import UNSET_VALUE, BatchStatement, BatchType, BoundStatement, PreparedStatement
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, stop_never, wait_exponential_jitter

from lakehouse.cassandra_session import DRIVER_ERRORS, Row, connect, may_pass, words
from lakehouse.contract import CassandraTable
from lakehouse.cql import check_row, in_key_order, insert, where
from lakehouse.errors import AccessError, StoreError
from lakehouse.render import cql_name
from lakehouse.settings import Service, Settings

logger = logging.getLogger(__name__)

Statement: TypeAlias = BoundStatement | BatchStatement

CONCURRENT_WRITES: Final = 64
KEYS_AT_ONCE: Final = 256
MOST_WRITES_A_BATCH: Final = 50
MOST_BYTES_A_BATCH: Final = 40_000  # Cassandra refuses batches beyond 50 KiB, where it is not told otherwise
TIMESTAMP_SLOTS: Final = 100_000  # events are placed within 0.1 s, and a Cassandra timestamp counts microseconds


def write_timestamp_us(received_at: datetime, sequence: int) -> int:
    """Return the ``USING TIMESTAMP`` of an event: its time, then its place among the events of that time.

    Parameters
    ----------
    received_at
        UTC, truncated to 0.1 s as the fold sees it.
    sequence
        0 to 99,999; grows with each event of the same row in that tenth of a second, as an alert's steps do.
    """
    if not 0 <= sequence < TIMESTAMP_SLOTS:
        raise ValueError(f"a sequence is 0 to {TIMESTAMP_SLOTS - 1}; found {sequence}; count within 0.1 s")
    since = received_at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since // dt.timedelta(microseconds=1)) + sequence


class Cassandra:
    """The tables of `lakehouse.tables`, as one service. A context manager.

    Entering waits until the database answers, and says that it waits. Writes are upserts by full key, so a repeated
    write changes nothing; with a timestamp from `write_timestamp_us` a late one does not either. `write_all` tries
    until everything is written. Rows are dictionaries; times come back aware, in UTC, to the millisecond.
    """

    def __init__(
        self,
        settings: Settings,
        service: Service,
        *,
        patience_s: float | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        """`patience_s` is how long to wait for a database that is away; None = as long as it takes.

        `on_wait` is told why, each time a request waits.
        """
        self._on_wait = on_wait
        self._settings = settings.cassandra
        self._service = service
        self._password = settings.password(service)
        self._stop = stop_never if patience_s is None else stop_after_delay(patience_s)
        self._prepared: dict[str, PreparedStatement] = {}

    def __enter__(self) -> Self:
        self._cluster, self.session = connect(self._settings, str(self._service), self._password, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cluster.shutdown()

    def prepare(self, cql: str) -> PreparedStatement:
        """Prepare a statement once; later calls with the same text return the same."""
        if cql not in self._prepared:
            self._prepared[cql] = self._call(self.session.prepare, cql)
        return self._prepared[cql]

    # ------------------------------------------------------------------------------------------ statements to write

    def upsert(self, table: CassandraTable, row: Mapping[str, Any], *, timestamp_us: int | None = None) -> Statement:
        """Return the statement that writes a row. A column left out keeps what it has; None erases it.

        Raises
        ------
        ValueError
            When the row lacks a key or has a column that the table does not have, or when a table of claims is given a
            timestamp.
        """
        check_row(table, row)
        self._check_timestamp(table, timestamp_us)
        prepared = self.prepare(insert(table, self._settings.keyspace, timestamp=timestamp_us is not None))
        values = [row.get(name, UNSET_VALUE) for name in table.names]
        return _repeatable(prepared.bind(values if timestamp_us is None else [*values, timestamp_us]))

    def delete(self, table: CassandraTable, key: Mapping[str, Any], *, timestamp_us: int | None = None) -> Statement:
        """Return the statement that deletes the rows of a key, or of the first parts of a key."""
        self._check_timestamp(table, timestamp_us)
        using = "" if timestamp_us is None else " USING TIMESTAMP ?"
        cql = f"DELETE FROM {self._settings.keyspace}.{table.name}{using} WHERE {where(table, key)}"
        values = list(in_key_order(table, key).values())
        return _repeatable(self.prepare(cql).bind(values if timestamp_us is None else [timestamp_us, *values]))

    @staticmethod
    def _check_timestamp(table: CassandraTable, timestamp_us: int | None) -> None:
        if table.claims and timestamp_us is not None:
            raise ValueError(f"a table of claims orders its writes itself; {table.name} got a timestamp; leave it out")

    # ------------------------------------------------------------------------------------------------------ requests

    def write_all(self, statements: Iterable[Statement]) -> None:
        """Execute statements side by side, and again those that failed, until all are written.

        Raises
        ------
        StoreError
            When the database refuses a write for good (permission, wrong request), or patience is over.
        """
        left = list(statements)

        def attempt() -> None:
            nonlocal left
            results = execute_concurrent(
                self.session, [(each, None) for each in left], CONCURRENT_WRITES, raise_on_first_error=False
            )
            failed = [(each, result) for each, (done, result) in zip(left, results, strict=True) if not done]
            left = [each for each, _ in failed]
            if failed:
                raise failed[0][1]

        if left:
            self._call(attempt)

    def write_together(self, statements: Iterable[BoundStatement]) -> None:
        """Execute writes as few requests: those to the same nodes together, in batches.

        In a storm requests are what costs, on both sides. A batch that keeps to its replicas makes no node wait for
        another. It is not atomic: a part of it may be written before an error, and all of it is then written again.
        """
        by_replicas: defaultdict[tuple[str, ...], list[BoundStatement]] = defaultdict(list)
        for statement in statements:
            replicas = self._cluster.metadata.get_replicas(statement.keyspace, statement.routing_key)
            by_replicas[tuple(sorted(str(host.endpoint) for host in replicas))].append(statement)
        self.write_all(batch for some in by_replicas.values() for batch in _batches(some))

    def execute(self, statement: Statement) -> list[Row]:
        """Execute one statement that may be repeated, trying until the database answers, and return its rows."""
        return list(self._call(self.session.execute, statement))

    def select(self, table: CassandraTable, key: Mapping[str, Any], *, limit: int | None = None) -> list[Row]:
        """Return the rows of a partition, or of the first parts of its clustering, in the table's order."""
        cql = f"SELECT * FROM {self._settings.keyspace}.{table.name} WHERE {where(table, key)}"
        if limit is not None:
            cql += f" LIMIT {int(limit)}"
        return self.execute(_repeatable(self.prepare(cql).bind(list(in_key_order(table, key).values()))))

    def select_between(
        self, table: CassandraTable, keys: Iterable[Mapping[str, Any]], column: str, low: int, high: int
    ) -> Iterator[Row]:
        """Yield those rows of whole partitions whose column is at least `low` and below `high`; the database chooses.

        It reads all of each partition for that: for what is done seldom.
        """
        name = cql_name(column)
        cql = (
            f"SELECT * FROM {self._settings.keyspace}.{table.name} WHERE {_whole_key(table)} "
            f"AND {name} >= ? AND {name} < ? ALLOW FILTERING"
        )
        parameters = ([*in_key_order(table, key).values(), low, high] for key in keys)
        return (row for _, rows in self._each(cql, parameters) for row in rows)

    def with_empty(self, table: CassandraTable, columns: Sequence[str]) -> Iterator[Row]:
        """Yield the keys of those partitions that have a row without a value in one of the columns.

        It reads the whole table: for what is done seldom.
        """
        counts = ", ".join(f"COUNT({cql_name(name)})" for name in columns)
        cql = f"SELECT COUNT(*), {counts} FROM {self._settings.keyspace}.{table.name} WHERE {_whole_key(table)}"
        parameters = (list(in_key_order(table, key).values()) for key in self.partition_keys(table))
        for values, (found,) in self._each(cql, parameters):
            if len(set(found.values())) > 1:
                yield dict(zip(table.partition_key, values, strict=True))

    def _each(self, cql: str, parameters: Iterable[Sequence[Any]]) -> Iterator[tuple[Sequence[Any], list[Row]]]:
        """Yield parameters and rows of a statement that reads, asked side by side."""
        prepared = self.prepare(cql)
        prepared.is_idempotent = True

        def attempt(some: Sequence[Sequence[Any]]) -> list[list[Row]]:
            return [list(found.result_or_exc) for found in execute_concurrent_with_args(self.session, prepared, some)]

        waiting = iter(parameters)
        while some := list(islice(waiting, KEYS_AT_ONCE)):
            yield from zip(some, self._call(attempt, some), strict=True)

    def partition_keys(self, table: CassandraTable) -> list[Row]:
        """Return the key of every partition. It asks the whole cluster, page by page: for what is done seldom."""
        names = ", ".join(map(cql_name, table.partition_key))
        cql = f"SELECT DISTINCT {names} FROM {self._settings.keyspace}.{table.name}"
        return self.execute(_repeatable(self.prepare(cql).bind([])))

    def insert_all_if_absent(self, table: CassandraTable, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Claim rows of ONE partition together, in one transaction: insert them unless one of their keys is taken.

        Returns
        -------
        list of dict
            Empty where all rows are now as given, also when an earlier try of the same caller had written them;
            otherwise those that were there first.
        """
        claims = BatchStatement(BatchType.UNLOGGED, serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL)
        for row in rows:
            check_row(table, row)
            prepared = self.prepare(insert(table, self._settings.keyspace, if_absent=True))
            claims.add(prepared, [row.get(name) for name in table.names])
        if next(iter(self._call(self.session.execute, claims)))["[applied]"]:
            return []
        there = self._read_serially(table, rows)
        found = {tuple(row[name] for name in table.key): row for row in there}
        given = [(found.get(tuple(row[name] for name in table.key)), row) for row in rows]
        ours = all(was and all(_same(was[name], value) for name, value in row.items()) for was, row in given)
        return [] if ours else there

    def _read_serially(self, table: CassandraTable, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
        """Read rows of one partition by their last key, after any transaction on them that is under way."""
        *first, last = table.key
        key = {name: rows[0][name] for name in first}
        conditions = f"{where(table, key)} AND {cql_name(last)} IN ?"
        cql = f"SELECT * FROM {self._settings.keyspace}.{table.name} WHERE {conditions}"
        select = _repeatable(self.prepare(cql).bind([*key.values(), [row[last] for row in rows]]))
        select.consistency_level = ConsistencyLevel.LOCAL_SERIAL
        return self.execute(select)

    def update_if(
        self, table: CassandraTable, key: Mapping[str, Any], values: Mapping[str, Any], expected: Mapping[str, Any]
    ) -> bool:
        """Change a row only while it is as expected. Returns whether it now has `values`.

        A timeout is asked again: where the first try had won, its values are found there, and that counts as done.
        """
        sets = ", ".join(f"{cql_name(name)} = ?" for name in values)
        conditions = " AND ".join(f"{cql_name(name)} = ?" for name in expected)
        cql = f"UPDATE {self._settings.keyspace}.{table.name} SET {sets} WHERE {where(table, key)} IF {conditions}"
        parameters = [*values.values(), *in_key_order(table, key).values(), *expected.values()]
        statement = self.prepare(cql).bind(parameters)
        statement.serial_consistency_level = ConsistencyLevel.LOCAL_SERIAL
        if next(iter(self._call(self.session.execute, statement)))["[applied]"]:
            return True
        rows = self.select(table, key)
        return bool(rows) and all(_same(rows[0][name], value) for name, value in values.items())

    def _call(self, function: Any, *arguments: Any) -> Any:
        """Call, and again with growing pauses while the database is away or slow."""
        retrying = Retrying(
            retry=retry_if_exception(may_pass),
            wait=wait_exponential_jitter(multiplier=0.1, max=2.0, jitter=0.1),
            stop=self._stop,
            before_sleep=self._say_waiting,
            reraise=True,
        )
        try:
            return retrying(function, *arguments)
        except DRIVER_ERRORS as error:
            raise self._refusal(error) from error

    def _say_waiting(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        logger.warning("waiting for Cassandra (try %d): %s", state.attempt_number, words(error))
        if self._on_wait is not None:
            self._on_wait(words(error))

    def _refusal(self, error: BaseException) -> StoreError:
        kind = AccessError if isinstance(error, Unauthorized) else StoreError
        return kind(
            f"Cassandra must take what {self._service} asks; {words(error)}; "
            "see `make status` and `python -m lakehouse doctor`"
        )


def _whole_key(table: CassandraTable) -> str:
    return where(table, dict.fromkeys(table.partition_key))


def _batches(statements: Sequence[BoundStatement]) -> Iterator[Statement]:
    """Yield statements in batches that Cassandra takes; one that is too large for any goes alone."""
    waiting: list[BoundStatement] = []
    weight = 0
    for statement in statements:
        more = sum(len(value) for value in statement.values if isinstance(value, bytes))
        if waiting and (len(waiting) == MOST_WRITES_A_BATCH or weight + more > MOST_BYTES_A_BATCH):
            yield _batch(waiting)
            waiting, weight = [], 0
        waiting.append(statement)
        weight += more
    if waiting:
        yield _batch(waiting)


def _batch(statements: Sequence[BoundStatement]) -> Statement:
    if len(statements) == 1:
        return statements[0]
    together = BatchStatement(BatchType.UNLOGGED)
    together.add_all(statements, [None] * len(statements))
    return _repeatable(together)


def _repeatable(statement: Statement) -> Statement:
    statement.is_idempotent = True
    return statement


def _same(there: Any, given: Any) -> bool:
    """Whether a stored value is the given one; Cassandra keeps times to the millisecond."""
    if isinstance(there, datetime) and isinstance(given, datetime):
        return abs(there - given) < dt.timedelta(milliseconds=1)
    return bool(there == given)
