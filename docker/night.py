"""One night now: starts the DAGs of a day in Airflow, follows them to their end, and says what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import requests
from rich.console import Console

from stack import StackError, StackSettings

# In the order in which their assets join them, and the task of each whose summary is worth a line.
CHAIN = {
    "check_readings": "check_readings",
    "prove_alarms": "prove_alarms",
    "recalibrate_limits": "recalibrate",
    "refresh_reports": "report",
}
APPROVAL = ("recalibrate_limits", "approve")
APPROVER = "approver"
LOOK_S = 2.0
PATIENCE_S = 1800.0
TIMEOUT_S = 30.0
READS_S = 10.0
LONG = 200  # characters


class Airflow:
    """Airflow's REST interface, as one of its users.

    Raises
    ------
    StackError
        From every call, when Airflow does not answer or refuses.
    """

    def __init__(self, settings: StackSettings, user: str = "admin") -> None:
        self.url = f"http://{settings.postgres.host}:{settings.stack.airflow_port}"
        self._session = requests.Session()
        password = getattr(settings.stack, f"airflow_{user}_password").get_secret_value()
        token = self.call("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Send a request and return its JSON."""
        try:
            answer = self._session.request(method, f"{self.url}{path}", timeout=TIMEOUT_S, **body)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise StackError(f"Airflow must answer at {self.url}; {error}; see `make status`") from error
        found: dict[str, Any] = answer.json()
        return found

    def run_of(self, dag: str, day: date, since: datetime) -> dict[str, Any] | None:
        """Return the newest run of a DAG for a day that began since a time."""
        runs = self.call("GET", f"/api/v2/dags/{dag}/dagRuns?order_by=-id&limit=20")["dag_runs"]
        of_day = [run for run in runs if run["partition_key"] == day.isoformat()]
        return next((run for run in of_day if datetime.fromisoformat(run["queued_at"]) >= since), None)

    def tasks(self, dag: str, run_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a run."""
        found: list[dict[str, Any]] = self.call("GET", f"{_run(dag, run_id)}/taskInstances")["task_instances"]
        return found

    def question(self, run_id: str) -> dict[str, Any]:
        """Return what a night asks of a clinician."""
        return self.call("GET", _question(run_id))

    def approve(self, run_id: str, keep_old: str = "") -> None:
        """Answer it with yes, but for patients who keep their old limits: their ids, with commas between."""
        time.sleep(READS_S)  # an answer in the second in which Airflow parks the task has the task killed
        answer = {"chosen_options": ["Approve"], "params_input": {"keep_old": keep_old}}
        self.call("PATCH", _question(run_id), json=answer)

    def summary(self, dag: str, run_id: str, task: str) -> Any:
        """Return what a task said last."""
        return self.call("GET", f"{_run(dag, run_id)}/taskInstances/{task}/xcomEntries/return_value")["value"]


def _run(dag: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag}/dagRuns/{quote(run_id, safe='')}"


def _question(run_id: str) -> str:
    dag, task = APPROVAL
    return f"{_run(dag, run_id)}/taskInstances/{task}/-1/hitlDetails"


def pass_night(settings: StackSettings, day: date, console: Console, *, approve: bool = False) -> None:
    """Start the night of a day and wait for its end. Large changes of limits are asked for in Airflow.

    Where nobody answers for half an hour, the night goes on without this command. With `approve` it answers itself.

    Raises
    ------
    StackError
        When a DAG fails, or has not ended after half an hour for another reason.
    """
    airflow, approver = Airflow(settings), Airflow(settings, APPROVER) if approve else None
    since = datetime.now(UTC)
    first = next(iter(CHAIN))
    console.print(f"The night of {day}: {airflow.url}")
    airflow.call("POST", f"/api/v2/dags/{first}/dagRuns", json={"logical_date": None, "partition_key": day.isoformat()})
    for dag, task in CHAIN.items():
        run = _finished(airflow, dag, day, since, console, approver)
        if run is None:
            console.print(
                "  nobody has answered yet; without an answer by 06:00 UTC the old limits stay; reports follow"
            )
            return
        if run["state"] != "success":
            failed = [each["task_id"] for each in airflow.tasks(dag, run["dag_run_id"]) if each["state"] == "failed"]
            raise StackError(
                f"each task of a night succeeds; {dag}: {', '.join(failed)} failed; its log in Airflow says what to do"
            )
        said = airflow.summary(dag, run["dag_run_id"], task)
        console.print(f"  {dag:<20} {_words(said)}", soft_wrap=True, markup=False)


def _finished(
    airflow: Airflow, dag: str, day: date, since: datetime, console: Console, approver: Airflow | None
) -> dict[str, Any] | None:
    """Wait until the run of a DAG has ended, pointing to its question on the way; None where that is not answered."""
    asked, run = False, None
    for _ in _looks():
        run = airflow.run_of(dag, day, since)
        if run is None:
            continue
        if run["state"] in {"success", "failed"}:
            return run
        if dag == APPROVAL[0] and not asked and _is_asking(airflow, run["dag_run_id"]):
            asked = True
            console.print(
                f"  large changes wait for a clinician: {airflow.url}/required_actions, user {APPROVER}, "
                f"password WARDWATCH_STACK__AIRFLOW_{APPROVER.upper()}_PASSWORD in wardwatch.env of the run folder",
                soft_wrap=True,
            )
            if approver is not None:
                console.print("  the demo approves them, as a clinician would who has looked at the table")
                approver.approve(run["dag_run_id"])
    if asked and run is not None and _is_asking(airflow, run["dag_run_id"]):
        return None
    raise StackError(f"a night goes on; {dag} has not ended after {PATIENCE_S:.0f} s; see {airflow.url}")


def _looks() -> Iterator[None]:
    ends_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_at:
        yield
        time.sleep(LOOK_S)


def _is_asking(airflow: Airflow, run_id: str) -> bool:
    dag, task = APPROVAL
    return any(each["task_id"] == task and each["state"] == "awaiting_input" for each in airflow.tasks(dag, run_id))


def _words(summary: Any) -> str:
    """Return a summary in one line, without what is long or empty; a table in it is for Airflow's page."""
    if not isinstance(summary, dict):
        return str(summary)
    short = {
        name: value for name, value in summary.items() if value != [] and len(str(value)) <= LONG and name != "table"
    }
    rounded = {name: f"{value:.2f}" if isinstance(value, float) else value for name, value in short.items()}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rounded.items())
