"""What the administrator makes in Cassandra: keyspace, tables, roles, grants. Each may be made again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Self

from cassandra.cluster import Cluster, Session
from cassandra.metadata import KeyspaceMetadata
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from lakehouse.access import ACCESS, Access
from lakehouse.cassandra_session import LOGIN_PATIENCE_S, connect
from lakehouse.contract import CassandraTable
from lakehouse.errors import StoreError
from lakehouse.render import cql_create_table, cql_map, cql_name, cql_options, cql_text, cql_type
from lakehouse.settings import Service, Settings
from lakehouse.tables import CASSANDRA

logger = logging.getLogger(__name__)

_DEFAULT: Final = "cassandra"  # the superuser, and its password, that every new Cassandra has


class CassandraAdmin:
    """Makes what the contract says, and corrects what differs. A context manager; each step returns its changes."""

    def __init__(self, settings: Settings, *, patience_s: float = LOGIN_PATIENCE_S) -> None:
        self._settings = settings
        self._patience_s = patience_s

    def __enter__(self) -> Self:
        self._cluster, self._session = self._log_in()
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.shutdown()

    def _log_in(self) -> tuple[Cluster, Session]:
        """Log in as our administrator, however early: a starting Cassandra has its roles a little after its port."""
        return Retrying(
            retry=retry_if_exception_type(StoreError),
            wait=wait_fixed(0.5),
            stop=stop_after_delay(self._patience_s),
            reraise=True,
        )(self._log_in_once)

    def _log_in_once(self) -> tuple[Cluster, Session]:
        """Log in as our administrator, and see to it that the well-known superuser is closed."""
        cluster, session = self._as_administrator()
        if default_is_open(session):
            logger.info("closing the role %s, which every new Cassandra has", _DEFAULT)
            session.execute(f"ALTER ROLE {_DEFAULT} WITH LOGIN = false AND SUPERUSER = false")
        return cluster, session

    def _as_administrator(self) -> tuple[Cluster, Session]:
        """Log in as our administrator; in a new Cassandra, make it first."""
        cassandra, password = self._settings.cassandra, self._settings.password(Service.ADMIN)
        stop = stop_after_delay(self._patience_s)
        try:
            return connect(cassandra, Service.ADMIN, password, stop, login_patience_s=0)
        except StoreError as refused:
            try:
                cluster, session = connect(cassandra, _DEFAULT, _DEFAULT, stop, login_patience_s=0)
            except StoreError:
                raise refused from None
        logger.info("a new Cassandra: making the role %s", Service.ADMIN)
        with cluster:
            session.execute(
                f"CREATE ROLE IF NOT EXISTS {cql_name(Service.ADMIN)} "
                f"WITH PASSWORD = {cql_text(password)} AND LOGIN = true AND SUPERUSER = true"
            )
        return connect(cassandra, Service.ADMIN, password, stop)

    def ensure_keyspace(self) -> list[str]:
        """Make the keyspace, with the settings' replication."""
        keyspace = self._settings.cassandra.keyspace
        if self._keyspace() is not None:
            return []
        self._session.execute(
            f"CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = "
            f"{{'class': 'NetworkTopologyStrategy', 'replication_factor': {self._settings.cassandra.replication}}}"
        )
        return [f"keyspace {keyspace} made"]

    def ensure_tables(self) -> list[str]:
        """Make the tables, add columns that lack, and correct options."""
        return [change for table in CASSANDRA.values() for change in self._ensure_table(table)]

    def _ensure_table(self, table: CassandraTable) -> list[str]:
        keyspace = self._settings.cassandra.keyspace
        found = self._known_keyspace().tables.get(table.name)
        if found is None:
            self._session.execute(cql_create_table(table, keyspace))
            return [f"table {table.name} made"]
        key = tuple(column.name for column in found.primary_key)
        if key != table.key:
            raise StoreError(
                f"a key cannot be changed; {table.name} has {key}, the contract says {table.key}; "
                "make a table of a new name, copy the rows, and drop this one"
            )
        changes = []
        for column in table.columns:
            there = found.columns.get(column.name)
            if there is None:
                alter = f"ALTER TABLE {keyspace}.{table.name} ADD {cql_name(column.name)} {cql_type(column)}"
                self._session.execute(alter)
                changes.append(f"table {table.name}: column {column.name} added")
            elif there.cql_type != cql_type(column):
                raise StoreError(
                    f"a column keeps its type; {table.name}.{column.name} is {there.cql_type}, the contract says "
                    f"{cql_type(column)}; give the new meaning a new name"
                )
        return changes + self._ensure_options(table, found.options)

    def _ensure_options(self, table: CassandraTable, found: dict[str, Any]) -> list[str]:
        wanted = cql_options(table)
        wrong = {name: value for name, value in wanted.items() if _literal(found[name]) != value}
        if wrong:
            options = " AND ".join(f"{name} = {value}" for name, value in wrong.items())
            self._session.execute(f"ALTER TABLE {self._settings.cassandra.keyspace}.{table.name} WITH {options}")
        return [f"table {table.name}: {name} = {value}" for name, value in wrong.items()]

    def ensure_roles(self) -> list[str]:
        """Give each service that needs one a role with its password of the settings, and exactly its grants."""
        roles = {service: access for service, access in ACCESS.items() if access.has_role}
        known = {row["role"] for row in self._session.execute("LIST ROLES")}
        changes = []
        for service, access in roles.items():
            changes += self._ensure_login(service, known=service in known)
            changes += self._ensure_grants(service, access)
        return changes

    def _ensure_login(self, service: Service, *, known: bool) -> list[str]:
        """Set the password only where it is not accepted: Cassandra refuses to set one twice within 5 s."""
        password = self._settings.password(service)
        if known and self._accepts(service, password):
            return []
        verb = "ALTER" if known else "CREATE"
        self._session.execute(f"{verb} ROLE {cql_name(service)} WITH PASSWORD = {cql_text(password)} AND LOGIN = true")
        return [f"role {service}: new password" if known else f"role {service} made"]

    def _accepts(self, service: Service, password: str) -> bool:
        try:
            cluster, _ = connect(
                self._settings.cassandra, service, password, stop_after_delay(self._patience_s), login_patience_s=0
            )
        except StoreError:
            return False
        cluster.shutdown()
        return True

    def _ensure_grants(self, service: Service, access: Access) -> list[str]:
        wanted = grants(access, self._settings.cassandra.keyspace)
        found = granted(self._session, service)
        for permission, table in wanted - found:
            self._session.execute(f"GRANT {permission} ON {table} TO {cql_name(service)}")
        for permission, table in found - wanted:
            self._session.execute(f"REVOKE {permission} ON {table} FROM {cql_name(service)}")
        return [f"{service} may {permission} {table}" for permission, table in sorted(wanted - found)] + [
            f"{service} may no longer {permission} {table}" for permission, table in sorted(found - wanted)
        ]

    def _keyspace(self) -> KeyspaceMetadata | None:
        return self._cluster.metadata.keyspaces.get(self._settings.cassandra.keyspace)

    def _known_keyspace(self) -> KeyspaceMetadata:
        keyspace = self._keyspace()
        if keyspace is None:
            raise StoreError(
                f"tables live in a keyspace; there is no {self._settings.cassandra.keyspace}; make it first"
            )
        return keyspace


def default_is_open(session: Session) -> bool:
    """Whether the superuser that every new Cassandra has, with its well-known password, may still log in or rule.

    Only an administrator may ask.
    """
    found = {row["role"]: row for row in session.execute("LIST ROLES")}.get(_DEFAULT)
    return found is not None and bool(found["login"] or found["super"])


def grants(access: Access, keyspace: str) -> set[tuple[str, str]]:
    """Return the grants of a role as (permission, ``keyspace.table``)."""
    return {("SELECT", f"{keyspace}.{table}") for table in access.selects} | {
        ("MODIFY", f"{keyspace}.{table}") for table in access.modifies
    }


def granted(session: Session, service: Service) -> set[tuple[str, str]]:
    """Return the grants that a role has, as `grants` gives those that it should have. A role may ask for its own."""
    rows = session.execute(f"LIST ALL PERMISSIONS OF {cql_name(service)}")
    return {(row["permission"], _table_of(row["resource"])) for row in rows}


def _table_of(resource: str) -> str:
    """Turn ``<table wardwatch.audit>`` or ``<keyspace wardwatch>`` into what GRANT and REVOKE understand."""
    kind, _, name = resource.strip("<>").partition(" ")
    return name if kind == "table" else f"{kind.upper()} {name}".rstrip()


def _literal(value: Any) -> str:
    if isinstance(value, Mapping):
        return cql_map(value)
    return str(value) if isinstance(value, int) else cql_text(value)
