"""The reports: daily tables in PostgreSQL, which Superset shows in the morning, and the managers' mail about them."""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable, chain

from conventions import DEFAULTS, LIMITS_SETTLED, REPORTS_REFRESHED, job

DOCS = """
### refresh_reports

Builds the marts of the day (schema `mart` in PostgreSQL: alarm burden, episodes, limits and their effect, latencies,
deliveries, vitals) in one transaction each, judges them, and mails the managers (`WARDWATCH_MANAGERS`) a summary.

**When a task fails** yesterday's reports stay.
- `report`: a store was away. Clear it; a day's rows are replaced, never added.
- `check_marts`: the numbers do not fit together. Superset shows them already: tell its readers
  and the developers. No mail goes out.
- `summary`: the mail server was away, or refused an address, which the log names. Clear it; whoever has the mail
  already gets it once more, with the same Message-ID.

Owner: data engineers.
"""

with DAG(
    dag_id="refresh_reports",
    doc_md=DOCS,
    schedule=PartitionedAssetTimetable(assets=LIMITS_SETTLED),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["night", "reports"],
) as dag:
    chain(
        job("report", "batch report", if_it_fails="yesterday's reports stay; when the store answers, clear the task"),
        job(
            "check_marts",
            "quality check marts",
            if_it_fails="the day's numbers do not fit together: tell the readers of the reports and the developers",
        ),
        job(
            "summary",
            "batch summary",
            if_it_fails="managers have no mail: see what the mail server said above, then clear the task",
            outlets=[REPORTS_REFRESHED],
        ),
    )
