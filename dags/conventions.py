"""What all DAGs share: how a job is called, for which day, what joins them, and who hears of a failure.

A DAG names commands of the platform and imports none of it: what a task runs is what a person would type.
"""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.smtp.notifications.smtp import SmtpNotifier
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, CronPartitionTimetable

ROOT = Path(__file__).resolve().parent.parent
# Each run has a day, as its partition; assets hand it on, so that seven days that are filled in again stay seven runs.
# A run that somebody starts by hand without one works on the day of its logical date.
DAY_FORMAT = "%Y-%m-%d"
DAY = "{{ dag_run.partition_key or ds }}"

READINGS_CHECKED = Asset("readings_checked")
ALARMS_PROVEN = Asset("alarms_proven")
LIMITS_SETTLED = Asset("limits_settled")  # new ones published, or the old ones kept
REPORTS_REFRESHED = Asset("reports_refreshed")

TELL_ENGINEERS = SmtpNotifier(
    to="{{ var.value.engineers }}",
    subject="Wardwatch: {{ ti.dag_id }}.{{ ti.task_id }} failed for {{ dag_run.partition_key or run_id }}",
    html_content="<p>{{ ti.task.doc_md }}</p><p>{{ exception }}</p>"
    '<p><a href="{{ ti.log_url }}">The log</a> says more; the text of the DAG says what to do.</p>',
)
# Of each DAG: `default_args=DEFAULTS`, and beside it what a reader must see: schedule, catchup, runs at once. There is
# no start date: with one, a new system would begin with yesterday's night, on an empty lake.
DEFAULTS: dict[str, Any] = {
    "owner": "data-engineers",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": [TELL_ENGINEERS],
}


def each_night(cron: str) -> CronPartitionTimetable:
    """Return the schedule of a DAG that works at night on the day before."""
    return CronPartitionTimetable(cron, timezone="UTC", run_offset=-1, key_format=DAY_FORMAT)


def command(task_id: str, arguments: str, *, if_it_fails: str, **more: Any) -> BashOperator:
    """Return a task that runs a command of the platform in the platform's environment.

    Parameters
    ----------
    arguments
        What a person would write behind ``python -m``; may hold Jinja.
    if_it_fails
        One line that says what to do: the last one of the log, and what the mail says.
    more
        For the operator.
    """
    advice = shlex.quote(f"what to do: {if_it_fails}")
    return BashOperator(
        task_id=task_id,
        bash_command=f".venv/bin/python -m {arguments} || {{ code=$?; echo {advice} >&2; exit $code; }}",
        cwd=str(ROOT),
        output_processor=json.loads,  # the last line of each job is its summary
        doc_md=if_it_fails,
        **more,
    )


def job(task_id: str, arguments: str, *, if_it_fails: str, **more: Any) -> BashOperator:
    """Return a task that runs a job of the night on the day of the run."""
    return command(task_id, f"{arguments} --date {DAY}", if_it_fails=if_it_fails, **more)
