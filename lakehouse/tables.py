"""Every table: what it holds, for which question, and for how long.

Lake tables are Delta tables on HDFS, partitioned by the day on which a row landed: a closed day gets no more rows, so
its nightly rewrite races with nobody. Cassandra tables are made for one query each; no index,
and no ALLOW FILTERING but that of the nightly proof.

The tables of alerts hold the latest state. They are written with ``USING TIMESTAMP`` taken from the event, so that a
repeated or a late write (the standby after the lane) never takes a state back.
"""

from __future__ import annotations

from typing import Final

from lakehouse import columns as c
from lakehouse import mart_columns as m
from lakehouse.contract import CassandraTable, LakeTable

NO_WARD: Final = "unassigned"  # the ward of a patient whom no admission has placed
REFUSED: Final = "refused"  # the alert_id of an event that belongs to no alert

# ---------------------------------------------------------------------------------------------------------- the lake

_LOG_ORDER: Final = ("partition", "offset")

READINGS: Final = LakeTable(
    name="readings",
    doc="What devices measured: a row is one reading, its vitals side by side.",
    columns=(
        c.LANDED_DATE, c.PATIENT_ID, c.DEVICE_ID, c.MEASURED_AT, c.RECEIVED_AT, c.PARTITION, c.OFFSET, c.PERIOD_S,
        *c.VITAL_COLUMNS, c.TENTHS, c.RAW_TEXT,
    ),
    partition_by="landed_date",
    sort_by=("patient_id", "measured_at", "offset"),
    dictionary=("patient_id", "device_id", "period_s"),
    retention_days=400,
)  # fmt: skip

ENTRIES: Final = LakeTable(
    name="entries",
    doc="All other messages of the bedside log: findings, limits, commands, admissions, ticks.",
    columns=(c.LANDED_DATE, c.KIND, c.PATIENT_ID.optional(), c.RECEIVED_AT, c.PARTITION, c.OFFSET, c.BODY),
    partition_by="landed_date",
    sort_by=_LOG_ORDER,
    dictionary=("kind", "patient_id", "body"),
    retention_days=400,
)

QUARANTINE: Final = LakeTable(
    name="quarantine",
    doc="Records that broke their contract, byte for byte, and which rule they broke.",
    columns=(
        c.LANDED_DATE, c.RECEIVED_AT, c.TOPIC, c.PARTITION, c.OFFSET, c.KEY, c.RAW_BYTES, c.REASON.required(),
    ),
    partition_by="landed_date",
    sort_by=("topic", "partition", "offset"),
    dictionary=("topic", "reason"),
    retention_days=90,
)  # fmt: skip

# One event as lakehouse.events.AlertEvent has it; `received_at` is that of the message that caused it.
_EVENT: Final = (
    c.PATIENT_ID, c.WARD_ID.optional(), c.BED, c.FROM_WARD_ID, c.CONDITION, c.STEP, c.PRIORITY, c.VALUE, c.LIMIT,
    c.LIMITS_VERSION, c.ONSET_AT.optional(), c.MEASURED_AT.optional(), c.RECEIVED_AT, c.ESCALATION, c.SILENCED_UNTIL,
    c.ACKNOWLEDGED, c.BY, c.REASON, c.MISSING, c.PARTITION, c.OFFSET,
)  # fmt: skip

LAKE_ALERT_EVENTS: Final = LakeTable(
    name="alert_events",
    doc="Every step in the life of every alert, and every refused command. A repeated event stays one row.",
    columns=(c.LANDED_DATE, c.EVENT_ID, c.ALERT_ID.optional(), *_EVENT, c.ANNOUNCED_AT),
    partition_by="landed_date",
    sort_by=("patient_id", "received_at", "event_id"),
    dictionary=("patient_id", "ward_id", "bed", "condition", "step", "priority", "reason"),
    retention_days=1825,
)

LANDED: Final = (READINGS, ENTRIES, QUARANTINE, LAKE_ALERT_EVENTS)  # the others are written by the night

PROOF: Final = LakeTable(
    name="proof",
    doc="Alert events that a store does not have as the log says; a day that is proven has no rows.",
    columns=(c.DAY, c.STORE, c.FAULT, c.EVENT_ID, c.PATIENT_ID, c.PARTITION.optional(), c.OFFSET.optional(), c.DETAIL),
    partition_by="day",
    sort_by=("event_id", "store"),
    dictionary=("store", "fault"),
    retention_days=1825,
)

ERASURES: Final = LakeTable(
    name="erasures",
    doc="That a patient was erased, and when: what was computed from the rows before can no longer be repeated.",
    columns=(c.DAY, c.ERASED_AT, c.PATIENT_DIGEST, c.ROWS_ERASED),
    partition_by="day",
    sort_by=("erased_at",),
    dictionary=(),
    retention_days=3650,
)

BASELINES: Final = LakeTable(
    name="baselines",
    doc="What was usual for a patient on a day: clean readings of a vital, away from high-priority alerts.",
    columns=(
        c.DAY, c.PATIENT_ID, m.VITAL, c.READINGS, c.FIRST_AT, c.LAST_AT, m.MEDIAN, c.VALUES, c.TIMES, c.READINGS_VERSION
    ),
    partition_by="day",
    sort_by=("patient_id", "vital"),
    dictionary=("patient_id", "vital"),
    retention_days=400,
)  # fmt: skip

LIMITS_PROPOSED: Final = LakeTable(
    name="limits_proposed",
    doc="Every decision of the nightly calibration, also to change nothing: what, why, from what, and by which policy.",
    columns=(
        c.DAY, c.PATIENT_ID, c.WARD_ID.optional(), c.CONDITION.required(), c.DECISION, c.OLD_LIMIT, c.NEW_LIMIT,
        c.REASON.required(), c.LARGE, c.REFUSAL, c.READINGS, m.MEDIAN.optional(), c.SPREAD, c.DRIFTS,
        c.BACKTEST_DAYS, m.BEFORE.optional(), m.AFTER.optional(), m.IN_ALARM_BEFORE_S.optional(),
        m.IN_ALARM_AFTER_S.optional(), m.EVENTS_MISSED, m.LEAD_CHANGE_S.optional(), c.POLICY, c.READINGS_VERSION,
    ),
    partition_by="day",
    sort_by=("patient_id", "condition"),
    dictionary=("patient_id", "ward_id", "condition", "decision", "reason", "refusal", "policy"),
    retention_days=1825,
)  # fmt: skip

LAKE: Final = {table.name: table for table in (*LANDED, PROOF, ERASURES, BASELINES, LIMITS_PROPOSED)}

# --------------------------------------------------------------------------------------------------------- Cassandra

# What is known of an alert now.
_ALERT_STATE: Final = (
    c.CONDITION.required(), c.PRIORITY, c.STEP, c.ESCALATION, c.BED, c.VALUE, c.LIMIT, c.LIMITS_VERSION,
    c.MEASURED_AT.optional(), c.RECEIVED_AT, c.ACKNOWLEDGED, c.ACKNOWLEDGED_BY, c.SILENCED_UNTIL,
)  # fmt: skip

ALERTS_BY_PATIENT: Final = CassandraTable(
    name="alerts_by_patient",
    doc="Latest state of each alert of a patient, the newest alert first.",
    columns=(
        c.PATIENT_ID, c.ONSET_AT, c.ALERT_ID, c.WARD_ID.optional(), *_ALERT_STATE, c.CLOSED_AT, c.REASON,
    ),
    partition_key=("patient_id",),
    clustering=(("onset_at", "DESC"), ("alert_id", "ASC")),
    ttl_days=90,
)  # fmt: skip

ALERT_EVENTS: Final = CassandraTable(
    name="alert_events",
    doc="Every step of a patient's alerts, alert by alert. Refused messages have the alert_id `refused`.",
    columns=(c.ALERT_ID, c.EVENT_ID, *_EVENT),
    partition_key=("patient_id",),
    clustering=(("alert_id", "ASC"), ("event_id", "ASC")),
    ttl_days=90,
)

OPEN_ALERTS_BY_WARD: Final = CassandraTable(
    name="open_alerts_by_ward",
    doc="The alerts that are open in a ward now; a row goes when its alert is closed. NO_WARD holds the unplaced.",
    columns=(c.WARD_ID, c.ALERT_ID, c.PATIENT_ID, c.ONSET_AT, *_ALERT_STATE),
    partition_key=("ward_id",),
    clustering=(("alert_id", "ASC"),),
    ttl_days=None,
    gc_grace_s=3600,
)

WARD_BOARD: Final = CassandraTable(
    name="ward_board",
    doc="The beds of a ward, a document a lane: a row per bed would be thousands of writes a second.",
    columns=(c.WARD_ID, c.LANE, c.WRITTEN_AT, c.BEDS),
    partition_key=("ward_id",),
    clustering=(("lane", "ASC"),),
    ttl_days=7,
)

LIMITS_BY_PATIENT: Final = CassandraTable(
    name="limits_by_patient",
    doc="Every version of a patient's limits, the newest first.",
    columns=(c.PATIENT_ID, c.VERSION, c.AUTHOR, c.LIMITS, c.REASON, c.EXPIRES_AT, c.RECEIVED_AT),
    partition_key=("patient_id",),
    clustering=(("version", "DESC"), ("author", "ASC")),
    ttl_days=400,
)

# One partition for all that one address is told in a day: a digest claims its hundred events in one transaction, where
# a partition per alert would need a hundred. A digest has a row of its own (its event_id is its message_id) with the
# mail's text; the events in it have state `listed` and name it by message_id.
DELIVERIES: Final = CassandraTable(
    name="deliveries",
    doc="Each alert step and recipient: who sends the mail, and whether it went out. Its row is the claim on it.",
    columns=(
        c.RECIPIENT, c.DAY, c.EVENT_ID, c.ALERT_ID.optional(), c.MESSAGE_ID, c.STATE, c.ATTEMPTS, c.CLAIMED_BY,
        c.CLAIMED_AT, c.SENT_AT, c.ERROR, c.SUBJECT, c.MAIL,
    ),
    partition_key=("recipient", "day"),
    clustering=(("event_id", "ASC"),),
    ttl_days=90,
    claims=True,
)  # fmt: skip

DEAD_LETTERS_BY_DAY: Final = CassandraTable(
    name="dead_letters_by_day",
    doc="Mails that could not be delivered and that nobody tries any more.",
    columns=(
        c.DAY, c.AT, c.EVENT_ID, c.RECIPIENT, c.ALERT_ID.optional(), c.MESSAGE_ID, c.ATTEMPTS, c.ERROR, c.SUBJECT,
    ),
    partition_key=("day",),
    clustering=(("at", "ASC"), ("event_id", "ASC"), ("recipient", "ASC")),
    ttl_days=90,
)  # fmt: skip

AUDIT: Final = CassandraTable(
    name="audit",
    doc="What people and jobs asked of the system, and what came of it.",
    columns=(c.DAY, c.AT, c.ENTRY_ID, c.PATIENT_ID.optional(), c.BY.required(), c.ACTION, c.DETAIL, c.OUTCOME),
    partition_key=("day",),
    clustering=(("at", "ASC"), ("entry_id", "ASC")),
    ttl_days=1095,
)

CASSANDRA: Final = {
    table.name: table
    for table in (
        ALERTS_BY_PATIENT, ALERT_EVENTS, OPEN_ALERTS_BY_WARD, WARD_BOARD, LIMITS_BY_PATIENT, DELIVERIES,
        DEAD_LETTERS_BY_DAY, AUDIT,
    )
}  # fmt: skip
