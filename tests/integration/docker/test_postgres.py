"""PostgreSQL as a process of the stack: it keeps what it was told, and stops although somebody is logged in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from lakehouse.settings import Service
from tests.local_stack import LocalStack


@pytest.fixture(scope="module")
def postgres_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    local = LocalStack(tmp_path_factory.mktemp("postgres") / "run")
    local.up("postgres")
    yield local
    local.down()


def connect(local: LocalStack, password: str | None = None) -> psycopg.Connection[tuple[object, ...]]:
    settings = local.settings
    return psycopg.connect(
        host="127.0.0.1", port=settings.postgres.port, dbname="postgres", user=Service.ADMIN.value,
        password=password or settings.password(Service.ADMIN), connect_timeout=10, autocommit=True,
    )  # fmt: skip


def test_it_asks_for_the_password(postgres_only: LocalStack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(postgres_only, "another")


def test_it_is_not_root_and_its_data_are_nobody_elses(postgres_only: LocalStack) -> None:
    data = postgres_only.run / "postgres" / "data"

    assert data.stat().st_uid != 0
    assert data.stat().st_mode & 0o777 == 0o700
    assert not (postgres_only.run / "postgres" / "conf" / "password").exists()


def test_killed_it_comes_back_with_what_was_committed(postgres_only: LocalStack) -> None:
    with connect(postgres_only) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    postgres_only.kill("postgres")
    postgres_only.launch("up", "postgres")

    with connect(postgres_only) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_it_stops_at_once_although_somebody_is_logged_in(postgres_only: LocalStack) -> None:
    with connect(postgres_only) as connection:
        began = time.monotonic()
        postgres_only.down()
        assert time.monotonic() - began < 25  # TERM would wait the whole patience of 30 s
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    postgres_only.up("postgres")


def test_data_that_were_made_with_other_secrets_are_said_at_once(tmp_path: Path) -> None:
    local = LocalStack(tmp_path / "run")
    local.up("postgres")
    local.down()
    env = local.run / "wardwatch.env"
    env.write_text(env.read_text().replace(local.settings.password(Service.ADMIN), "0" * 32))

    refused = local.launch("up", "postgres")
    local.down()

    assert refused.returncode == 1
    assert "PostgreSQL's data and the secrets in wardwatch.env belong together" in refused.stderr
