"""Alerts as episodes: the steps of an alert's life, put together in one row.

An episode is a function of all its events in the lake, whichever day's report writes it. It stands on the day on which
its onset landed. So the report of a day writes every alert of which an event landed on that day: those that began on it
in place of all rows of the day, and each older one in place of its own row, which a later day thereby completes. A
report that is run again for the earlier day finds the later events, too, and undoes nothing; the order in which days
are reported does not matter in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from clinical.conditions import PRIORITIES
from lakehouse.events import ENDINGS
from lakehouse.lake import Lake
from lakehouse.tables import LAKE_ALERT_EVENTS, NO_WARD

Row: TypeAlias = dict[str, Any]

# A convention of these reports, no clinical limit: an alert that is over before a high-priority one would have been
# passed on (clinical.conditions.ESCALATION_S), without anyone having touched it, asked for nothing.
NON_ACTIONABLE_S: Final = 120.0

_COLUMNS: Final = (
    "landed_date", "event_id", "alert_id", "patient_id", "ward_id", "bed", "condition", "step", "priority", "value",
    "limit", "limits_version", "onset_at", "received_at", "escalation", "by",
)  # fmt: skip


class Episodes(NamedTuple):
    """The episodes that a day's events belong to, by the day of their onset.

    `without_onset` counts alerts whose onset is not in the lake (any more): of these there is no episode.
    """

    by_day: dict[date, list[Row]]
    without_onset: int


def read_episodes(lake: Lake, day: date) -> Episodes:
    """Return the episodes of all alerts of which an event landed on a day."""
    landed = lake.read(LAKE_ALERT_EVENTS, [("landed_date", "=", day)], _COLUMNS).to_pylist()
    events = [event for event in landed if event["alert_id"] is not None]
    partial = {alert_id: events for alert_id, events in _by_alert(events).items() if not _is_whole(events)}
    return episodes_of([*events, *_elsewhere(lake, day, partial)])


def _elsewhere(lake: Lake, day: date, partial: dict[str, list[Row]]) -> list[Row]:
    """Return the events of some alerts that landed on other days."""
    if not partial:
        return []
    began = min(events[0]["onset_at"] for events in partial.values()).date() - timedelta(days=1)
    filters = [("landed_date", ">=", began), ("landed_date", "!=", day), ("alert_id", "in", sorted(partial))]
    found: list[Row] = lake.read(LAKE_ALERT_EVENTS, filters, _COLUMNS).to_pylist()
    return found


def _is_whole(events: Sequence[Row]) -> bool:
    return events[0]["step"] == "onset" and events[-1]["step"] in ENDINGS


def episodes_of(events: Iterable[Row]) -> Episodes:
    """Put events together, each once however often it is there, in whatever order."""
    by_day: defaultdict[date, list[Row]] = defaultdict(list)
    without_onset = 0
    for _, steps in sorted(_by_alert(events).items()):
        if steps[0]["step"] == "onset":
            by_day[steps[0]["landed_date"]].append(_episode(steps))
        else:
            without_onset += 1
    return Episodes(dict(by_day), without_onset)


def _by_alert(events: Iterable[Row]) -> dict[str, list[Row]]:
    """Return alert -> its events, each once, in their order; of a repeated one the row that landed first."""
    alerts: defaultdict[str, dict[str, Row]] = defaultdict(dict)
    for event in sorted(events, key=lambda event: event["landed_date"]):
        alerts[event["alert_id"]].setdefault(event["event_id"], event)
    # An event's id ends with its number within the alert.
    return {alert_id: [steps[event_id] for event_id in sorted(steps)] for alert_id, steps in alerts.items()}


def _episode(steps: Sequence[Row]) -> Row:
    onset, last = steps[0], steps[-1]
    end = last if last["step"] in ENDINGS else None
    acknowledged = next((step for step in steps if step["step"] == "acknowledge"), None)
    in_alarm_s = None if end is None else _seconds(onset, end)
    return {
        "day": onset["landed_date"],
        "alert_id": onset["alert_id"],
        "patient_id": onset["patient_id"],
        "ward_id": onset["ward_id"] or NO_WARD,
        "bed": onset["bed"],
        "condition": onset["condition"],
        "priority": max((step["priority"] or "" for step in steps), key=PRIORITIES.index),
        "value": onset["value"],
        "limit": onset["limit"],
        "limits_version": onset["limits_version"],
        "onset_at": onset["onset_at"],
        "raised_at": onset["received_at"],
        "closed_at": None if end is None else end["received_at"],
        "ended_by": None if end is None else end["step"],
        "in_alarm_s": in_alarm_s,
        "acknowledged_at": None if acknowledged is None else acknowledged["received_at"],
        "acknowledged_by": None if acknowledged is None else acknowledged["by"],
        "to_acknowledge_s": None if acknowledged is None else _seconds(onset, acknowledged),
        "escalation": max(step["escalation"] for step in steps),
        "non_actionable": (
            in_alarm_s is not None
            and in_alarm_s <= NON_ACTIONABLE_S
            and last["step"] == "clear"
            and acknowledged is None
        ),
    }


def _seconds(begin: Row, end: Row) -> float:
    seconds: float = (end["received_at"] - begin["received_at"]).total_seconds()
    return seconds
