"""The numbers of a day that managers are told, from the marts: a catalogue, and one query for each mart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final, LiteralString, NamedTuple, TypeAlias

from lakehouse.marts import Marts

Series: TypeAlias = Mapping[date, float]


class Figure(NamedTuple):
    """One number of a day.

    `step` is the smallest change that is worth a word: a smaller one is noise, however quiet the week was.
    """

    name: str
    label: str
    form: str  # of `str.format`
    step: float
    dashboard: str  # where it is explained

    @property
    def title(self) -> str:
        """The label as it stands at the beginning of a line."""
        return self.label[0].upper() + self.label[1:]

    def words(self, value: float) -> str:
        """Return a value as people read it."""
        return self.form.format(value)


BURDEN, RESPONSE, LIMITS, TRUST, PATIENTS = "alarm-burden", "response", "limits", "trust", "patients"
DASHBOARDS: Final = {
    BURDEN: "Alarm burden", RESPONSE: "Response", LIMITS: "Limits and their effect", TRUST: "Trust",
    PATIENTS: "Patients",
}  # fmt: skip

FIGURES: Final = (
    Figure("alarms_per_patient_day", "alarms per patient-day", "{:.1f}", 0.3, BURDEN),
    Figure("high_alarms_per_patient_day", "high-priority alarms per patient-day", "{:.2f}", 0.1, BURDEN),
    Figure("non_actionable_pct", "non-actionable share of alarms", "{:.0f} %", 2.0, BURDEN),
    Figure("top_tenth_pct", "share of alarms of the busiest tenth of patients", "{:.0f} %", 3.0, BURDEN),
    Figure("median_to_acknowledge_min", "median time to acknowledge", "{:.1f} min", 0.2, RESPONSE),
    Figure("p90_to_acknowledge_min", "90th centile of the time to acknowledge", "{:.1f} min", 0.5, RESPONSE),
    Figure("not_acknowledged_pct", "high-priority alarms that nobody acknowledged", "{:.0f} %", 2.0, RESPONSE),
    Figure("escalated_pct", "alarms that were passed on unanswered", "{:.0f} %", 2.0, RESPONSE),
    Figure("dead_letters", "mails that reached nobody", "{:.0f}", 1.0, RESPONSE),
    Figure("limits_published", "limits changed by the night", "{:.0f}", 3.0, LIMITS),
    Figure("limits_refused", "changes of limits refused by the gate", "{:.0f}", 2.0, LIMITS),
    Figure("differences", "alarms that are not what the log calls for", "{:.0f}", 1.0, TRUST),
    Figure("checks_not_met", "checks of the data not met", "{:.0f}", 1.0, TRUST),
    Figure("patients", "patients monitored", "{:.0f}", 3.0, PATIENTS),
)
FIGURE: Final = {figure.name: figure for figure in FIGURES}

# Each gives `day` and some of the figures; a null is a number that the day does not have.
_QUERIES: Final[tuple[LiteralString, ...]] = (
    """
    SELECT day, count(*) AS patients, sum(alarms)::float8 / count(*) AS alarms_per_patient_day,
           sum(high_alarms)::float8 / count(*) AS high_alarms_per_patient_day,
           100.0 * sum(non_actionable_alarms)::float8 / nullif(sum(alarms), 0) AS non_actionable_pct,
           100.0 * (sum(alarms) FILTER (WHERE in_top_tenth))::float8 / nullif(sum(alarms), 0) AS top_tenth_pct
    FROM mart.patient_days WHERE day BETWEEN %(first)s AND %(last)s GROUP BY day
    """,
    """
    SELECT day, percentile_cont(0.5) WITHIN GROUP (ORDER BY to_acknowledge_s) / 60 AS median_to_acknowledge_min,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY to_acknowledge_s) / 60 AS p90_to_acknowledge_min,
           100.0 * count(*) FILTER (WHERE priority = 'high' AND acknowledged_at IS NULL)
               / nullif(count(*) FILTER (WHERE priority = 'high'), 0) AS not_acknowledged_pct,
           100.0 * count(*) FILTER (WHERE escalation > 0) / count(*) AS escalated_pct
    FROM mart.alarm_episodes WHERE priority <> 'low' AND day BETWEEN %(first)s AND %(last)s GROUP BY day
    """,
    """
    SELECT day, sum(dead_letters) AS dead_letters
    FROM mart.delivery_daily WHERE day BETWEEN %(first)s AND %(last)s GROUP BY day
    """,
    """
    SELECT day, count(*) FILTER (WHERE verdict = 'published') AS limits_published,
           count(*) FILTER (WHERE verdict = 'refused by the gate') AS limits_refused
    FROM mart.limit_decisions WHERE day BETWEEN %(first)s AND %(last)s GROUP BY day
    """,
    """
    SELECT day, missing_events + extra_events + different_events AS differences
    FROM mart.proof_daily WHERE day BETWEEN %(first)s AND %(last)s
    """,
    """
    SELECT day, count(*) FILTER (WHERE NOT success) AS checks_not_met
    FROM mart.quality_daily WHERE ward_id IS NULL AND day BETWEEN %(first)s AND %(last)s GROUP BY day
    """,
)
_WARDS: Final = """
    SELECT ward_id, day, sum(alarms)::float8 / count(*) AS alarms_per_patient_day
    FROM mart.patient_days WHERE day BETWEEN %(first)s AND %(last)s GROUP BY ward_id, day ORDER BY ward_id, day
    """


def read_figures(marts: Marts, last: date, days: int) -> dict[str, dict[date, float]]:
    """Return figure -> day -> value, of so many days up to the last; a day that lacks a number is left out."""
    within = {"first": last - timedelta(days=days - 1), "last": last}
    found: dict[str, dict[date, float]] = {figure.name: {} for figure in FIGURES}
    for query in _QUERIES:
        for row in marts.query(query, **within):
            for name in FIGURE.keys() & row.keys():
                if row[name] is not None:
                    found[name][row["day"]] = float(row[name])
    return found


def read_wards(marts: Marts, last: date, days: int) -> dict[str, dict[date, float]]:
    """Return ward -> day -> alarms per patient-day."""
    found: dict[str, dict[date, float]] = {}
    for row in marts.query(_WARDS, first=last - timedelta(days=days - 1), last=last):
        found.setdefault(row["ward_id"], {})[row["day"]] = row["alarms_per_patient_day"]
    return found
