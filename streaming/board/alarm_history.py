"""What has become of a patient's alerts: from their events, one row an alert, the newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clinical.conditions import PRIORITIES
from lakehouse.events import ENDINGS
from lakehouse.tables import REFUSED


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its onset to its end; `priority` is the worst that it had."""

    alert_id: str
    condition: str
    priority: str
    onset_at: datetime
    value: float | None
    limit: float | None
    escalations: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    silenced_by: str | None
    closed_at: datetime | None


def episodes(rows: Iterable[Mapping[str, Any]]) -> list[Episode]:
    """Return the alerts of rows of `alert_events`; refused commands are none."""
    of_alert: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["alert_id"] != REFUSED and row["onset_at"] is not None:
            of_alert.setdefault(row["alert_id"], []).append(row)
    found = [_episode(alert_id, sorted(steps, key=_event_id)) for alert_id, steps in of_alert.items()]
    return sorted(found, key=lambda each: each.onset_at, reverse=True)


def _event_id(row: Mapping[str, Any]) -> str:
    return str(row["event_id"])


def _episode(alert_id: str, steps: Sequence[Mapping[str, Any]]) -> Episode:
    first, last = steps[0], steps[-1]
    acknowledged = next((row for row in reversed(steps) if row["step"] == "acknowledge"), None)
    silenced = next((row for row in reversed(steps) if row["step"] == "silence"), None)
    return Episode(
        alert_id=alert_id,
        condition=first["condition"],
        priority=max((row["priority"] or "" for row in steps), key=PRIORITIES.index),
        onset_at=first["onset_at"],
        value=first["value"],
        limit=first["limit"],
        escalations=max(row["escalation"] or 0 for row in steps),
        acknowledged_at=None if acknowledged is None else acknowledged["received_at"],
        acknowledged_by=None if acknowledged is None else acknowledged["by"],
        silenced_by=None if silenced is None else silenced["by"],
        closed_at=last["received_at"] if last["step"] in ENDINGS else None,
    )
