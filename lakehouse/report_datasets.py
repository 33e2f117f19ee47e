"""The marts as datasets of Superset: columns from the contract, and the few sums that its charts are made of.

Rendered to `superset/assets/datasets` by `python -m lakehouse datasets`. In the SQL of a metric, words in lower case
are columns and nothing else; a test holds them to the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import yaml

from lakehouse.contract import UNIT_SUFFIXES, Column, MartTable
from lakehouse.mart_tables import (
    ALARM_EPISODES,
    ALARM_HOURS_DAILY,
    DELIVERY_DAILY,
    LATENCY_DAILY,
    LIMIT_DECISIONS,
    LIMITS_EFFECT,
    LIMITS_HISTORY,
    PATIENT_DAYS,
    PROOF_DAILY,
    QUALITY_DAILY,
    VITALS_DAILY,
    WARD_BURDEN_DAILY,
)
from lakehouse.render import MART_SCHEMA, sql_type

FOLDER: Final = Path("superset/assets/datasets/Wardwatch_marts")
# Whatever is made from a name has the same uuid wherever it is made, so an import finds what an earlier one made.
NAMESPACE: Final = UUID("6f0d3c52-5a0a-4c7e-9d3a-6a1f6c1b7a11")
DATABASE_UUID: Final = uuid5(NAMESPACE, "database/marts")
CODES: Final = frozenset({"condition", "expectation", "hop"})  # names of catalogues
COUNT: Final = ",d"
DECIMAL: Final = ",.1f"
PERCENT: Final = ".1%"


class Metric(NamedTuple):
    """A sum over rows, and how its number is written (D3's format)."""

    name: str
    label: str
    sql: str
    number: str = COUNT


def _share(part: str, whole: str) -> str:
    return f"CAST({part} AS FLOAT) / NULLIF({whole}, 0)"


def _at(share: float, column: str, unit: int = 1) -> str:
    at = f"PERCENTILE_CONT({share}) WITHIN GROUP (ORDER BY {column})"
    return at if unit == 1 else f"{at} / {unit}.0"


_ALARMS: Final = Metric("alarms", "Alarms", "SUM(alarms)")
_NON_ACTIONABLE: Final = Metric(
    "non_actionable_share", "Non-actionable share", _share("SUM(non_actionable_alarms)", "SUM(alarms)"), PERCENT
)

DATASETS: Final[dict[MartTable, tuple[Metric, ...]]] = {
    PATIENT_DAYS: (
        Metric("alarms_per_patient_day", "Alarms per patient-day", _share("SUM(alarms)", "COUNT(*)"), DECIMAL),
        Metric("patient_days", "Patient-days", "COUNT(*)"),
        Metric("patients", "Patients", "COUNT(DISTINCT patient_id)"),
        _ALARMS,
        Metric("high_alarms", "High-priority alarms", "SUM(high_alarms)"),
        Metric("hours_in_alarm", "Hours in alarm", "SUM(in_alarm_s) / 3600.0", DECIMAL),
        _NON_ACTIONABLE,
        Metric(
            "top_tenth_share", "Share of the 10 % of patients with most alarms",
            _share("SUM(CASE WHEN in_top_tenth THEN alarms ELSE 0 END)", "SUM(alarms)"), PERCENT,
        ),
        Metric("days_in_top_tenth", "Days among the 10 %", "SUM(CASE WHEN in_top_tenth THEN 1 ELSE 0 END)"),
    ),
    WARD_BURDEN_DAILY: (
        # Each ward-day has a row for every kind of alarm, and its patients in each: hence times the number of kinds.
        Metric(
            "alarms_per_patient_day", "Alarms per patient-day",
            _share("SUM(alarms) * COUNT(DISTINCT (condition, priority))", "SUM(patient_days)"), ",.2f",
        ),
        _ALARMS,
        _NON_ACTIONABLE,
    ),
    ALARM_HOURS_DAILY: (
        Metric("alarms_per_day", "Alarms a day", _share("SUM(alarms)", "COUNT(DISTINCT day)"), DECIMAL),
        _ALARMS,
    ),
    ALARM_EPISODES: (
        Metric("alarms", "Alarms", "COUNT(*)"),
        Metric("median_to_acknowledge_min", "Median, min", _at(0.5, "to_acknowledge_s", 60), DECIMAL),
        Metric("p90_to_acknowledge_min", "90th centile, min", _at(0.9, "to_acknowledge_s", 60), DECIMAL),
        Metric("not_acknowledged_alarms", "Not acknowledged", "COUNT(*) - COUNT(acknowledged_at)"),
        Metric(
            "not_acknowledged_share", "Share not acknowledged", _share("COUNT(*) - COUNT(acknowledged_at)", "COUNT(*)"),
            PERCENT,
        ),
        Metric("escalated_alarms", "Escalated", "SUM(CASE WHEN escalation > 0 THEN 1 ELSE 0 END)"),
        Metric(
            "escalated_share", "Share escalated",
            _share("SUM(CASE WHEN escalation > 0 THEN 1 ELSE 0 END)", "COUNT(*)"), PERCENT,
        ),
        Metric("median_in_alarm_min", "Median time in alarm, min", _at(0.5, "in_alarm_s", 60), DECIMAL),
    ),
    DELIVERY_DAILY: (
        Metric("mails", "Mails", "SUM(mails)"),
        Metric("sent_mails", "Sent", "SUM(sent_mails)"),
        Metric("waiting_mails", "Waiting", "SUM(waiting_mails)"),
        Metric("dead_letters", "Given up", "SUM(dead_letters)"),
        Metric("digests", "Digests", "SUM(digests)"),
        Metric("told_events", "Alert events told", "SUM(told_events)"),
        Metric("tries", "Tries", "SUM(tries)"),
    ),
    LATENCY_DAILY: (
        Metric("p50_s", "Median of the slowest day, s", "MAX(p50_ms) / 1000.0", DECIMAL),
        Metric("p95_s", "95th centile of the slowest day, s", "MAX(p95_ms) / 1000.0", DECIMAL),
        Metric("p99_s", "99th centile of the slowest day, s", "MAX(p99_ms) / 1000.0", DECIMAL),
        Metric("longest_s", "Longest, s", "MAX(longest_ms) / 1000.0", DECIMAL),
        Metric("measured", "Measured", "SUM(measurements)"),
    ),
    LIMITS_HISTORY: (
        Metric("limits_set", "Limits set", "COUNT(*) - COUNT(rejected_for)"),
        Metric("limits_refused", "Refused", "COUNT(rejected_for)"),
    ),
    LIMIT_DECISIONS: (
        Metric("proposals", "Proposed changes", "COUNT(*)"),
        Metric("published_share", "Share published", _share("SUM(CASE WHEN verdict = 'published' THEN 1 ELSE 0 END)",
               "COUNT(*)"), PERCENT),
    ),
    LIMITS_EFFECT: (
        Metric("before", "With the old limits", "AVG(alarms_before_per_patient_day)", ",.2f"),
        Metric("after", "With the new limits", "AVG(alarms_after_per_patient_day)", ",.2f"),
        Metric(
            "alarms_saved", "Alarms saved",
            "SUM((alarms_before_per_patient_day - alarms_after_per_patient_day) * days_after)", ",.0f",
        ),
        Metric("events_missed", "Events missed", "COALESCE(SUM(events_missed), 0)"),
        Metric("longest_delay_s", "Longest delay of a warning, s", "GREATEST(0, -MIN(lead_change_s))", ",.0f"),
        Metric("limits", "Limits", "COUNT(*)"),
    ),
    QUALITY_DAILY: (
        Metric("checks", "Checks", "COUNT(*)"),
        Metric("not_met", "Not met", "SUM(CASE WHEN success THEN 0 ELSE 1 END)"),
        Metric("stops", "Stops", "SUM(CASE WHEN success OR severity <> 'stop' THEN 0 ELSE 1 END)"),
        Metric("observed_share", "Share of the day", "MAX(observed)", ".2%"),
        Metric("unexpected", "Devices or rows", "SUM(unexpected_count)"),
    ),
    PROOF_DAILY: (
        Metric("proven_days", "Days proven", "SUM(CASE WHEN proven THEN 1 ELSE 0 END)"),
        Metric("days", "Days", "COUNT(*)"),
        Metric("differences", "Differences", "SUM(missing_events + extra_events + different_events)"),
        Metric("missing_events", "Missing", "SUM(missing_events)"),
        Metric("extra_events", "Extra", "SUM(extra_events)"),
        Metric("different_events", "Different", "SUM(different_events)"),
        Metric("raised_events", "Alert events raised", "SUM(raised_events)"),
    ),
    VITALS_DAILY: (
        Metric("lowest", "Lowest", "MIN(lowest_value)", DECIMAL),
        Metric("median", "Mean of daily medians", "AVG(median_value)", DECIMAL),
        Metric("highest", "Highest", "MAX(highest_value)", DECIMAL),
    ),
}  # fmt: skip


def dataset_uuid(table: MartTable) -> UUID:
    """Return the uuid of a mart's dataset, by which charts name it."""
    return uuid5(NAMESPACE, f"dataset/{table.name}")


def render_dataset(table: MartTable, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Return a dataset as Superset imports it."""
    return {
        "table_name": table.name,
        "description": table.doc,
        "main_dttm_col": "day",
        "schema": MART_SCHEMA,
        "filter_select_enabled": True,
        "uuid": str(dataset_uuid(table)),
        "database_uuid": str(DATABASE_UUID),
        "version": "1.0.0",
        "columns": [
            *(_column(column) for column in table.columns),
            *(_in_words(column) for column in table.columns if column.name in CODES),
        ],
        "metrics": [
            {"metric_name": each.name, "verbose_name": each.label, "expression": each.sql, "d3format": each.number}
            for each in metrics
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": _label(column),
        "description": f"{column.doc} Unit: {column.unit}." if column.unit else column.doc,
        "type": sql_type(column).upper(),
        "is_dttm": column.type in {"date", "timestamp"},
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _in_words(column: Column) -> dict[str, Any]:
    """Return a column that Superset computes: a code as people read it."""
    return {
        "column_name": f"{column.name}_in_words",
        "verbose_name": _label(column),
        "description": column.doc,
        "expression": f"REPLACE({column.name}, '_', ' ')",
        "type": "TEXT",
        "is_dttm": False,
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _label(column: Column) -> str:
    """Return a column's name as a table heads it, with its unit behind it."""
    name = column.name.removesuffix("_id")
    suffix = UNIT_SUFFIXES.get(column.unit or "", "")
    if suffix and column.unit != "/d":
        name = name.removesuffix(suffix)
    label = name.removesuffix("_at").replace("_", " ")
    return label[:1].upper() + label[1:] + (f", {column.unit}" if suffix and column.unit != "/d" else "")


def files() -> Iterator[tuple[Path, str]]:
    """Yield path, below the repository, and text of each dataset's file."""
    for table, metrics in DATASETS.items():
        text = yaml.safe_dump(render_dataset(table, metrics), sort_keys=False, width=100, allow_unicode=True)
        yield FOLDER / f"{table.name}.yaml", f"# Rendered by `python -m lakehouse datasets`; edit the contract.\n{text}"


def write(root: Path) -> list[str]:
    """Write the files that differ, remove those of marts that are no longer shown; return what was changed."""
    wanted = {root / path: text for path, text in files()}
    stale = [path for path in (root / FOLDER).glob("*.yaml") if path not in wanted]
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for path in changed:
        path.write_text(wanted[path], "utf-8")
    for path in stale:
        path.unlink()
    return sorted(path.name for path in (*changed, *stale))
