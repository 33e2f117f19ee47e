"""What a day's alarms were like for patients and staff: sums over its episodes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, Final, TypeAlias

Row: TypeAlias = dict[str, Any]

MOST_PATIENTS: Final = 20
_KEY: Final = ("day", "patient_id", "ward_id", "condition", "priority")


def burden_of(episodes: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of `alarm_burden_daily` from rows of `alarm_episodes`."""
    groups: defaultdict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for episode in episodes:
        groups[tuple(episode[name] for name in _KEY)].append(episode)
    return [dict(zip(_KEY, key, strict=True)) | _sums(group) for key, group in sorted(groups.items())]


def _sums(group: Sequence[Mapping[str, Any]]) -> Row:
    answers_s = [each["to_acknowledge_s"] for each in group if each["to_acknowledge_s"] is not None]
    non_actionable = sum(each["non_actionable"] for each in group)
    return {
        "alarms": len(group),
        "open_alarms": sum(each["closed_at"] is None for each in group),
        "in_alarm_s": sum(each["in_alarm_s"] or 0.0 for each in group),
        "not_acknowledged_alarms": len(group) - len(answers_s),
        "not_acknowledged_pct": 100.0 * (len(group) - len(answers_s)) / len(group),
        "median_to_acknowledge_s": median(answers_s) if answers_s else None,
        "non_actionable_alarms": non_actionable,
        "non_actionable_pct": 100.0 * non_actionable / len(group),
    }


def most_alarms(episodes: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of `patients_most_alarms`: more alarms first, then more of high priority, then by id.

    The ward is that of the patient's last alarm; of conditions with equally many alarms the first by name is told.
    """
    patients: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for episode in episodes:
        patients[episode["patient_id"]].append(episode)
    rows = [_patient(group) for group in patients.values()]
    rows.sort(key=lambda row: (-row["alarms"], -row["high_alarms"], row["patient_id"]))
    return [row | {"rank": rank} for rank, row in enumerate(rows[:MOST_PATIENTS], start=1)]


def _patient(group: Sequence[Mapping[str, Any]]) -> Row:
    last = max(group, key=lambda each: (each["raised_at"], each["alert_id"]))
    conditions = Counter(each["condition"] for each in group)
    return {
        "day": last["day"],
        "patient_id": last["patient_id"],
        "ward_id": last["ward_id"],
        "alarms": len(group),
        "high_alarms": sum(each["priority"] == "high" for each in group),
        "non_actionable_alarms": sum(each["non_actionable"] for each in group),
        "in_alarm_s": sum(each["in_alarm_s"] or 0.0 for each in group),
        "top_condition": min(conditions, key=lambda name: (-conditions[name], name)),
    }
