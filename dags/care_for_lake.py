"""Housekeeping of the lake: small, sorted files, and nothing older than its retention."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from conventions import DEFAULTS, each_night, job

DOCS = """
### care_for_lake

Rewrites the day that has ended sorted by patient and time, deletes what is older than the retention of its table, and
the files that were replaced.

**When it fails** nothing is lost: a table is changed in one commit or not at all. Reads are slower and the disk fuller.
1. HDFS away or full: make room, clear the task.
2. "Changed by somebody else": a late commit of landing; the next attempt succeeds.

Owner: data engineers.
"""

with DAG(
    dag_id="care_for_lake",
    doc_md=DOCS,
    schedule=each_night("0 4 * * *"),  # when the night has read what it needs
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["night", "lake"],
) as dag:
    job(
        "care",
        "batch care",
        if_it_fails="nothing is lost; see whether HDFS answers and has room, then clear the task",
        retries=3,
        execution_timeout=timedelta(hours=3),
    )
