"""New personal limits: proposed, tried out, judged, approved where they are large, and published."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param, PartitionedAssetTimetable, chain, task

from conventions import ALARMS_PROVEN, DAY, DAY_FORMAT, DEFAULTS, LIMITS_SETTLED, job

DOCS = """
### recalibrate_limits

Proposes limits from each patient's clean readings, within the policy; tries old and new ones on past days; refuses per
patient what would lose or delay an alarm; has a person approve the large changes; publishes the rest of the way as
`limits` messages, which take effect from that message on.

**Approval**: as the user `approver`, by Required Actions in the menu or the task `approve`. The table shows old and new
limits, and why. Whoever is named in `keep_old` keeps all of the old limits, up to their end. What is published of a
large change says who approved it. Patients whose values drift towards a hard bound stand below the table; their limits
are not loosened, and they ask for no approval.

Nobody answers by 06:00 UTC of the morning after: nothing is published, the old limits stay, and the reports are made.
To publish them later, on a clinician's word: `.venv/bin/python -m batch publish --date D --by NAME`, and
`--keep-old ID,ID` for who keeps the old ones.

**When a task fails** the old limits stay; after a second morning without new ones they run out, back to the defaults.
- `recalibrate`: the log says what was missing. A store that was away: clear it. The day is not proven, or the state at
  its end is not kept: clear `prove_alarms` of that day, which starts this anew; differences are explained first.
- `check_proposals`: a proposal breaks the policy. Leave it failed and tell the developers: this must not happen.
- `publish`: clear it; what has been published is recognised and not written twice. Where `keep_old` names somebody for
  whom nothing was proposed, nothing is published: clear `approve` for another answer; after 06:00 see above.
- `approve`: cleared before 06:00 it asks once more. Later it waits a second and takes that for a no.

**To undo it**: `.venv/bin/python -m batch publish --roll-back --date D` goes back by one version: for all who got new
limits that night, or with `--patient` or `--ward` for some.

Owner: data engineers; approval by clinicians.
"""
ANSWER_BY = timedelta(days=1, hours=6)  # after the day has begun: 06:00 UTC of the morning after
RECALIBRATED = "ti.xcom_pull(task_ids='recalibrate')"
QUESTION = "Large changes of limits, from the day " + DAY + ": {{ " + RECALIBRATED + "['large_changes'] }}"
TABLE = (
    "{{ " + RECALIBRATED + "['table'] }}\n\nApprove publishes these and the small ones; Reject keeps the old limits."
)
ANSWER = "(ti.xcom_pull(task_ids='approve') or {})"  # none where nobody was asked


def wait_until_the_morning(context: Any) -> None:
    """Let the approval end at 06:00; on a day that is filled in later that is at once, with the old limits."""
    day = datetime.strptime(context["dag_run"].partition_key or context["ds"], DAY_FORMAT).replace(tzinfo=UTC)
    left = day + ANSWER_BY - datetime.now(UTC)
    context["task"].response_timeout = max(left, timedelta(seconds=1))


with DAG(
    dag_id="recalibrate_limits",
    doc_md=DOCS,
    schedule=PartitionedAssetTimetable(assets=ALARMS_PROVEN),
    catchup=False,
    max_active_runs=1,  # each night starts from the limits of the one before
    default_args=DEFAULTS,
    tags=["night", "limits"],
) as dag:
    recalibrate = job(
        "recalibrate",
        "batch recalibrate",
        if_it_fails="the old limits stay; the error above says what was missing; put it right and clear the task",
        execution_timeout=timedelta(hours=2),
    )
    check_proposals = job(
        "check_proposals",
        "quality check limits_proposed",
        if_it_fails="the old limits stay; a proposal breaks the policy: leave it failed and tell the developers",
    )

    @task.branch(doc_md="Asks a person only where there is something to ask.")  # type: ignore[untyped-decorator]
    def large_changes(ti: Any) -> str:
        """Choose between asking and publishing at once."""
        return "approve" if ti.xcom_pull(task_ids="recalibrate")["large_changes"] else "publish"

    approve = ApprovalOperator(
        task_id="approve",
        subject=QUESTION,
        body=TABLE,
        defaults=ApprovalOperator.REJECT,
        response_timeout=ANSWER_BY,  # at most; shortened when it is asked
        pre_execute=wait_until_the_morning,
        params={
            "keep_old": Param(
                "",
                type=["null", "string"],  # without null Airflow's page lets nobody answer who leaves it empty
                title="Patients who keep their old limits",
                description="Their ids, with commas between.",
            )
        },
        doc_md="Waits for a clinician until 06:00. If it fails, the old limits stay; cleared before, it asks again.",
        retries=0,
    )
    publish = job(
        "publish",
        'batch publish --by "$APPROVED_BY" --keep-old "$KEEP_OLD"',
        if_it_fails="some limits may be out, the others are as before; clear the task, it publishes none twice",
        # Not written into the command: what a person has typed is no text for a shell.
        env={
            "APPROVED_BY": "{{ " + ANSWER + ".get('responded_by_user', {}).get('name', '') }}",
            "KEEP_OLD": "{{ (" + ANSWER + ".get('params_input') or {}).get('keep_old') or '' }}",
        },
        append_env=True,
        trigger_rule="none_failed",
    )
    settled = EmptyOperator(
        task_id="settled",
        outlets=[LIMITS_SETTLED],
        trigger_rule="none_failed",
        doc_md="Limits are new or knowingly the old ones: the reports may be made.",
    )
    asked = large_changes()
    chain(recalibrate, check_proposals, asked, approve, publish, settled)
    chain(asked, publish)
