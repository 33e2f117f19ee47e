"""A day, its night through the scheduler of Airflow, and the morning after: limits that fit their patients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.entries import RECALIBRATION
from lakehouse.lake import Lake
from lakehouse.marts import Marts
from lakehouse.messages import Limits
from lakehouse.settings import Service
from lakehouse.tables import LIMITS_BY_PATIENT, LIMITS_PROPOSED
from night import APPROVAL, APPROVER, Airflow
from streaming.bedside import simulator
from streaming.bedside.simulation import Script
from tests.end_to_end.ward import Ward, seconds_of
from tests.local_stack import LocalStack
from tests.superset_client import Superset
from waiting import until

# They live with a heart rate near 116 /min, a respiratory rate near 24 /min and an SpO2 near 91 %, in turn. Eight hours
# pass in a minute.
SCRIPT = Script(patients=6, seed=3, seconds=8 * 3600, deteriorations_per_day=0, chronic_share=1)
FAST = "sim3-0001"
DEFAULT_BPM = 120
# Breathes fast, and has a tight limit: it is loosened by a whole step, which asks for an approval, at whatever hour
# this runs. A heart rate follows the hour of the day by more than that.
TIGHTLY_LIMITED = "sim3-0005"
KEEPS_OLD = "sim3-0004"  # lives as the first one does, and somebody wants the old limits to stay
TIGHT = Limits(
    patient_id=TIGHTLY_LIMITED, version=1, limits={"resp_rate_high": [22, None]}, author=RECALIBRATION,
    reason="of a night before",
)  # fmt: skip


@pytest.fixture(scope="module")
def own_ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    """A stack of its own: what other tests do to their day would not pass the gate of a night."""
    local = LocalStack(tmp_path_factory.mktemp("night"))
    try:
        local.up("live")
        yield Ward(local, local.settings)
    finally:
        local.down()


def approve(ward: Ward, day: date) -> str:
    """Answer the question of a day's night as a clinician would, for all but one; return what was shown."""
    airflow = Airflow(ward.stack.stack_settings, APPROVER)
    run = airflow.run_of(APPROVAL[0], day, datetime.now(UTC) - timedelta(hours=1))
    assert run is not None
    shown = airflow.question(run["dag_run_id"])["body"]
    assert "Required Actions" in airflow.call("GET", "/ui/auth/menus")["authorized_menu_items"]
    airflow.approve(run["dag_run_id"], keep_old=KEEPS_OLD)
    return str(shown)


def said_before_and_after_clearing(ward: Ward, day: date, dag: str, task: str) -> tuple[Any, Any]:
    """Clear a task that has succeeded, as an engineer would, and return what it had said and what it says now."""
    airflow = Airflow(ward.stack.stack_settings)
    run = airflow.run_of(dag, day, datetime.now(UTC) - timedelta(hours=1))
    assert run is not None
    run_id = run["dag_run_id"]
    first = airflow.summary(dag, run_id, task)
    cleared = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task], "only_failed": False, "reset_dag_runs": True}
    airflow.call("POST", f"/api/v2/dags/{dag}/clearTaskInstances", json=cleared)

    def tried() -> tuple[int, str]:
        (found,) = (each for each in airflow.tasks(dag, run_id) if each["task_id"] == task)
        return found["try_number"], found["state"]

    assert until(lambda: tried() == (2, "success"), 120), f"{task} must succeed a second time; it is {tried()}"
    return first, airflow.summary(dag, run_id, task)


@pytest.mark.timeout(1800)
def test_what_the_night_learns_changes_the_alarms_of_the_morning(own_ward: Ward) -> None:
    ward = own_ward
    ward.send([TIGHT])
    played = simulator.run(ward.settings, SCRIPT, Event(), speed=480)
    assert played.readings == 6 * 8 * 3600
    day = datetime.now(UTC).date()

    said, shown = [], ""
    for line in ward.stack.lines_of("night", "--date", f"{day}"):
        said.append(line)
        if "large changes wait for a clinician" in line:
            shown = approve(ward, day)
    assert [line.split()[0] for line in said[-5:]] == [
        "check_readings", "prove_alarms", "large", "recalibrate_limits", "refresh_reports",
    ], "".join(said)  # fmt: skip
    assert f"| {TIGHTLY_LIMITED} | resp_rate_high | 22 | 29 |" in shown
    with Marts(ward.settings, Service.BATCH) as marts:
        (proof,) = marts.query("SELECT proven, missing_events, extra_events, different_events FROM mart.proof_daily")
        (alarms,) = marts.query("SELECT sum(alarms)::int AS count FROM mart.alarm_burden_daily")
    assert proof == {"proven": True, "missing_events": 0, "extra_events": 0, "different_events": 0}
    assert alarms["count"] > 0

    with Cassandra(ward.settings, Service.BATCH) as cassandra:
        newest, approved = (
            cassandra.select(LIMITS_BY_PATIENT, {"patient_id": each})[0] for each in (FAST, TIGHTLY_LIMITED)
        )
        assert cassandra.select(LIMITS_BY_PATIENT, {"patient_id": KEEPS_OLD}) == []
    with Lake(ward.settings) as lake:
        meant = lake.read(LIMITS_PROPOSED, [("patient_id", "=", KEEPS_OLD)], ["decision"])["decision"].to_pylist()
    assert "loosened" in meant
    assert f", approved by {APPROVER};" in approved["reason"]
    first, second = said_before_and_after_clearing(ward, day, "recalibrate_limits", "publish")
    assert (first["published"], first["kept_old"]) == (second["already"], 1)
    assert second["published"] == 0
    limit_bpm, high = json.loads(newest["limits"])["heart_rate_high"]
    assert newest["author"] == "recalibration"
    assert limit_bpm > DEFAULT_BPM
    assert high is None

    # Beyond the default and within the new limit: usual for this patient, and no alarm. Beyond the new one: an alarm.
    morning = datetime.now(UTC)
    usual, unusual = {"heart_rate_bpm": limit_bpm}, {"heart_rate_bpm": limit_bpm + 2}
    ward.play(FAST, seconds_of((40, usual), (30, unusual)), discharge=True)
    told = [
        event for event in ward.folded(FAST) if event.condition == "heart_rate_high" and event.received_at > morning
    ]
    assert [(event.step, event.limit, event.limits_version) for event in told] == [
        ("onset", limit_bpm, newest["version"]),
        ("discharge", limit_bpm, newest["version"]),
    ]
    ids = {event.event_id for event in told}
    assert until(lambda: ids <= {row["event_id"] for row in ward.in_cassandra(FAST)}, 60)


def state_of(airflow: Airflow, dag: str, day: date | None = None) -> str:
    """Run a DAG for a day, or for none, as a person would from its page; return what became of it."""
    asked = {"logical_date": None, "partition_key": day and day.isoformat()}
    run_id = quote(airflow.call("POST", f"/api/v2/dags/{dag}/dagRuns", json=asked)["dag_run_id"], safe="")

    def state() -> str:
        return str(airflow.call("GET", f"/api/v2/dags/{dag}/dagRuns/{run_id}")["state"])

    assert until(lambda: state() in {"success", "failed"}, 300), f"{dag} must end within 5 min; it is {state()}"
    return state()


def subjects_to(ward: Ward, addresses: tuple[str, ...]) -> list[str]:
    """Return the subjects of the mails that went to these addresses."""
    paths = (ward.settings.run / "mail" / "new").iterdir()
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in paths]
    return [str(mail["Subject"]) for mail in mails if mail["To"] == ", ".join(addresses)]


@pytest.mark.timeout(900)
def test_the_other_dags_run_as_well_and_a_day_that_the_gate_stops_moves_no_limit(own_ward: Ward) -> None:
    """The lake holds today alone."""
    own_ward.stack.up("airflow")
    airflow = Airflow(own_ward.stack.stack_settings)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    empty = yesterday - timedelta(days=1)
    before = datetime.now(UTC) - timedelta(seconds=1)
    assert state_of(airflow, "check_readings", empty) == "failed"
    mail = f"Wardwatch: check_readings.check_readings failed for {empty}"
    assert until(lambda: mail in subjects_to(own_ward, own_ward.settings.engineers), 60)

    assert state_of(airflow, "watch_speed_layer") == "success"
    assert state_of(airflow, "care_for_lake", yesterday) == "success"
    # Long after the gate has said no.
    assert airflow.run_of("prove_alarms", empty, before) is None
    assert airflow.run_of("recalibrate_limits", empty, before) is None


# What need not be on such a day: an escalation, a limit that was refused, an arterial line; and the days after it.
MAY_BE_EMPTY = {
    "Escalated alarms, by step",
    "Not published, and why",
    "Mean arterial pressure",
    "Alarms a patient-day, before and after",
}


@pytest.mark.timeout(600)
def test_the_manager_sees_the_day_in_each_chart(own_ward: Ward) -> None:
    own_ward.stack.up("superset")
    manager = Superset.of(own_ward.stack.run).as_user("manager")
    empty = {chart["slice_name"] for chart in manager.all_of("chart") if not manager.rows_of(chart["id"])}
    assert empty <= MAY_BE_EMPTY
