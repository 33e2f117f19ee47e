"""Every column of every table, each declared once. Tables choose from here (`lakehouse.tables`)."""

from __future__ import annotations

from typing import Final

from clinical.vitals import CONSCIOUSNESS, ON_OXYGEN, SENSED, TEMPERATURE, Vital
from lakehouse.contract import Column

# Who and where.
PATIENT_ID: Final = Column("patient_id", "text", "Pseudonymous id of the patient; the system holds no names.")
DEVICE_ID: Final = Column("device_id", "text", "The device that measured; empty where the sender did not say.")
WARD_ID: Final = Column("ward_id", "text", "Ward in which the patient lay at that time.")
BED: Final = Column("bed", "text", "Bed in which the patient lay at that time.", nullable=True)
FROM_WARD_ID: Final = Column(
    "from_ward_id", "text", "Of a transfer: the ward in which the alert was shown until now.", nullable=True
)

# Clocks: always UTC.
MEASURED_AT: Final = Column("measured_at", "timestamp", "When it was measured, by the device's clock, to 0.1 s.")
RECEIVED_AT: Final = Column("received_at", "timestamp", "When the log received it, by the broker's clock, to 0.1 s.")
ANNOUNCED_AT: Final = Column(
    "announced_at", "timestamp", "When the log `alerts` had the event, by the broker's clock: it is stored then.", True
)
LANDED_DATE: Final = Column("landed_date", "date", "UTC day of the batch that landed the row, taken from its records.")
PERIOD_S: Final = Column("period_s", "float64", "How often the device measures.", unit="s", possible=(0, 86_400))

# Place in the log.
TOPIC: Final = Column("topic", "text", "Kafka topic of the record.")
PARTITION: Final = Column("partition", "int32", "Kafka partition of the record.", possible=(0, 1023))
OFFSET: Final = Column("offset", "int64", "Offset of the record in its partition: the order in which it was folded.")
KEY: Final = Column("key", "bytes", "Key of the record.", nullable=True)
KIND: Final = Column("kind", "text", "Kind of the message, as lakehouse.messages names it.")
BODY: Final = Column("body", "text", "The message, as JSON.")
RAW_TEXT: Final = Column(
    "raw", "text", "The message as it was sent, where it had fields that this version does not know.", nullable=True
)
RAW_BYTES: Final = Column("raw_bytes", "bytes", "The record's value, byte for byte.", nullable=True)
REASON: Final = Column("reason", "text", "Why, in words.", nullable=True)


def vital_column(vital: Vital) -> Column:
    """Return how the lake keeps a vital sign (`lakehouse.packing` says why so).

    Returns
    -------
    Column
        Whole part as int16; temperature in tenths, since it nearly always has them; consciousness as the place in
        ACVPU; oxygen as a boolean. Null = not measured. A value outside the possible range is kept as it came.
    """
    low, high = vital.possible
    if vital is TEMPERATURE:
        doc = f"{vital.label.capitalize()} in tenths of a degree."
        return Column("temperature_tenths_c", "int16", doc, True, "dCel", (low * 10, high * 10))
    if vital is CONSCIOUSNESS:
        doc = "Place in ACVPU: 0 alert to 4 unresponsive."
        return Column(vital.name, "int8", doc, True, vital.unit, vital.possible)
    if vital is ON_OXYGEN:
        return Column(vital.name, "bool", "Whether supplemental oxygen is given.", True, vital.unit)
    doc = f"{vital.label[0].upper()}{vital.label[1:]}, whole part; tenths are in `tenths`."
    return Column(vital.name, "int16", doc, True, vital.unit, vital.possible)


VITAL_COLUMNS: Final = tuple(vital_column(vital) for vital in (*SENSED, CONSCIOUSNESS, ON_OXYGEN))
TENTHS: Final = Column(
    "tenths", "int64", "Tenths of the vitals, 4 bits each in catalogue order; null where all are zero.", nullable=True
)

# Alerts.
ALERT_ID: Final = Column("alert_id", "text", "Derived from patient, condition and onset, so a repetition has the same.")
EVENT_ID: Final = Column("event_id", "text", "Derived from the alert and its step, so a repetition has the same.")
CONDITION: Final = Column("condition", "text", "Alarm condition, as clinical.conditions names it.", nullable=True)
STEP: Final = Column("step", "text", "Step in the life of an alert: onset, worsen, ease, acknowledge, ... clear.")
PRIORITY: Final = Column("priority", "text", "low, medium or high.", nullable=True)
VALUE: Final = Column("value", "float64", "The value that decided, in the unit of its condition.", nullable=True)
LIMIT: Final = Column("limit", "float64", "The limit that was crossed, in the unit of its condition.", nullable=True)
LIMITS_VERSION: Final = Column("limits_version", "int64", "Version of the limits that applied; 0 = defaults.")
ONSET_AT: Final = Column("onset_at", "timestamp", "When the condition had lasted for its delay and became an alert.")
ESCALATION: Final = Column("escalation", "int32", "How often the alert was passed on because nobody acknowledged it.")
SILENCED_UNTIL: Final = Column("silenced_until", "timestamp", "End of the silence, if there is one.", nullable=True)
ACKNOWLEDGED: Final = Column("acknowledged", "bool", "Whether a person has acknowledged the alert.")
BY: Final = Column("by", "text", "Who did it.", nullable=True)
ACKNOWLEDGED_BY: Final = Column("acknowledged_by", "text", "Who acknowledged the alert.", nullable=True)
CLOSED_AT: Final = Column("closed_at", "timestamp", "When the alert ended; null while it is open.", nullable=True)
MISSING: Final = Column(
    "missing", "text_list", "NEWS2 parameters without a fresh value: the score is a lower bound.", nullable=True
)

# Limits.
VERSION: Final = Column("version", "int64", "Grows with each change of the same author's layer.", possible=(0, 2**62))
AUTHOR: Final = Column("author", "text", "Who set the limits: `recalibration` or a clinician.")
LIMITS: Final = Column("limits", "text", "JSON: condition -> [medium, high]; null = the default of that level.")
EXPIRES_AT: Final = Column("expires_at", "timestamp", "When these limits end; null = never.", nullable=True)

# The board.
WRITTEN_AT: Final = Column("written_at", "timestamp", "When the speed layer wrote the row.")
LANE: Final = Column("lane", "text", "The partitions whose patients the row is about, for example 0-3.")
BEDS: Final = Column("beds", "text", "JSON: these beds of the ward with latest vitals and score.")

# Mail.
RECIPIENT: Final = Column("recipient", "text", "Mail address.")
MESSAGE_ID: Final = Column("message_id", "text", "Message-ID of the mail: one per event and recipient.")
STATE: Final = Column("state", "text", "claimed, sent, dead, or listed: in the digest of that message_id.")
ATTEMPTS: Final = Column("attempts", "int32", "How often sending was tried.", possible=(0, 1_000_000))
CLAIMED_BY: Final = Column("claimed_by", "text", "The notifier that works on it.", nullable=True)
CLAIMED_AT: Final = Column("claimed_at", "timestamp", "Since when the notifier works on it.", nullable=True)
SENT_AT: Final = Column("sent_at", "timestamp", "When the mail server took it.", nullable=True)
ERROR: Final = Column("error", "text", "The last refusal, in words.", nullable=True)
SUBJECT: Final = Column("subject", "text", "Subject of the mail.", nullable=True)
MAIL: Final = Column("mail", "text", "The mail itself, zlib in base64, where it lists many events.", nullable=True)

# Days of events.
DAY: Final = Column("day", "date", "UTC day of the row.")
AT: Final = Column("at", "timestamp", "When it happened.")
ENTRY_ID: Final = Column("entry_id", "text", "Unique within the day.")
ACTION: Final = Column("action", "text", "What was asked for.")
DETAIL: Final = Column("detail", "text", "Particulars, as JSON or in words; no free text of patients.", nullable=True)
OUTCOME: Final = Column("outcome", "text", "accepted, or why it was refused.")

# Proof.
STORE: Final = Column("store", "text", "Where an alert event differs: lake or cassandra.")
FAULT: Final = Column("fault", "text", "missing, extra or different, as against what the log says.")

# Erasure.
ERASED_AT: Final = Column("erased_at", "timestamp", "When everything about a patient was erased.")
PATIENT_DIGEST: Final = Column("patient_digest", "text", "SHA-256 of the patient's id: tells who asks, names nobody.")
ROWS_ERASED: Final = Column("rows_erased", "int64", "How many rows were erased, in all stores.", possible=(0, 2**62))

# Calibration. Values are in the unit of their vital or condition.
READINGS: Final = Column("readings", "int64", "How many clean values there are.", possible=(0, 2**62))
FIRST_AT: Final = Column("first_at", "timestamp", "When the first of them was measured.")
LAST_AT: Final = Column("last_at", "timestamp", "When the last of them was measured.")
SPREAD: Final = Column("spread", "float64", "Spread of the clean values on the side of the condition.", nullable=True)
VALUES: Final = Column("values", "bytes", "The values that occurred, ascending, in chart steps, int32 little-endian.")
TIMES: Final = Column("times", "bytes", "How often each of them occurred, int32 little-endian.")
READINGS_VERSION: Final = Column("readings_version", "int64", "Version of the lake's readings that this is made from.")
DECISION: Final = Column("decision", "text", "loosened, tightened or unchanged, as against the limit in force.")
OLD_LIMIT: Final = Column("old_limit", "float64", "Medium-priority limit of the nightly layer that was in force.")
NEW_LIMIT: Final = Column("new_limit", "float64", "Medium-priority limit that is proposed.")
LARGE: Final = Column("large", "bool", "Whether a person looks at the change before it is published.")
REFUSAL: Final = Column(
    "refusal", "text", "Why the gate refused the patient's limits; null = it did not.", nullable=True
)
DRIFTS: Final = Column("drifts", "bool", "Whether the nightly median drifts towards the hard bound.")
BACKTEST_DAYS: Final = Column("backtest_days", "int64", "Days on which the limits were tried out.", possible=(0, 1000))
POLICY: Final = Column("policy", "text", "Digest of policy and catalogues: the same digest decides the same.")
