"""The marts in PostgreSQL: a day of a table is replaced as a whole, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import TracebackType
from typing import Any, LiteralString, Self, TypeAlias

import psycopg
from psycopg import sql

from lakehouse.contract import MartTable
from lakehouse.errors import StoreError
from lakehouse.mart_tables import MARTS
from lakehouse.postgres import PATIENCE_S, Connection, Result, connect, patiently, words
from lakehouse.render import MART_SCHEMA
from lakehouse.settings import Service, Settings

Row: TypeAlias = dict[str, Any]


class Marts:
    """The tables of `lakehouse.mart_tables`, as one service. A context manager.

    Entering waits until the database answers. Each call is one transaction, and is tried again when the database went
    away in its middle: a replaced day is the same however often it is replaced.
    """

    def __init__(self, settings: Settings, service: Service, *, patience_s: float = PATIENCE_S) -> None:
        """`patience_s` is how long a call waits for a database that is away."""
        self._settings = settings
        self._service = service
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        self._connection = self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def replace_day(self, table: MartTable, day: date, rows: Sequence[Mapping[str, Any]], **scope: Any) -> int:
        """Put rows in the place of a day's rows. Returns how many there are now.

        Parameters
        ----------
        rows
            Columns of the table; one that may be null may be left out, and so may `day` and the columns of the scope.
        scope
            Only rows that have these values are replaced, for example ``table_name="readings"``.

        Raises
        ------
        StoreError
            When a row breaks the contract or lies outside of day and scope, or patience is over.
        """
        within = {"day": day} | scope
        lines = [_line(table, row, within) for row in rows]
        columns = sql.SQL(", ").join(map(sql.Identifier, table.names))

        def replace(connection: Connection) -> None:
            connection.execute(sql.SQL("DELETE FROM {} WHERE {}").format(_place(table), _where(table, within)), within)
            copy_into = sql.SQL("COPY {} ({}) FROM STDIN").format(_place(table), columns)
            with connection.cursor() as cursor, cursor.copy(copy_into) as copy:
                for line in lines:
                    copy.write_row(line)

        self._transact(replace)
        return len(lines)

    def read(self, table: MartTable, day: date | None = None, **scope: Any) -> list[Row]:
        """Return rows as dictionaries, in the order of the table's key; `day` None = of all days."""
        within = ({} if day is None else {"day": day}) | scope
        statement = sql.SQL("SELECT * FROM {} WHERE {} ORDER BY {}").format(
            _place(table), _where(table, within), sql.SQL(", ").join(map(sql.Identifier, table.key))
        )
        return self._transact(lambda connection: connection.execute(statement, within).fetchall())

    def query(self, statement: LiteralString, **parameters: Any) -> list[Row]:
        """Return what a SELECT gives; parameters stand in it as ``%(name)s``, tables with their schema ``mart``."""
        return self._transact(lambda connection: connection.execute(statement, parameters).fetchall())

    def erase_patient(self, patient_id: str) -> int:
        """Delete every row of a patient, in all marts, in one transaction. Returns how many there were."""

        def erase(connection: Connection) -> int:
            return sum(
                connection.execute(
                    sql.SQL("DELETE FROM {} WHERE patient_id = %s").format(_place(table)), [patient_id]
                ).rowcount
                for table in MARTS.values()
                if "patient_id" in table.names
            )

        return self._transact(erase)

    def _connect(self) -> Connection:
        return connect(self._settings, self._service, patience_s=self._patience_s)

    def _transact(self, work: Callable[[Connection], Result]) -> Result:
        def attempt() -> Result:
            if self._connection.closed:
                self._connection = self._connect()
            with self._connection.transaction():
                return work(self._connection)

        try:
            return patiently(attempt, self._patience_s)
        except psycopg.Error as error:
            raise StoreError(
                f"the marts must take and give what {self._service} asks; {words(error)}; see `make status` and "
                "`python -m lakehouse doctor`"
            ) from error


def _place(table: MartTable) -> sql.Identifier:
    return sql.Identifier(MART_SCHEMA, table.name)


def _where(table: MartTable, within: Mapping[str, Any]) -> sql.Composable:
    """Return the condition that columns have these values; a null is a value like any other."""
    tests = [
        sql.SQL("{} IS NOT DISTINCT FROM {}").format(sql.Identifier(table.column(name).name), sql.Placeholder(name))
        for name in within
    ]
    return sql.SQL(" AND ").join(tests) if tests else sql.SQL("true")


def _line(table: MartTable, row: Mapping[str, Any], within: Mapping[str, Any]) -> list[Any]:
    """Return the values of a row in the order of the columns."""
    unknown = sorted(row.keys() - set(table.names))
    if unknown:
        raise StoreError(f"a row has the columns of its contract; {table.name} knows no {unknown}; drop them")
    outside = {name: row[name] for name, value in within.items() if row.get(name, value) != value}
    if outside:
        raise StoreError(f"a row lies within what is replaced; {table.name}: {outside} is not {dict(within)}; drop it")
    whole = {**row, **within}
    lacking = [column.name for column in table.columns if not column.nullable and whole.get(column.name) is None]
    if lacking:
        raise StoreError(f"a row keeps its contract; {table.name}: {lacking} may not be null; give them")
    return [whole.get(name) for name in table.names]
