"""Asks every store, as each service that uses it, and says in words what is wrong and what to do."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from tenacity import stop_after_delay

from lakehouse import kafka_admin, smtp
from lakehouse.access import ACCESS, DATABASE_OWNERS, MART_RIGHTS
from lakehouse.cassandra_admin import default_is_open, granted, grants
from lakehouse.cassandra_session import connect
from lakehouse.errors import WardwatchError
from lakehouse.hdfs import FOLDERS, Hdfs
from lakehouse.lake import Lake
from lakehouse.mart_tables import MARTS
from lakehouse.postgres import connect as postgres_as
from lakehouse.postgres_admin import database_of, differences, rights
from lakehouse.postgres_admin import granted as mart_rights
from lakehouse.settings import Service, Settings
from lakehouse.spark import jars
from lakehouse.tables import CASSANDRA, LAKE
from lakehouse.topics import TOPICS

PATIENCE_S: Final = 5.0
CHECKS_AT_ONCE: Final = 4
INIT: Final = "run `python -m lakehouse init`"


class Finding(NamedTuple):
    """One thing that was looked at. `problem` says what is wrong and what to do; None = it is as it should be."""

    store: str
    what: str
    problem: str | None = None


Check: TypeAlias = Callable[[Settings], list[str]]  # returns the problems, in words
NamedCheck: TypeAlias = tuple[str, str, Check]


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, a few things at a time, and yield each finding in the order of the list."""
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        for found in pool.map(partial(_findings, settings), _checks()):
            yield from found


def _checks() -> list[NamedCheck]:
    kafka: list[NamedCheck] = [("Kafka", f"as {service}", partial(_kafka, service=service)) for service in ACCESS]
    cassandra: list[NamedCheck] = [
        ("Cassandra", f"as {service}", partial(_cassandra, service=service))
        for service, access in ACCESS.items()
        if access.has_role
    ]
    postgres: list[NamedCheck] = [
        ("PostgreSQL", f"as {service}", partial(_postgres, service=service))
        for service in (*MART_RIGHTS, *DATABASE_OWNERS)
    ]
    return [
        ("Kafka", "topics", _topics), *kafka,
        ("Cassandra", "tables and default role", _tables), *cassandra,
        ("HDFS", "folders", _folders), ("HDFS", "lake", _lake),
        ("PostgreSQL", "marts", _marts), *postgres,
        ("SMTP", "login", _smtp), ("Spark", "jars", _spark),
    ]  # fmt: skip


def _findings(settings: Settings, named: NamedCheck) -> list[Finding]:
    store, what, check = named
    try:
        problems = check(settings)
    except WardwatchError as error:
        problems = [str(error)]
    return [Finding(store, what, problem) for problem in problems] or [Finding(store, what)]


def _topics(settings: Settings) -> list[str]:
    there = kafka_admin.admin(settings, patience_s=PATIENCE_S).list_topics(timeout=PATIENCE_S).topics
    problems = [f"topic {name} is not there; {INIT}" for name in TOPICS if name not in there]
    for topic in TOPICS.values():
        wanted = settings.kafka.partitions
        if topic.name in there and len(there[topic.name].partitions) != wanted:
            problems.append(
                f"topic {topic.name} has {len(there[topic.name].partitions)} partitions, the settings say {wanted}; "
                "set WARDWATCH_KAFKA__PARTITIONS to what is there"
            )
    return problems


def _kafka(settings: Settings, service: Service) -> list[str]:
    client = kafka_admin.admin(settings, service, patience_s=PATIENCE_S)
    access, may = ACCESS[service], kafka_admin.permitted(client, TOPICS)
    problems = []
    for topic in TOPICS:
        wanted = {word for word, topics in (("read", access.reads), ("write", access.writes)) if topic in topics}
        extra = may[topic] - wanted - {"describe"}
        problems += [f"may not {word} {topic}; {INIT}" for word in sorted(wanted - may[topic])]
        problems += [f"may {word} {topic}, and should not; {INIT}" for word in sorted(extra)]
    return problems


def _tables(settings: Settings) -> list[str]:
    cluster, session = connect(
        settings.cassandra, Service.ADMIN, settings.password(Service.ADMIN), stop_after_delay(PATIENCE_S),
        login_patience_s=0,
    )  # fmt: skip
    with cluster:
        problems = []
        if default_is_open(session):
            problems.append(f"the superuser that every new Cassandra has may log in; {INIT}")
        keyspace = cluster.metadata.keyspaces.get(settings.cassandra.keyspace)
        if keyspace is None:
            return [*problems, f"keyspace {settings.cassandra.keyspace} is not there; {INIT}"]
        for table in CASSANDRA.values():
            found = keyspace.tables.get(table.name)
            lacking = sorted(set(table.names) - set(found.columns)) if found else ["the table itself"]
            if lacking:
                problems.append(f"{table.name} lacks {', '.join(lacking)}; {INIT}")
        return problems


def _cassandra(settings: Settings, service: Service) -> list[str]:
    cluster, session = connect(
        settings.cassandra, service, settings.password(service), stop_after_delay(PATIENCE_S), login_patience_s=0
    )
    with cluster:
        wanted, found = grants(ACCESS[service], settings.cassandra.keyspace), granted(session, service)
    return [f"may not {right} {table}; {INIT}" for right, table in sorted(wanted - found)] + [
        f"may {right} {table}, and should not; {INIT}" for right, table in sorted(found - wanted)
    ]


def _folders(settings: Settings) -> list[str]:
    problems = []
    with Hdfs(settings, patience_s=PATIENCE_S) as hdfs:
        for folder in FOLDERS:
            place = f"{settings.hdfs.root}/{folder.path}".rstrip("/")
            found = hdfs.status(folder.path)
            if found is None:
                problems.append(f"folder {place} is not there; {INIT}")
            elif (found["owner"], found["permission"]) != (settings.hdfs.user, folder.permission):
                problems.append(
                    f"folder {place} is {found['owner']}'s with {found['permission']}, and should be "
                    f"{settings.hdfs.user}'s with {folder.permission}; {INIT}"
                )
        if not problems:
            hdfs.put("states/.doctor", b"can I write?")
            hdfs.delete("states/.doctor")
    return problems


def _lake(settings: Settings) -> list[str]:
    problems = []
    with Lake(settings, patience_s=PATIENCE_S) as lake:
        for table in LAKE.values():
            try:
                lake.check(table)
            except WardwatchError as error:
                problems.append(str(error))
    return problems


def _marts(settings: Settings) -> list[str]:
    with postgres_as(settings, Service.ADMIN, patience_s=PATIENCE_S) as marts:
        return [problem for table in MARTS.values() for problem in differences(marts, table)]


def _postgres(settings: Settings, service: Service) -> list[str]:
    with postgres_as(settings, service, database_of(settings, service), patience_s=PATIENCE_S) as database:
        if service in DATABASE_OWNERS:
            return []
        wanted, found = rights(service), mart_rights(database, service)
    return [f"may not {right} {table}; {INIT}" for right, table in sorted(wanted - found)] + [
        f"may {right} {table}, and should not; {INIT}" for right, table in sorted(found - wanted)
    ]


def _smtp(settings: Settings) -> list[str]:
    mail = settings.smtp
    try:
        with smtp.connect(mail, smtp.tls_context(mail), PATIENCE_S) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        return [f"{mail.host}:{mail.port}: {error}; check WARDWATCH_SMTP__* and `make status`"]
    return []


def _spark(settings: Settings) -> list[str]:
    jars(settings)
    return []
