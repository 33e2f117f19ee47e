"""The gate of the night: nothing is learned from a day that has not passed it."""

from __future__ import annotations

from airflow.sdk import DAG, chain

from conventions import DEFAULTS, READINGS_CHECKED, each_night, job

DOCS = """
### check_readings

Judges the day that has just ended, as it landed in the lake: schema, ranges, completeness per patient, duplicates,
lateness, quarantine, silent devices. Findings go to the mart `quality_daily` and to the Data Docs in the run folder.

**When a task fails** nothing behind it runs: no proof, no new limits, yesterday's reports stay. The ward is watched on.
1. Read the last lines of the log: each finding is one sentence with what was found and what was expected.
2. Bad data: leave the task failed. The day moves no limit. Speak with those who own the devices that are named.
3. Data that landed late, or a store that was away: clear the task. It judges again and replaces its findings.

**Fill in days again**: `airflow backfill create --dag-id check_readings --from-date A --to-date B`; the DAGs behind it
follow for each day by themselves. **One day by hand**: trigger it with that day, as `2026-01-31`, for partition key.

Owner: data engineers.
"""

with DAG(
    dag_id="check_readings",
    doc_md=DOCS,
    schedule=each_night("0 1 * * *"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["night", "quality"],
) as dag:
    chain(
        job(
            "check_readings",
            "quality check readings",
            if_it_fails="read the findings above; bad data: leave it failed; late data or a store away: clear the task",
            retries=0,  # a verdict stays the same
        ),
        job(
            "check_entries",
            "quality check entries",
            if_it_fails="read the findings above; bad data: leave it failed; late data or a store away: clear the task",
            retries=0,  # a verdict stays the same
            outlets=[READINGS_CHECKED],
        ),
    )
