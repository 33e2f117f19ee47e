"""A real Superset over real marts with some invented weeks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.hospital import fill, invented
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings
from tests.local_stack import LocalStack
from tests.superset_client import Superset, User

DAYS = 30  # what the dashboards show at first


@pytest.fixture(scope="session")
def superset(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Superset]:
    """Started afresh in the stack of this run; WARDWATCH_TEST_RUN names a running one instead, with empty marts."""
    running = os.environ.get("WARDWATCH_TEST_RUN")
    local = LocalStack(Path(running).absolute()) if running else request.getfixturevalue("stack")
    local.up("superset")
    there = Superset.of(local.run)
    today = datetime.now(UTC).date()
    with Marts(settings, Service.BATCH, patience_s=30) as marts:
        if running:
            with invented(marts, today, DAYS) as are_invented:
                assert are_invented, "invented weeks go into empty marts; found rows of a night; name another stack"
                yield there
        else:
            fill(marts, today, DAYS)
            yield there
            local.supervise("stop", "superset")


@pytest.fixture(scope="session")
def admin(superset: Superset) -> User:
    return superset.as_user("admin")


@pytest.fixture(scope="session")
def manager(superset: Superset) -> User:
    return superset.as_user("manager")
