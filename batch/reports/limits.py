"""Who changed which limit, what the night decided and what came of it, and what personal limits changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias

from batch.reports.census import Census
from lakehouse.entries import RECALIBRATION
from lakehouse.lake import Lake
from lakehouse.marts import Marts
from lakehouse.messages import Limits, decode
from lakehouse.tables import ENTRIES, LAKE_ALERT_EVENTS

Row: TypeAlias = dict[str, Any]

NO_CONDITION: Final = "none"  # stands for the condition of a message that names none, and so changes nothing
DAYS_BEFORE: Final = 7

_PLACE: Final = ["partition", "offset"]


def read_limits(lake: Lake, day: date, census: Census) -> list[Row]:
    """Return the rows of `limits_history`: the `limits` messages that landed on a day."""
    filters = [("landed_date", "=", day), ("kind", "=", "limits")]
    messages = lake.read(ENTRIES, filters, [*_PLACE, "received_at", "body"]).to_pylist()
    # An event lands with the message that caused it, or a batch later.
    refused = [("landed_date", ">=", day), ("landed_date", "<=", day + timedelta(days=1)), ("step", "=", "refuse")]
    refusals = lake.read(LAKE_ALERT_EVENTS, refused, [*_PLACE, "reason"]).to_pylist() if messages else []
    return [row | {"ward_id": census.ward_id(row["patient_id"], day)} for row in history_of(messages, refusals, day)]


def history_of(messages: Iterable[Row], refusals: Iterable[Row], day: date) -> Iterator[Row]:
    """Yield one row for each condition of each message, without the ward.

    Parameters
    ----------
    messages
        partition, offset, received_at and body, as `entries` has them.
    refusals
        partition, offset and reason of alert events with step `refuse`.
    """
    reasons = {_place(refusal): refusal["reason"] for refusal in refusals}
    for entry in {_place(entry): entry for entry in messages}.values():
        message = decode(entry["body"].encode())
        if not isinstance(message, Limits):
            continue
        for condition, pair in (message.limits or {NO_CONDITION: None}).items():
            medium, high = pair or (None, None)
            yield {
                "day": day, "partition": entry["partition"], "offset": entry["offset"], "condition": condition,
                "received_at": entry["received_at"], "patient_id": message.patient_id, "author": message.author,
                "version": message.version, "medium_limit": medium, "high_limit": high, "reason": message.reason,
                "expires_at": message.expires_at, "rejected_for": reasons.get(_place(entry)),
            }  # fmt: skip


def _place(row: Row) -> tuple[int, int]:
    return row["partition"], row["offset"]


def real_effect(marts: Marts, day: date, census: Census) -> list[Row]:
    """Return the rows of `limits_effect` that were counted, from the other marts.

    A condition of a patient counts when a limit of the recalibration was in force all day long. The day is compared
    with the days on which the patient was monitored among the DAYS_BEFORE before the first such limit; where there are
    none, there is nothing to compare with. Only days that have been reported are known.
    """
    begin = datetime.combine(day, time(), UTC)
    rows = marts.query(
        _EFFECT, author=RECALIBRATION, day=day, begin=begin, end=begin + timedelta(days=1), days_before=DAYS_BEFORE
    )
    return [row | {"ward_id": census.ward_id(row["patient_id"], day)} for row in rows]


_EFFECT: Final = """
WITH accepted AS (
    SELECT patient_id, condition, medium_limit, expires_at, received_at, "offset"
    FROM mart.limits_history
    WHERE author = %(author)s AND rejected_for IS NULL AND received_at < %(begin)s
), latest AS (
    SELECT DISTINCT ON (patient_id, condition) patient_id, condition, medium_limit, expires_at
    FROM accepted
    ORDER BY patient_id, condition, received_at DESC, "offset" DESC
), first AS (
    SELECT patient_id, condition, min((received_at AT TIME ZONE 'UTC')::date) AS day
    FROM accepted
    WHERE medium_limit IS NOT NULL
    GROUP BY patient_id, condition
), personal AS (
    SELECT patient_id, condition, first.day AS first_day
    FROM latest JOIN first USING (patient_id, condition)
    WHERE medium_limit IS NOT NULL AND (expires_at IS NULL OR expires_at >= %(end)s)
), monitored AS (
    SELECT DISTINCT patient_id, day FROM mart.vitals_daily
), daily AS (
    SELECT patient_id, condition, day, sum(alarms) AS alarms, sum(in_alarm_s) AS in_alarm_s
    FROM mart.alarm_burden_daily
    GROUP BY patient_id, condition, day
), counted AS (
    SELECT patient_id, condition, monitored.day < first_day AS is_before,
           count(*) AS days,
           (sum(coalesce(alarms, 0)) / count(*))::double precision AS alarms,
           sum(coalesce(in_alarm_s, 0)) / count(*) AS in_alarm_s
    FROM personal
    JOIN monitored USING (patient_id)
    LEFT JOIN daily USING (patient_id, condition, day)
    WHERE monitored.day = %(day)s OR (monitored.day < first_day AND monitored.day >= first_day - %(days_before)s)
    GROUP BY patient_id, condition, is_before
)
SELECT %(day)s::date AS day, 'real' AS source, patient_id, condition,
       before.days AS days_before, after.days AS days_after,
       before.alarms AS alarms_before_per_patient_day, after.alarms AS alarms_after_per_patient_day,
       before.in_alarm_s AS in_alarm_before_s, after.in_alarm_s AS in_alarm_after_s
FROM counted AS before JOIN counted AS after USING (patient_id, condition)
WHERE before.is_before AND NOT after.is_before
ORDER BY patient_id, condition
"""
