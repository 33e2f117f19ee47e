"""What the administrator makes in PostgreSQL: roles, databases, the schema of the marts, its tables and grants.

Each step may be made again; what is right is left alone. Each role enters the database in which it works, and not those
of the others, as PostgreSQL would let it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final, Self

from psycopg import sql

from lakehouse.access import DATABASE_OWNERS, MART_RIGHTS
from lakehouse.contract import MartTable
from lakehouse.errors import StoreError
from lakehouse.mart_tables import MARTS
from lakehouse.postgres import PATIENCE_S, Connection, connect
from lakehouse.render import MART_SCHEMA, sql_add_column, sql_create_table, sql_type
from lakehouse.settings import Service, Settings

# The database that every new PostgreSQL has: where one stands while the others are made.
_FIRST: Final = "postgres"


class PostgresAdmin:
    """Makes what the contract says, and corrects what differs. A context manager; each step returns its changes."""

    def __init__(self, settings: Settings, *, patience_s: float = PATIENCE_S) -> None:
        self._settings = settings
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self._first = self._connect(_FIRST)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _connect(self, database: str) -> Connection:
        there = connect(self._settings, Service.ADMIN, database, patience_s=self._patience_s)
        return self._open.enter_context(there)

    def ensure_roles(self) -> list[str]:
        """Give each service a role with its password of the settings and no right to make others."""
        known = {row["rolname"] for row in self._first.execute("SELECT rolname FROM pg_roles")}
        changes = []
        for service in (*MART_RIGHTS, *DATABASE_OWNERS):
            password = self._settings.password(service)
            if service in known and self._accepts(service):
                continue
            verb = sql.SQL("ALTER" if service in known else "CREATE")
            self._first.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    verb, sql.Identifier(service), sql.Literal(password)
                )
            )
            if service is Service.REPORTS:  # whatever it is granted by mistake, it writes nothing
                self._run("ALTER ROLE {} SET default_transaction_read_only = on", service)
            changes.append(f"role {service}: new password" if service in known else f"role {service} made")
        return changes

    def _accepts(self, service: Service) -> bool:
        """Whether a role can log in. Before its database is there, it tries the first one, which all may enter."""
        owned = {row["datname"] for row in self._first.execute("SELECT datname FROM pg_database")}
        database = database_of(self._settings, service)
        try:
            connect(self._settings, service, database if database in owned else _FIRST, patience_s=0).close()
        except StoreError:
            return False
        return True

    def ensure_databases(self) -> list[str]:
        """Make the databases, each with its owner; only who works in one may connect to it."""
        users = {self._settings.postgres.database: tuple(MART_RIGHTS)} | {
            str(each): (each,) for each in DATABASE_OWNERS
        }
        known = {row["datname"] for row in self._first.execute("SELECT datname FROM pg_database")}
        changes = []
        for name, services in users.items():
            if name in known:
                continue
            owner = services[0] if services[0] in DATABASE_OWNERS else Service.ADMIN
            self._run("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0", name, owner)
            self._run("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
            for service in services:
                self._run("GRANT CONNECT ON DATABASE {} TO {}", name, service)
            changes.append(f"database {name} made")
        return changes

    def _run(self, statement: str, *names: str) -> None:
        self._first.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def ensure_marts(self) -> list[str]:
        """Make schema and tables, add columns that lack, and give each role exactly its rights."""
        marts = self._connect(self._settings.postgres.database)
        with marts.transaction():
            marts.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(MART_SCHEMA)))
            for service in MART_RIGHTS:
                marts.execute(
                    sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(
                        sql.Identifier(MART_SCHEMA), sql.Identifier(service)
                    )
                )
            changes = [change for table in MARTS.values() for change in ensure_table(marts, table)]
            return changes + [change for service in MART_RIGHTS for change in _ensure_rights(marts, service)]


def database_of(settings: Settings, service: Service) -> str:
    """Return the name of the database in which a service works."""
    return str(service) if service in DATABASE_OWNERS else settings.postgres.database


def ensure_table(marts: Connection, table: MartTable) -> list[str]:
    """Make a mart, or add the columns that it lacks. Returns what was changed, in words.

    Raises
    ------
    StoreError
        When a column has another type than the contract says, or cannot be added, or the key is another.
    """
    if not columns_of(marts, table):
        for statement in sql_create_table(table):
            marts.execute(statement.encode())
        return [f"table {table.name} made"]
    lacking = [column for column in table.columns if column.name not in columns_of(marts, table)]
    impossible = [column.name for column in lacking if not column.nullable and _has_rows(marts, table)]
    if impossible:
        raise StoreError(
            f"rows that are there have no value for a new column; {table.name} lacks {impossible}; {_rebuild(table)}"
        )
    for column in lacking:
        for statement in sql_add_column(table, column):
            marts.execute(statement.encode())
    problems = differences(marts, table)
    if problems:
        raise StoreError("; ".join(problems))
    return [f"table {table.name}: column {column.name} added" for column in lacking]


def differences(marts: Connection, table: MartTable) -> list[str]:
    """Say in words how a mart differs from its contract; empty when it does not."""
    found = columns_of(marts, table)
    if not found:
        return [f"the mart {table.name} is not there; run `python -m lakehouse init`"]
    lacking = [name for name in table.names if name not in found]
    wrong = [
        f"{table.name}.{column.name} is {found[column.name]}, the contract says {sql_type(column)}"
        for column in table.columns
        if column.name in found and found[column.name] != sql_type(column)
    ]
    problems = [f"{table.name} lacks {', '.join(lacking)}; run `python -m lakehouse init`"] if lacking else []
    if wrong:
        problems.append(f"a column keeps its type; {'; '.join(wrong)}; {_rebuild(table)}")
    if not lacking and _key_of(marts, table) != set(table.key):
        problems.append(f"a mart keeps its key; that of {table.name} is not {table.key}; {_rebuild(table)}")
    return problems


def _rebuild(table: MartTable) -> str:
    return (
        f"drop {MART_SCHEMA}.{table.name}, run `python -m lakehouse init`, and rebuild its days with "
        "`python -m batch report --date DAY`"
    )


def columns_of(marts: Connection, table: MartTable) -> dict[str, str]:
    """Return the columns of a mart as they are: name -> type. Empty when there is no such table."""
    rows = marts.execute(
        "SELECT attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
        "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        [_qualified(table)],
    )
    return {row["attname"]: row["type"] for row in rows}


def _key_of(marts: Connection, table: MartTable) -> set[str]:
    rows = marts.execute(
        "SELECT attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) "
        "WHERE contype = 'u' AND conrelid = to_regclass(%s)",
        [_qualified(table)],
    )
    return {row["attname"] for row in rows}


def _has_rows(marts: Connection, table: MartTable) -> bool:
    place = sql.Identifier(MART_SCHEMA, table.name)
    return marts.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(place)).fetchone() is not None


def _qualified(table: MartTable) -> str:
    return f"{MART_SCHEMA}.{table.name}"


def rights(service: Service) -> set[tuple[str, str]]:
    """Return what a service may do with the marts, as (right, table)."""
    return {(right, name) for right in MART_RIGHTS[service] for name in MARTS}


def granted(marts: Connection, service: Service) -> set[tuple[str, str]]:
    """Return what a role may do with the marts, as `rights` gives what it should. A role may ask for its own."""
    rows = marts.execute(
        "SELECT privilege_type, table_name FROM information_schema.role_table_grants "
        "WHERE grantee = %s AND table_schema = %s",
        [service, MART_SCHEMA],
    )
    return {(row["privilege_type"], row["table_name"]) for row in rows}


def _ensure_rights(marts: Connection, service: Service) -> list[str]:
    wanted, found = rights(service), granted(marts, service)
    changes = [("GRANT {} ON {} TO {}", right, table) for right, table in wanted - found]
    changes += [("REVOKE {} ON {} FROM {}", right, table) for right, table in found - wanted]
    for statement, right, table in changes:
        place = sql.Identifier(MART_SCHEMA, table)
        marts.execute(sql.SQL(statement).format(sql.SQL(right), place, sql.Identifier(service)))
    return [f"{service} may {right} {table}" for right, table in sorted(wanted - found)] + [
        f"{service} may no longer {right} {table}" for right, table in sorted(found - wanted)
    ]
