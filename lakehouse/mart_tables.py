"""The marts: daily tables in PostgreSQL, schema `mart`, from which managers' reports are drawn.

Everything here can be built again from the lake and from Cassandra; nothing is kept here alone. `day` is a UTC date.
"""

from __future__ import annotations

from typing import Final

from lakehouse import columns as c
from lakehouse import mart_columns as m
from lakehouse.contract import MartTable

# Ward, bed, value and limit are those of the onset; the priority is the highest that the alert reached.
ALARM_EPISODES: Final = MartTable(
    name="alarm_episodes",
    doc="Each alert as one row, on the day on which its onset landed; a later day that tells its end completes it.",
    columns=(
        c.DAY, c.ALERT_ID, c.PATIENT_ID, c.WARD_ID, c.BED, c.CONDITION.required(), c.PRIORITY.required(), c.VALUE,
        c.LIMIT, c.LIMITS_VERSION, c.ONSET_AT, m.RAISED_AT, c.CLOSED_AT, m.ENDED_BY, m.IN_ALARM_S, m.ACKNOWLEDGED_AT,
        c.ACKNOWLEDGED_BY, m.TO_ACKNOWLEDGE_S, c.ESCALATION, m.NON_ACTIONABLE,
    ),
    key=("day", "alert_id"),
)  # fmt: skip

ALARM_BURDEN_DAILY: Final = MartTable(
    name="alarm_burden_daily",
    doc="How many alarms a patient had of each condition and priority, how long, and what people made of them.",
    columns=(
        c.DAY, c.PATIENT_ID, c.WARD_ID, c.CONDITION.required(), c.PRIORITY.required(), m.ALARMS, m.OPEN_ALARMS,
        m.IN_ALARM_S.required(), m.NOT_ACKNOWLEDGED_ALARMS, m.NOT_ACKNOWLEDGED_PCT, m.MEDIAN_TO_ACKNOWLEDGE_S,
        m.NON_ACTIONABLE_ALARMS, m.NON_ACTIONABLE_PCT,
    ),
    key=("day", "patient_id", "ward_id", "condition", "priority"),
)  # fmt: skip

PATIENTS_MOST_ALARMS: Final = MartTable(
    name="patients_most_alarms",
    doc="The twenty patients of a day with the most alarms: where to look first.",
    columns=(
        c.DAY, m.RANK, c.PATIENT_ID, c.WARD_ID, m.ALARMS, m.HIGH_ALARMS, m.NON_ACTIONABLE_ALARMS,
        m.IN_ALARM_S.required(), m.TOP_CONDITION,
    ),
    key=("day", "rank"),
)  # fmt: skip

PATIENT_DAYS: Final = MartTable(
    name="patient_days",
    doc="The patients of a day, also those without an alarm, in their last ward: what alarms are held against.",
    columns=(
        c.DAY, c.PATIENT_ID, c.WARD_ID, m.ALARMS, m.HIGH_ALARMS, m.NON_ACTIONABLE_ALARMS, m.IN_ALARM_S.required(),
        m.IN_TOP_TENTH,
    ),
    key=("day", "patient_id"),
)  # fmt: skip

# Every condition and priority of the day stands in every ward, with 0 alarms where it had none: only so can alarms a
# patient-day be summed up over any choice of wards, conditions and priorities.
WARD_BURDEN_DAILY: Final = MartTable(
    name="ward_burden_daily",
    doc="How many alarms a ward had of each condition and priority, beside how many patients it had.",
    columns=(
        c.DAY, c.WARD_ID, c.CONDITION.required(), c.PRIORITY.required(), m.PATIENT_DAYS, m.ALARMS,
        m.NON_ACTIONABLE_ALARMS, m.NOT_ACKNOWLEDGED_ALARMS,
    ),
    key=("day", "ward_id", "condition", "priority"),
)  # fmt: skip

ALARM_HOURS_DAILY: Final = MartTable(
    name="alarm_hours_daily",
    doc="At which hours of the day a ward was alarmed.",
    columns=(c.DAY, c.WARD_ID, m.HOUR, c.PRIORITY.required(), m.ALARMS),
    key=("day", "ward_id", "hour", "priority"),
)

LIMITS_HISTORY: Final = MartTable(
    name="limits_history",
    doc="Who changed which limit, when and why, also in vain: a row is one condition of one `limits` message.",
    columns=(
        c.DAY, c.PARTITION, c.OFFSET, c.CONDITION.required(), c.RECEIVED_AT, c.PATIENT_ID, c.WARD_ID, c.AUTHOR,
        c.VERSION, m.MEDIUM_LIMIT, m.HIGH_LIMIT, c.REASON, c.EXPIRES_AT, m.REJECTED_FOR,
    ),
    key=("day", "partition", "offset", "condition"),
)  # fmt: skip

LIMITS_EFFECT: Final = MartTable(
    name="limits_effect",
    doc="What personal limits changed: the alarms of a condition a patient-day, with the old limits and the new.",
    columns=(
        c.DAY, m.SOURCE, c.PATIENT_ID, c.WARD_ID, c.CONDITION.required(), m.DAYS_BEFORE, m.DAYS_AFTER, m.BEFORE,
        m.AFTER, m.IN_ALARM_BEFORE_S, m.IN_ALARM_AFTER_S, m.EVENTS_MISSED, m.LEAD_CHANGE_S,
    ),
    key=("day", "source", "patient_id", "condition"),
)  # fmt: skip

LIMIT_DECISIONS: Final = MartTable(
    name="limit_decisions",
    doc="What the nightly calibration wanted to change, and what the gate and people made of it.",
    columns=(
        c.DAY, c.PATIENT_ID, c.WARD_ID, c.CONDITION.required(), c.DECISION, c.OLD_LIMIT, c.NEW_LIMIT,
        c.REASON.required(), c.LARGE, m.VERDICT, c.REFUSAL,
    ),
    key=("day", "patient_id", "condition"),
)  # fmt: skip

QUALITY_DAILY: Final = MartTable(
    name="quality_daily",
    doc="Each expectation of the quality gate, and whether the day met it.",
    columns=(
        c.DAY, m.TABLE_NAME, m.EXPECTATION, m.JUDGED_COLUMN, c.WARD_ID.optional(), m.SEVERITY, m.SUCCESS, m.OBSERVED,
        m.THRESHOLD, m.UNEXPECTED_COUNT, m.TOTAL_COUNT, c.DETAIL,
    ),
    key=("day", "table_name", "expectation", "column", "ward_id"),
)  # fmt: skip

PROOF_DAILY: Final = MartTable(
    name="proof_daily",
    doc="Whether the alarms of a day are what the log calls for: the fold again, compared with what was raised.",
    columns=(
        c.DAY, m.PROVEN, m.FOLDED_ENTRIES, m.RAISED_EVENTS, m.MISSING_EVENTS, m.EXTRA_EVENTS, m.DIFFERENT_EVENTS,
    ),
    key=("day",),
)  # fmt: skip

VITALS_DAILY: Final = MartTable(
    name="vitals_daily",
    doc="What was measured of each patient on the day, in chart steps: each vital sign, and NEWS2 of each full hour.",
    columns=(
        c.DAY, c.PATIENT_ID, c.WARD_ID, m.VITAL, m.UNIT, m.VALUES, m.LOWEST, m.HIGHEST, m.MEAN, m.MEDIAN,
    ),
    key=("day", "patient_id", "vital"),
)  # fmt: skip

LATENCY_DAILY: Final = MartTable(
    name="latency_daily",
    doc="How long each hop took, from what the stores keep of both of its ends.",
    columns=(c.DAY, m.HOP, m.EXPLANATION, m.MEASUREMENTS, m.P50_MS, m.P95_MS, m.P99_MS, m.LONGEST_MS),
    key=("day", "hop"),
)

DELIVERY_DAILY: Final = MartTable(
    name="delivery_daily",
    doc="What each recipient was told by mail about the events of a day, and what did not get through.",
    columns=(
        c.DAY, c.RECIPIENT, m.TOLD_EVENTS, m.MAILS, m.SENT_MAILS, m.DIGESTS, m.WAITING_MAILS, m.DEAD_LETTERS, m.TRIES,
    ),
    key=("day", "recipient"),
)  # fmt: skip

MARTS: Final = {
    table.name: table
    for table in (
        ALARM_EPISODES, ALARM_BURDEN_DAILY, PATIENTS_MOST_ALARMS, PATIENT_DAYS, WARD_BURDEN_DAILY, ALARM_HOURS_DAILY,
        LIMITS_HISTORY, LIMITS_EFFECT, LIMIT_DECISIONS, QUALITY_DAILY, PROOF_DAILY, VITALS_DAILY, LATENCY_DAILY,
        DELIVERY_DAILY,
    )
}  # fmt: skip
