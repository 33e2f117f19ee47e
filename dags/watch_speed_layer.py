"""Is the ward being watched? Asked from outside, every five minutes."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable

from conventions import DEFAULTS, command

DOCS = """
### watch_speed_layer

Looks at what the speed layer leaves behind: the age of the lane's pulse and how far it is behind the log, the age of
the clock's ticks in each partition, how far the lake is behind, and mail that waits or was given up.

**When it fails** patients may not be watched. Each line of the log is one fault.
1. `make status`: what does not run, and what does it say? `make logs NAME=alarms`.
2. The pulse is old and the standby writes: alarms go on, the lane must come back. See `docs/operations.md`.
3. Ticks are old: silent patients are not noticed. `make up` starts what is missing.
4. Mail that waits: the notifier, the mail server or one mailbox does not answer: `make logs NAME=notify`. Mail that was
   given up: `dead_letters_by_day` names address and answer.

It is red and tells you again every five minutes until the cause is gone. Owner: data engineers.
"""

with DAG(
    dag_id="watch_speed_layer",
    doc_md=DOCS,
    schedule=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=4),
    default_args=DEFAULTS,
    tags=["day", "safety"],
) as dag:
    command(
        "watch",
        "batch watch",
        if_it_fails="patients may not be watched: `make status`, then the text of this DAG",
        retries=1,
        retry_delay=timedelta(seconds=20),
        execution_timeout=timedelta(minutes=1),
    )
