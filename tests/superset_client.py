"""Superset's REST interface as each of its users."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import requests

from credentials import read_env

TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Superset:
    """Where it is, and how to log in."""

    run: Path
    url: str
    passwords: dict[str, str] = field(repr=False)

    @classmethod
    def of(cls, run: Path) -> Self:
        """Return that of a stack, by its run folder."""
        known = read_env(run)
        passwords = {name: known[f"WARDWATCH_STACK__SUPERSET_{name.upper()}_PASSWORD"] for name in ("admin", "manager")}
        return cls(run, known["WARDWATCH_SUPERSET_URL"], passwords)

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

    def rows_of(self, chart_id: int) -> int:
        """Return how many rows a chart gives the user."""
        answer = self.call("GET", f"/api/v1/chart/{chart_id}/data/")
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["result"]
        assert result["error"] is None, result["error"]
        return int(result["rowcount"])
