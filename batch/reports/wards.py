"""Alarms held against patients: what a day's episodes are per patient, per ward, and per hour."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Final, TypeAlias

from clinical.conditions import FINDING_CONDITIONS, LIMIT_CONDITIONS, PRIORITIES, TECHNICAL_CONDITIONS

Row: TypeAlias = dict[str, Any]

TOP_SHARE: Final = 0.1
_, _LOW, _MEDIUM, _HIGH = PRIORITIES
# Which alarms there can be, as (condition, priority).
KINDS: Final = (
    *((each.name, priority) for each in LIMIT_CONDITIONS for priority in (_MEDIUM, _HIGH)),
    *((each.name, PRIORITIES[each.priority]) for each in FINDING_CONDITIONS),
    *((each.name, priority) for each in TECHNICAL_CONDITIONS for priority in (_LOW, _MEDIUM)),
)


def patient_days_of(
    episodes: Iterable[Mapping[str, Any]], measured: Iterable[str], ward_of: Callable[[str], str]
) -> list[Row]:
    """Return the rows of `patient_days` of one day, without the day.

    Parameters
    ----------
    episodes
        Rows of `alarm_episodes`.
    measured
        Patients of whom something was measured; one with an alarm is a patient of the day, too.
    ward_of
        The ward of a patient at the end of the day.
    """
    patients: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for patient_id in measured:
        patients[patient_id] = []
    for episode in episodes:
        patients[episode["patient_id"]].append(episode)
    rows = [_patient(patient_id, own, ward_of(patient_id)) for patient_id, own in patients.items()]
    rows.sort(key=lambda row: (-row["alarms"], -row["high_alarms"], row["patient_id"]))
    top = ceil(TOP_SHARE * len(rows))
    return [row | {"in_top_tenth": place < top} for place, row in enumerate(rows)]


def _patient(patient_id: str, episodes: Sequence[Mapping[str, Any]], ward_id: str) -> Row:
    return {
        "patient_id": patient_id,
        "ward_id": ward_id,
        "alarms": len(episodes),
        "high_alarms": sum(each["priority"] == "high" for each in episodes),
        "non_actionable_alarms": sum(each["non_actionable"] for each in episodes),
        "in_alarm_s": sum(each["in_alarm_s"] or 0.0 for each in episodes),
    }


def ward_burden_of(episodes: Collection[Mapping[str, Any]], patient_days: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of `ward_burden_daily` of one day, without the day: each ward with each kind of alarm.

    Parameters
    ----------
    episodes
        Rows of `alarm_episodes`, each counted in the ward of its onset.
    patient_days
        Rows of `patient_days` of the same day.
    """
    patients = Counter(row["ward_id"] for row in patient_days)
    kinds = dict.fromkeys((*KINDS, *((each["condition"], each["priority"]) for each in episodes)))
    groups: defaultdict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for each in episodes:
        groups[each["ward_id"], each["condition"], each["priority"]].append(each)
    wards = sorted({*patients, *(each["ward_id"] for each in episodes)})
    return [
        {
            "ward_id": ward_id, "condition": condition, "priority": priority, "patient_days": patients[ward_id],
            "alarms": len(group), "non_actionable_alarms": sum(each["non_actionable"] for each in group),
            "not_acknowledged_alarms": sum(each["acknowledged_at"] is None for each in group),
        }
        for ward_id in wards
        for condition, priority in kinds
        for group in [groups[ward_id, condition, priority]]
    ]  # fmt: skip


def alarm_hours_of(episodes: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of `alarm_hours_daily` of one day, without the day: by the UTC hour in which alarms were raised.

    `raised_at` of an episode is in UTC.
    """
    hours = Counter((each["ward_id"], each["raised_at"].hour, each["priority"]) for each in episodes)
    return [
        {"ward_id": ward_id, "hour": hour, "priority": priority, "alarms": alarms}
        for (ward_id, hour, priority), alarms in sorted(hours.items())
    ]
