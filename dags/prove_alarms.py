"""The proof: the day's log is folded again, and must give the very alarms that were raised."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, PartitionedAssetTimetable

from conventions import ALARMS_PROVEN, DEFAULTS, READINGS_CHECKED, job

DOCS = """
### prove_alarms

Folds the log of the day from the latest state that was kept before it, and compares the alert events that come out
with those that were raised. Expected: 0 missing, 0 extra, 0 different. Each difference is a row of the lake table
`proof`.

**When it fails** the day is unproven, and no limit is moved on its account.
1. Differences: the log names event, patient and place in the log. An alarm that was raised and cannot be explained, or
   was not raised, is an incident: keep the run folder, tell the clinical safety officer, then look for the cause.
2. "None landed": clock or landing was away all day, and nobody can say where the day ends. It stays unproven.
3. "Was kept by another version": prove from the first day of the lake on: `python -m batch prove --from A --to B`.
4. A store that was away: clear the task. A repeated proof replaces its rows.

Owner: data engineers.
"""

with DAG(
    dag_id="prove_alarms",
    doc_md=DOCS,
    schedule=PartitionedAssetTimetable(assets=READINGS_CHECKED),
    catchup=False,
    max_active_runs=1,  # a day's proof begins where the day before has ended
    default_args=DEFAULTS,
    tags=["night", "safety"],
) as dag:
    job(
        "prove_alarms",
        "batch prove",
        if_it_fails="differences above: an incident, keep the run folder; a store away: clear the task",
        retries=1,
        execution_timeout=timedelta(hours=2),
        outlets=[ALARMS_PROVEN],
    )
