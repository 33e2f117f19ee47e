"""The DAGs keep the conventions of the house, as Airflow reads them; a failure names the DAG and the task."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(path for path in (ROOT / "dags").glob("*.py") if path.name != "conventions.py")
NAMES = [path.stem for path in FILES]
COMMAND = re.compile(r"^\.venv/bin/python -m (\w+) (\w+(?: \w+)?)")
each_dag = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a real DagBag of Airflow found, in an Airflow home of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "WARDWATCH"))}
    home = tmp_path_factory.mktemp("airflow")
    done = subprocess.run(
        [ROOT / ".venv-airflow" / "bin" / "python", ROOT / "tests" / "architecture" / "read_dags.py"],
        env=clean | {"AIRFLOW_HOME": str(home), "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def tasks(facts: dict[str, Any], name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = facts["dags"][name]["tasks"]
    return found


def test_every_file_is_read_without_an_error(facts: dict[str, Any]) -> None:
    assert facts["errors"] == {}


def test_a_file_holds_the_one_dag_that_it_is_named_after(facts: dict[str, Any]) -> None:
    assert sorted(facts["dags"]) == NAMES


def test_reading_them_brings_in_nothing_of_the_platform(facts: dict[str, Any]) -> None:
    assert facts["platform"] == []


def test_reading_them_all_is_quick(facts: dict[str, Any]) -> None:
    assert facts["parsed_s"] < 5  # 0.1 s, and more while the machine is busy


@each_dag
def test_its_text_says_what_it_does_and_what_to_do(facts: dict[str, Any], name: str) -> None:
    docs = facts["dags"][name]["docs"]

    assert docs.strip().startswith(f"### {name}")
    assert "fails**" in docs
    assert "Owner: data engineers" in docs


@each_dag
def test_it_has_tags_and_one_run_at_a_time_and_does_not_catch_up(facts: dict[str, Any], name: str) -> None:
    dag = facts["dags"][name]

    assert dag["tags"]
    assert dag["max_active_runs"] == 1
    assert dag["catchup"] is False


@each_dag
def test_it_says_so_itself(name: str) -> None:
    tree = ast.parse((ROOT / "dags" / f"{name}.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    (made,) = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "DAG")

    assert {"doc_md", "schedule", "catchup", "max_active_runs", "tags"} <= {keyword.arg for keyword in made.keywords}


@each_dag
def test_each_task_has_an_owner_a_timeout_and_a_line_that_says_what_to_do(facts: dict[str, Any], name: str) -> None:
    for task_id, task in tasks(facts, name).items():
        assert task["owner"] == "data-engineers", task_id
        assert 0 < task["timeout_s"] <= 3 * 3600, task_id
        assert "\n" not in (task["says_what_to_do"] or "\n"), task_id
        assert task["tells"] == ["SmtpNotifier"], task_id


@each_dag
def test_what_neither_asks_a_person_nor_gives_a_verdict_is_tried_again(facts: dict[str, Any], name: str) -> None:
    once = {task_id for task_id, task in tasks(facts, name).items() if not task["retries"]}
    assert once <= {"approve", "check_readings", "check_entries"}


@each_dag
def test_a_command_is_one_that_a_person_can_type(facts: dict[str, Any], name: str) -> None:
    commands = [task["command"] for task in tasks(facts, name).values() if task["command"]]
    assert commands
    for command in commands:
        found = COMMAND.match(command)
        assert found, command
        module, words = found.groups()
        done = subprocess.run(
            [sys.executable, "-m", module, words.split()[0], "--help"],
            cwd=ROOT, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert all(word in done.stdout for word in words.split()[1:]), command


@each_dag
def test_a_job_of_the_night_works_on_the_day_of_its_run(facts: dict[str, Any], name: str) -> None:
    dag = facts["dags"][name]
    commands = [task["command"] for task in dag["tasks"].values() if task["command"]]

    if "night" in dag["tags"]:
        assert all(" --date {{ dag_run.partition_key or ds }} " in command for command in commands)


def test_the_dags_of_the_night_are_joined_by_assets_and_not_by_clock(facts: dict[str, Any]) -> None:
    chain = ["check_readings", "prove_alarms", "recalibrate_limits", "refresh_reports"]

    assert facts["dags"]["check_readings"]["schedule"] == "CronPartitionTimetable"
    for before, after in pairwise(chain):
        made = [asset for task in tasks(facts, before).values() for asset in task["makes"]]
        assert facts["dags"][after]["schedule"] == "PartitionedAssetTimetable", after
        assert facts["dags"][after]["waits_for"] == made, f"{before} -> {after}"


def test_an_asset_is_made_by_the_last_task_so_that_it_says_that_all_went_well(facts: dict[str, Any]) -> None:
    for name in NAMES:
        found = tasks(facts, name)
        awaited = {before for task in found.values() for before in task["after"]}
        assert [task_id for task_id, task in found.items() if task["makes"] and task_id in awaited] == [], name


def test_large_changes_are_published_after_a_person_has_approved_and_small_ones_without(facts: dict[str, Any]) -> None:
    found = tasks(facts, "recalibrate_limits")

    assert found["publish"]["after"] == ["approve", "large_changes"]
    assert found["publish"]["rule"] == "none_failed"
    assert found["large_changes"]["after"] == ["check_proposals"]
    assert found["settled"]["rule"] == "none_failed"  # old limits that stay are settled, too


def test_an_approval_waits_until_six_in_the_morning_and_not_at_all_on_a_day_that_is_long_over(
    facts: dict[str, Any],
) -> None:
    now = datetime.now(UTC)
    since_midnight_s = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()

    assert facts["waits_s"]["today"] == pytest.approx(30 * 3600 - since_midnight_s, abs=120)
    assert facts["waits_s"]["last week"] == 1


def test_a_person_may_answer_without_filling_in_a_field(facts: dict[str, Any]) -> None:
    """Airflow's page requires a field that admits no null: whoever leaves it empty could not answer."""
    asked = facts["dags"]["recalibrate_limits"]["tasks"]["approve"]["asks_for"]
    assert {name: "null" in types for name, types in asked.items()} == {"keep_old": True}
