"""A real Superset over real marts with some invented weeks, and its REST interface as each of its users."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from bench.hospital import fill, invented
from credentials import read_env
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings
from tests.local_stack import LocalStack

DAYS = 30  # what the dashboards show at first
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Superset:
    """Where it is, and how to log in."""

    run: Path
    url: str
    passwords: dict[str, str] = field(repr=False)

    def as_user(self, name: str) -> User:
        """Return the REST interface as a user who has logged in at the page, as a browser does."""
        session = requests.Session()
        page = session.get(f"{self.url}/login/", timeout=TIMEOUT_S).text
        (token,) = re.findall(r'id="csrf_token"\s+value="([^"]+)"', page)
        login = {"username": name, "password": self.passwords[name], "csrf_token": token}
        answer = session.post(f"{self.url}/login/", data=login, allow_redirects=False, timeout=TIMEOUT_S)
        assert answer.status_code == 302, answer.text
        assert "login" not in answer.headers["Location"]
        session.headers.update({"X-CSRFToken": token, "Referer": self.url})
        return User(self.url, session)


@dataclass(frozen=True, slots=True)
class User:
    """Calls as somebody."""

    url: str
    session: requests.Session

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}{path}", timeout=TIMEOUT_S, **more)

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Return what the user may see of charts, dashboards, datasets or databases."""
        answer = self.call("GET", f"/api/v1/{kind}/?q=(page_size:1000)")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["result"]
        return found


@pytest.fixture(scope="session")
def superset(settings: Settings, request: pytest.FixtureRequest) -> Iterator[Superset]:
    """Started afresh in the stack of this run; WARDWATCH_TEST_RUN names a running one instead, with empty marts."""
    running = os.environ.get("WARDWATCH_TEST_RUN")
    local = LocalStack(Path(running).absolute()) if running else request.getfixturevalue("stack")
    local.up("superset")
    known = read_env(local.run)
    passwords = {name: known[f"WARDWATCH_STACK__SUPERSET_{name.upper()}_PASSWORD"] for name in ("admin", "manager")}
    there = Superset(local.run, known["WARDWATCH_SUPERSET_URL"], passwords)
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
