"""Columns that only marts have; what they share with the other stores is in `lakehouse.columns`.

Numbers are named with their unit. A value of a vital or of a condition is in the unit of that vital or condition.
"""

from __future__ import annotations

from typing import Final

from lakehouse.contract import Column

_PCT: Final = (0.0, 100.0)
_COUNT: Final = (0.0, 2.0**62)


def _count(name: str, doc: str) -> Column:
    return Column(name, "int64", doc, possible=_COUNT)


def _seconds(name: str, doc: str) -> Column:
    return Column(name, "float64", doc, nullable=True, unit="s")


# Episodes of alarms. Times are those of the log (received_at), so they are of one clock.
RAISED_AT: Final = Column("raised_at", "timestamp", "When the alarm was raised: its condition had lasted long enough.")
ENDED_BY: Final = Column("ended_by", "text", "clear or discharge; null while the alert is open.", nullable=True)
IN_ALARM_S: Final = _seconds("in_alarm_s", "From raised to closed, of alerts that are closed.")
ACKNOWLEDGED_AT: Final = Column("acknowledged_at", "timestamp", "First acknowledgement by a person.", nullable=True)
TO_ACKNOWLEDGE_S: Final = _seconds("to_acknowledge_s", "From raised to the first acknowledgement.")
NON_ACTIONABLE: Final = Column(
    "non_actionable", "bool", "It cleared by itself within 120 s of being raised, and nobody had acknowledged it."
)

# How many alarms, how long, and what people made of them.
ALARMS: Final = _count("alarms", "Alerts raised on this day.")
OPEN_ALARMS: Final = _count("open_alarms", "Of the alarms, those that are open still: their time in alarm is unknown.")
HIGH_ALARMS: Final = _count("high_alarms", "Of the alarms, those that reached high priority.")
NON_ACTIONABLE_ALARMS: Final = _count(
    "non_actionable_alarms", "Of the alarms, those that cleared by themselves within 120 s, unacknowledged."
)
NON_ACTIONABLE_PCT: Final = Column(
    "non_actionable_pct", "float64", "Share of the alarms that were non-actionable.", unit="%", possible=_PCT
)
NOT_ACKNOWLEDGED_ALARMS: Final = _count("not_acknowledged_alarms", "Of the alarms, those that nobody acknowledged.")
NOT_ACKNOWLEDGED_PCT: Final = Column(
    "not_acknowledged_pct", "float64", "Share of the alarms that nobody acknowledged.", unit="%", possible=_PCT
)
MEDIAN_TO_ACKNOWLEDGE_S: Final = _seconds(
    "median_to_acknowledge_s", "Median time from raised to acknowledged, of those that were."
)
IN_TOP_TENTH: Final = Column(
    "in_top_tenth", "bool", "Whether the patient is of the tenth of the day's patients, at least one, with most alarms."
)
PATIENT_DAYS: Final = _count(
    "patient_days", "Patients of the ward on that day of whom anything was measured or raised; the same in each row."
)
HOUR: Final = Column("hour", "int32", "Hour of the day, UTC.", possible=(0, 23))
RANK: Final = Column("rank", "int32", "1 = the patient with the most alarms of the day.", possible=(1, 1_000_000))
TOP_CONDITION: Final = Column("top_condition", "text", "The condition with the most alarms of this patient.")

# Limits.
MEDIUM_LIMIT: Final = Column("medium_limit", "float64", "Limit of medium priority; null = the default.", nullable=True)
HIGH_LIMIT: Final = Column("high_limit", "float64", "Limit of high priority; null = the default.", nullable=True)
REJECTED_FOR: Final = Column("rejected_for", "text", "Why the limits were refused; null = accepted.", nullable=True)
SOURCE: Final = Column(
    "source", "text", "real: counted after the change; backtest: the same past days folded with old and new limits."
)
DAYS_BEFORE: Final = _count("days_before", "Days on which the patient was monitored with the old limits.")
DAYS_AFTER: Final = _count("days_after", "Days on which the patient was monitored with the new limits.")
BEFORE: Final = Column(
    "alarms_before_per_patient_day", "float64", "Alarms of this condition a day, old limits.", unit="/d"
)
AFTER: Final = Column(
    "alarms_after_per_patient_day", "float64", "Alarms of this condition a day, new limits.", unit="/d"
)
IN_ALARM_BEFORE_S: Final = _seconds("in_alarm_before_s", "Seconds in alarm a day, old limits.")
IN_ALARM_AFTER_S: Final = _seconds("in_alarm_after_s", "Seconds in alarm a day, new limits.")
EVENTS_MISSED: Final = Column(
    "events_missed", "int64", "Sustained events that only the old limits found; of a backtest.", True, possible=_COUNT
)
LEAD_CHANGE_S: Final = _seconds("lead_change_s", "How much earlier the new limits warned; below 0 = later.")
VERDICT: Final = Column(
    "verdict",
    "text",
    "published, refused by the gate, rolled back, or not in force: not approved, patient gone, or a later night first.",
)

# Quality and proof.
TABLE_NAME: Final = Column("table_name", "text", "The table that was judged.")
EXPECTATION: Final = Column("expectation", "text", "What was expected of it.")
JUDGED_COLUMN: Final = Column("column", "text", "Of which column; null = of the table as a whole.", nullable=True)
SEVERITY: Final = Column("severity", "text", "stop: what depends on the table does not run; warn: it does.")
SUCCESS: Final = Column("success", "bool", "Whether it was met.")
OBSERVED: Final = Column("observed", "float64", "The number that was found.", nullable=True)
THRESHOLD: Final = Column("threshold", "float64", "The number with which it was compared.", nullable=True)
UNEXPECTED_COUNT: Final = _count("unexpected_count", "Rows, devices or patients that did not meet it.")
TOTAL_COUNT: Final = _count("total_count", "Rows, devices or patients that were judged.")
PROVEN: Final = Column("proven", "bool", "Whether every alert event is what the fold makes of the log.")
FOLDED_ENTRIES: Final = _count("folded_entries", "Entries of the log that were folded again.")
RAISED_EVENTS: Final = _count("raised_events", "Alert events that the speed layer raised.")
MISSING_EVENTS: Final = _count("missing_events", "Events that the log calls for and that were not raised.")
EXTRA_EVENTS: Final = _count("extra_events", "Events that were raised and that the log does not call for.")
DIFFERENT_EVENTS: Final = _count("different_events", "Events that were raised otherwise than the log calls for.")

# Vital signs.
VITAL: Final = Column("vital", "text", "Vital sign, as clinical.vitals names it; in reports also news2, the score.")
UNIT: Final = Column("unit", "text", "UCUM unit of the values.")
VALUES: Final = _count("values_count", "Values within what is possible for the vital; all others are left out.")
LOWEST: Final = Column("lowest_value", "float64", "Lowest value.")
HIGHEST: Final = Column("highest_value", "float64", "Highest value.")
MEAN: Final = Column("mean_value", "float64", "Mean of the values.")
MEDIAN: Final = Column("median_value", "float64", "Median of the values.")

# Latency and mail.
HOP: Final = Column("hop", "text", "From where to where, for example measured_to_received.")
EXPLANATION: Final = Column("explanation", "text", "What the hop measures, and what it cannot tell.")
MEASUREMENTS: Final = _count("measurements", "How many times of this hop were measured.")


def _ms(name: str, doc: str) -> Column:
    return Column(name, "float64", doc, unit="ms")


P50_MS: Final = _ms("p50_ms", "Half of them were at most this long.")
P95_MS: Final = _ms("p95_ms", "95 of 100 were at most this long.")
P99_MS: Final = _ms("p99_ms", "99 of 100 were at most this long.")
LONGEST_MS: Final = _ms("longest_ms", "The longest.")
TOLD_EVENTS: Final = _count("told_events", "Alert events about which the recipient was to be told.")
MAILS: Final = _count("mails", "Mails about them: single ones and digests.")
SENT_MAILS: Final = _count("sent_mails", "Of the mails, those that the mail server took.")
DIGESTS: Final = _count("digests", "Of the mails, those that list many events.")
WAITING_MAILS: Final = _count("waiting_mails", "Of the mails, those neither sent nor given up.")
DEAD_LETTERS: Final = _count(
    "dead_letters", "Mails that were given up; of the empty recipient: records of the topic that nobody could read."
)
TRIES: Final = _count("tries", "How often sending was tried, all mails together.")
