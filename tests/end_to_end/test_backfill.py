"""Days that are filled in again: each becomes a night of its own in Airflow, in their order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from airflow_home import airflow_command, airflow_environment
from bench.landed_day import DAY_S, land
from lakehouse.cassandra import Cassandra
from lakehouse.marts import Marts
from lakehouse.settings import Service
from lakehouse.tables import LIMITS_BY_PATIENT
from night import CHAIN, Airflow
from streaming.bedside.simulation import Script
from tests.local_stack import LocalStack
from waiting import until

DAYS = 2
# They live near their limits, so that some limits change by a whole step, which asks for an approval.
SCRIPT = Script(patients=20, seconds=DAYS * DAY_S, deteriorations_per_day=1, chronic_share=1)


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack with an empty lake, and without a speed layer: its days are over, and the mornings after them."""
    local = LocalStack(tmp_path_factory.mktemp("backfill"))
    try:
        local.up("kafka", "cassandra", "hdfs", "postgres", "mail", "init", "airflow")
        yield local
    finally:
        local.down()


def backfill(stack: LocalStack, first: date, last: date) -> None:
    """Call what operations.md says; the last day is not included."""
    command = [*airflow_command("backfill"), "create", "--dag-id", "check_readings"]
    days = ["--from-date", first.isoformat(), "--to-date", last.isoformat()]
    environment = os.environ | airflow_environment(stack.stack_settings, stack.run)
    done = subprocess.run([*command, *days], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(1800)
def test_each_day_that_is_filled_in_has_its_night_and_without_an_answer_the_old_limits_stay(
    own_stack: LocalStack,
) -> None:
    end = datetime.now(UTC).date() - timedelta(days=1)  # the morning on which its last night is decided is over, too
    days = [end - timedelta(days=DAYS - number) for number in range(DAYS)]
    land(own_stack.settings, days[0], SCRIPT, 60, lambda _: None)
    before = datetime.now(UTC) - timedelta(seconds=1)

    backfill(own_stack, days[0], end)

    airflow = Airflow(own_stack.stack_settings)

    def states() -> dict[str, list[str]]:
        runs = {dag: [airflow.run_of(dag, day, before) for day in days] for dag in CHAIN}
        return {dag: [str(run and run["state"]) for run in found] for dag, found in runs.items()}

    whole = {dag: ["success"] * DAYS for dag in CHAIN}
    assert until(lambda: states() == whole or "failed" in str(states()), 1200), states()
    assert states() == whole
    with Marts(own_stack.settings, Service.BATCH) as marts:
        proofs = marts.query("SELECT day, proven FROM mart.proof_daily ORDER BY day")
        patients = marts.query("SELECT day, count(DISTINCT patient_id)::int AS n FROM mart.vitals_daily GROUP BY day")
    assert [(proof["day"], proof["proven"]) for proof in proofs] == [(day, True) for day in days]
    assert sorted((row["day"], row["n"]) for row in patients) == [(day, SCRIPT.patients) for day in days]
    for day in days:
        run = airflow.run_of("recalibrate_limits", day, before)
        assert run is not None
        assert airflow.summary("recalibrate_limits", run["dag_run_id"], "recalibrate")["large_changes"] > 0
        tasks = {each["task_id"]: each["state"] for each in airflow.tasks("recalibrate_limits", run["dag_run_id"])}
        assert (tasks["approve"], tasks["publish"], tasks["settled"]) == ("success", "skipped", "success")
    with Cassandra(own_stack.settings, Service.BATCH) as cassandra:
        assert cassandra.partition_keys(LIMITS_BY_PATIENT) == []
