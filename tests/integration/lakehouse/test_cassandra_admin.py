"""The superuser that every new Cassandra has, with a password that everybody knows, stays closed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tenacity import stop_after_delay

from lakehouse.cassandra_admin import CassandraAdmin, default_is_open
from lakehouse.cassandra_session import connect
from lakehouse.doctor import examine
from lakehouse.settings import Service, Settings


@pytest.fixture
def left_open(settings: Settings) -> Iterator[Settings]:
    """A Cassandra whose first administrator died between making its own role and closing the default one."""
    admin = settings.password(Service.ADMIN)
    cluster, session = connect(settings.cassandra, Service.ADMIN, admin, stop_after_delay(60))
    with cluster:
        session.execute("ALTER ROLE cassandra WITH LOGIN = true AND SUPERUSER = true")
        yield settings
        session.execute("ALTER ROLE cassandra WITH LOGIN = false AND SUPERUSER = false")


def test_the_administrator_closes_it_at_each_login(left_open: Settings) -> None:
    with CassandraAdmin(left_open) as cassandra:
        assert not default_is_open(cassandra._session)


def test_the_doctor_says_that_it_is_open(left_open: Settings) -> None:
    problems = [finding.problem for finding in examine(left_open) if finding.store == "Cassandra" and finding.problem]
    assert problems == ["the superuser that every new Cassandra has may log in; run `python -m lakehouse init`"]
