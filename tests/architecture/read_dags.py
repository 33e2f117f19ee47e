"""Reads the DAGs as Airflow does, and prints what it found as JSON. Run by Airflow's own Python, not by pytest."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ("clinical", "lakehouse", "streaming", "batch", "quality", "pyspark", "numpy")


def facts_of_dag(dag: Any) -> dict[str, Any]:
    return {
        "docs": dag.doc_md,
        "tags": sorted(dag.tags),
        "schedule": type(dag.timetable).__name__,
        "waits_for": [dag.timetable.asset_condition.name] if dag.timetable.asset_condition else [],
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tasks": {task.task_id: facts_of_task(task) for task in dag.tasks},
    }


def facts_of_task(task: Any) -> dict[str, Any]:
    return {
        "owner": task.owner,
        "retries": task.retries,
        "timeout_s": task.execution_timeout.total_seconds() if task.execution_timeout else None,
        "says_what_to_do": task.doc_md,
        "tells": [type(callback).__name__ for callback in task.on_failure_callback or ()],
        "command": getattr(task, "bash_command", None),
        "makes": [asset.name for asset in task.outlets],
        "after": sorted(task.upstream_task_ids),
        "rule": task.trigger_rule.value,
        "asks_for": {name: task.params.get_param(name).schema["type"] for name in getattr(task, "params", {})},
    }


def waits_s(day: date) -> float:
    """How long the approval of a day's limits waits when it is asked for now."""
    from recalibrate_limits import wait_until_the_morning  # noqa: PLC0415  found once the DAGs are read

    task = SimpleNamespace(response_timeout=None)
    wait_until_the_morning({"dag_run": SimpleNamespace(partition_key=day.isoformat()), "task": task})
    return float(task.response_timeout.total_seconds())


def main() -> None:
    began = time.monotonic()
    bag = BundleDagBag(ROOT / "dags", bundle_path=ROOT / "dags", safe_mode=True)
    parsed_s = time.monotonic() - began
    today = datetime.now(UTC).date()
    facts = {
        "errors": bag.import_errors,
        "parsed_s": parsed_s,
        "platform": [name for name in PLATFORM if name in sys.modules],
        "dags": {name: facts_of_dag(dag) for name, dag in bag.dags.items()},
        "waits_s": {"today": waits_s(today), "last week": waits_s(today - timedelta(days=7))},
    }
    print(json.dumps(facts))  # noqa: T201  the answer to the test


if __name__ == "__main__":
    main()
