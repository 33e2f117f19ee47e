"""What the manager's user can see of Superset, and what not, through its REST interface."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from superset.take_over import take_over
from superset_home import superset_environment
from tests.local_stack import ROOT
from tests.superset_client import Superset, User

ASSETS = ROOT / "superset" / "assets"
CHARTS = [yaml.safe_load(path.read_text("utf-8"))["slice_name"] for path in sorted(ASSETS.glob("charts/*.yaml"))]
TABLES = sorted(path.stem for path in ASSETS.glob("datasets/**/*.yaml"))
PAGES = sorted(path.stem for path in ASSETS.glob("dashboards/*.yaml"))


@pytest.fixture(scope="module")
def charts(manager: User) -> dict[str, int]:
    """Charts by their name, as the manager sees them."""
    return {each["slice_name"]: each["id"] for each in manager.all_of("chart")}


def test_a_fresh_superset_has_what_the_assets_say_and_nothing_else(admin: User) -> None:
    assert sorted(each["slug"] for each in admin.all_of("dashboard")) == PAGES
    assert sorted(each["slice_name"] for each in admin.all_of("chart")) == sorted(CHARTS)
    assert sorted(each["table_name"] for each in admin.all_of("dataset")) == TABLES
    assert [each["database_name"] for each in admin.all_of("database")] == ["Wardwatch marts"]


@pytest.mark.parametrize("name", CHARTS)
def test_each_chart_gives_the_manager_rows(manager: User, charts: dict[str, int], name: str) -> None:
    assert manager.rows_of(charts[name]) > 0


def test_the_manager_opens_each_dashboard(manager: User) -> None:
    assert sorted(each["slug"] for each in manager.all_of("dashboard")) == PAGES
    for slug in PAGES:
        assert manager.call("GET", f"/api/v1/dashboard/{slug}").status_code == 200
        assert manager.call("GET", f"/api/v1/dashboard/{slug}/charts").status_code == 200


def query(dataset_id: int, column: str = "day") -> dict[str, Any]:
    return {
        "datasource": {"id": dataset_id, "type": "table"}, "result_format": "json", "result_type": "full",
        "queries": [{"columns": [column], "metrics": [], "row_limit": 5}],
    }  # fmt: skip


@pytest.fixture
def other_dataset(admin: User) -> Iterator[int]:
    """A dataset of the same database that is on no dashboard."""
    (database,) = admin.all_of("database")
    made = admin.call(
        "POST",
        "/api/v1/dataset/",
        json={"database": database["id"], "schema": "mart", "table_name": "alarm_burden_daily"},
    )
    assert made.status_code == 201, made.text
    yield made.json()["id"]
    admin.call("DELETE", f"/api/v1/dataset/{made.json()['id']}")


def test_other_data_are_refused_to_the_manager(admin: User, manager: User, other_dataset: int) -> None:
    assert admin.call("POST", "/api/v1/chart/data", json=query(other_dataset)).status_code == 200
    refused = manager.call("POST", "/api/v1/chart/data", json=query(other_dataset))
    assert refused.status_code == 403
    assert "result" not in refused.json()


def test_sql_is_refused_to_the_manager(admin: User, manager: User) -> None:
    (database,) = admin.all_of("database")
    asked = {"database_id": database["id"], "sql": "SELECT * FROM mart.alarm_episodes", "runAsync": False}
    assert manager.call("POST", "/api/v1/sqllab/execute/", json=asked).status_code == 403
    assert manager.call("GET", "/api/v1/sqllab/").status_code == 403


def test_edits_exports_and_imports_are_refused_to_the_manager(admin: User, manager: User) -> None:
    chart, page = admin.all_of("chart")[0]["id"], admin.all_of("dashboard")[0]["id"]
    dataset, database = admin.all_of("dataset")[0]["id"], admin.all_of("database")[0]["id"]
    for method, path, body in (
        ("PUT", f"/api/v1/chart/{chart}", {"slice_name": "mine"}),
        ("POST", "/api/v1/chart/", {"slice_name": "x", "viz_type": "table", "datasource_id": dataset,
                                    "datasource_type": "table"}),
        ("DELETE", f"/api/v1/chart/{chart}", None),
        ("PUT", f"/api/v1/dashboard/{page}", {"dashboard_title": "mine"}),
        ("PUT", f"/api/v1/dashboard/{page}/colors", {"color_scheme": "x"}),
        ("POST", "/api/v1/dashboard/", {"dashboard_title": "x"}),
        ("DELETE", f"/api/v1/dashboard/{page}", None),
        ("GET", f"/api/v1/dashboard/export/?q=!({page})", None),
        ("GET", "/api/v1/assets/export/", None),
        ("PUT", f"/api/v1/dataset/{dataset}", {"sql": "SELECT 1"}),
        ("GET", "/api/v1/dataset/", None),
        ("GET", "/api/v1/database/", None),
        ("GET", f"/api/v1/database/{database}/tables/?q=(schema_name:mart)", None),
        ("POST", "/api/v1/database/", {"database_name": "x", "sqlalchemy_uri": "postgresql://x"}),
        ("GET", "/api/v1/security/users/", None),
        ("GET", "/api/v1/security/roles/", None),
        ("GET", "/api/v1/query/", None),
        ("PUT", "/api/v1/me/", {"password": "a password of my own"}),
    ):  # fmt: skip
        answer = manager.call(method, path, json=body)
        assert answer.status_code == 403, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
    assert sorted(each["slice_name"] for each in admin.all_of("chart")) == sorted(CHARTS)


def test_who_has_not_logged_in_sees_nothing(superset: Superset, charts: dict[str, int]) -> None:
    chart = next(iter(charts.values()))
    assert requests.get(f"{superset.url}/api/v1/chart/{chart}/data/", timeout=60).status_code == 401
    page = requests.get(f"{superset.url}/superset/dashboard/trust/", timeout=60, allow_redirects=False)
    assert (page.status_code, "/login" in page.headers["Location"]) == (302, True)


def test_there_is_no_login_beside_the_page_which_slows_down_who_guesses(superset: Superset) -> None:
    login = {"username": "manager", "password": superset.passwords["manager"], "provider": "db"}
    assert requests.post(f"{superset.url}/api/v1/security/login", json=login, timeout=60).status_code == 404


def test_a_page_may_load_nothing_from_another_host(superset: Superset) -> None:
    policy = requests.get(f"{superset.url}/login/", timeout=60).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    sources = {source for rule in policy.split(";") for source in rule.split()[1:]}
    named = {each for each in sources if not each.startswith("'nonce-")}
    assert named == {"'self'", "'none'", "'unsafe-inline'", "blob:", "data:"}  # and no 'strict-dynamic'
    (scripts,) = (rule.split()[1:] for rule in policy.split(";") if rule.split()[0] == "script-src")
    assert [each for each in scripts if not each.startswith("'nonce-")] == ["'self'"]


CAN = "has_table_privilege('mart.alarm_episodes', 'INSERT')"


def test_the_marts_are_read_by_the_role_that_cannot_write(admin: User) -> None:
    (database,) = admin.all_of("database")
    asked = {"database_id": database["id"], "sql": f"SELECT {CAN} AS may_write", "runAsync": False}
    answer = admin.call("POST", "/api/v1/sqllab/execute/", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == [{"may_write": False}]


def bootstrap(superset: Superset, assets: Path | None = None) -> float:
    """Run the bootstrap again, as a start does. Returns how long it took, in s."""
    passwords = {
        f"WARDWATCH_STACK__SUPERSET_{name.upper()}_PASSWORD": word for name, word in superset.passwords.items()
    }
    home = superset.run / "superset"
    environment = os.environ | superset_environment(ROOT, home / "conf", home / "data") | passwords
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / ".venv-superset" / "bin" / "python", ROOT / "superset" / "bootstrap.py", *([assets] if assets else [])],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return time.monotonic() - began


def test_a_second_start_makes_nothing_again(superset: Superset, admin: User) -> None:
    before = {each["slug"]: each["changed_on_utc"] for each in admin.all_of("dashboard")}
    assert bootstrap(superset) < 5
    assert {each["slug"]: each["changed_on_utc"] for each in admin.all_of("dashboard")} == before


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A copy of the assets, to change."""
    shutil.copytree(ASSETS, tmp_path / "assets")
    return tmp_path / "assets"


def names(admin: User) -> list[str]:
    return sorted(each["slice_name"] for each in admin.all_of("chart"))


def test_files_win_over_clicks_and_what_the_files_no_longer_have_goes_and_what_others_made_stays(
    superset: Superset, admin: User, changed: Path
) -> None:
    (chart,) = (each for each in admin.all_of("chart") if each["slice_name"] == "Mails")
    assert admin.call("PUT", f"/api/v1/chart/{chart['id']}", json={"slice_name": "Clicked"}).status_code == 200
    own = {
        "slice_name": "Own",
        "viz_type": "table",
        "datasource_id": chart["datasource_id"],
        "datasource_type": "table",
    }
    made = admin.call("POST", "/api/v1/chart/", json=own)
    assert made.status_code == 201, made.text
    (changed / "charts" / "NEWS2.yaml").unlink()
    try:
        bootstrap(superset, changed)
        assert names(admin) == sorted({*CHARTS, "Own"} - {"NEWS2"})
    finally:
        admin.call("DELETE", f"/api/v1/chart/{made.json()['id']}")
        bootstrap(superset)  # as the repository has it
    assert names(admin) == sorted(CHARTS)


def test_what_was_clicked_can_be_taken_over_into_the_files(
    superset: Superset, admin: User, changed: Path, tmp_path: Path
) -> None:
    pages = {each["slug"]: each["id"] for each in admin.all_of("dashboard")}
    (chart,) = (each for each in admin.all_of("chart") if each["slice_name"] == "Mails")
    admin.call("PUT", f"/api/v1/chart/{chart['id']}", json={"slice_name": "Mails a day"})
    exported = admin.call("GET", f"/api/v1/dashboard/export/?q=!({pages['response']})")
    assert exported.status_code == 200
    (tmp_path / "export.zip").write_bytes(exported.content)
    take_over(tmp_path / "export.zip", changed)
    try:
        bootstrap(superset, changed)
        assert names(admin) == sorted({*CHARTS, "Mails a day"} - {"Mails"})
        found = admin.call("GET", "/api/v1/dashboard/response/charts").json()["result"]
        assert "Mails a day" in {each["slice_name"] for each in found}
    finally:
        bootstrap(superset)
    assert names(admin) == sorted(CHARTS)
