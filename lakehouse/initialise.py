"""Makes everything that the contract asks for, in every store. It may be run again at any time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from lakehouse import kafka_admin
from lakehouse.cassandra_admin import CassandraAdmin
from lakehouse.errors import WardwatchError
from lakehouse.hdfs import ensure_folders
from lakehouse.lake import Lake
from lakehouse.postgres_admin import PostgresAdmin
from lakehouse.settings import Settings
from lakehouse.tables import LAKE


class Outcome(NamedTuple):
    """What was done in one store: the changes in words, or why it could not be done."""

    store: str
    changes: list[str]
    error: str | None = None


def initialise(settings: Settings, wait_s: float) -> list[Outcome]:
    """Make topics, users, permissions, keyspace, tables, roles, folders, databases; all stores side by side.

    Parameters
    ----------
    wait_s
        How long to wait for a store that does not answer yet.

    Returns
    -------
    list of Outcome
        One for each store. No changes: everything was as it should be.
    """
    with ThreadPoolExecutor(len(_STORES)) as pool:
        return list(pool.map(lambda name: _outcome(name, settings, wait_s), _STORES))


def _outcome(store: str, settings: Settings, wait_s: float) -> Outcome:
    try:
        return Outcome(store, _STORES[store](settings, wait_s))
    except WardwatchError as error:
        return Outcome(store, [], str(error))


def _kafka(settings: Settings, wait_s: float) -> list[str]:
    client = kafka_admin.admin(settings, patience_s=wait_s)
    return [
        *kafka_admin.ensure_topics(client, settings.kafka),
        *kafka_admin.ensure_users(client, settings),
        *kafka_admin.ensure_acls(client),
    ]


def _cassandra(settings: Settings, wait_s: float) -> list[str]:
    with CassandraAdmin(settings, patience_s=wait_s) as cassandra:
        return [*cassandra.ensure_keyspace(), *cassandra.ensure_tables(), *cassandra.ensure_roles()]


def _hdfs(settings: Settings, wait_s: float) -> list[str]:
    changes = ensure_folders(settings, patience_s=wait_s)
    with Lake(settings, patience_s=wait_s) as lake:
        return changes + lake.ensure_all(LAKE.values())


def _postgres(settings: Settings, wait_s: float) -> list[str]:
    with PostgresAdmin(settings, patience_s=wait_s) as postgres:
        return [*postgres.ensure_roles(), *postgres.ensure_databases(), *postgres.ensure_marts()]


_STORES: Final[dict[str, Callable[[Settings, float], list[str]]]] = {
    "Kafka": _kafka,
    "Cassandra": _cassandra,
    "HDFS": _hdfs,
    "PostgreSQL": _postgres,
}
