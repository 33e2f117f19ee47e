"""The alerts that are open, as a person at a terminal follows them: events in, a table out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from lakehouse.events import ENDINGS, AlertEvent
from streaming.notify import wording

NUMBERS: Final = frozenset({"value", "limit", "age"})
MINUTE_S: Final = 60
ENDED_STAYS: Final = timedelta(seconds=15)
STYLES: Final = {"high": "bold red", "medium": "yellow", "low": "cyan"}
RANKS: Final = {"high": 0, "medium": 1, "low": 2}


@dataclass(slots=True)
class AlertList:
    """What has been told of each alert, newest step only.

    The lane and its standby may tell the same steps, the one long after the other: `told` remembers how far each alert
    has been told, also when it has ended and is shown no more.
    """

    raised: int = 0
    told: dict[str, int] = field(default_factory=dict)
    latest: dict[str, AlertEvent] = field(default_factory=dict)
    raised_at: dict[str, datetime] = field(default_factory=dict)

    def take(self, event: AlertEvent) -> bool:
        """Note one event; True when it is news: a later step of its alert than any before."""
        if event.alert_id is None or event.sequence <= self.told.get(event.alert_id, -1):
            return False
        self.told[event.alert_id] = event.sequence
        self.raised += event.step == "onset"
        self.raised_at.setdefault(event.alert_id, event.received_at)
        self.latest[event.alert_id] = event
        return True

    def forget_ended(self, now: datetime) -> None:
        """Leave out alerts that ended a while ago."""
        old = [
            alert_id
            for alert_id, event in self.latest.items()
            if event.step in ENDINGS and now - event.received_at > ENDED_STAYS
        ]
        for alert_id in old:
            del self.latest[alert_id], self.raised_at[alert_id]

    def shown(self, rows: int) -> list[AlertEvent]:
        """Return the alerts to show: open before ended, high priority first, then the newest."""
        return sorted(
            self.latest.values(),
            key=lambda event: (
                event.step in ENDINGS,
                RANKS.get(event.priority or "", 3),
                -self.raised_at[event.alert_id or ""].timestamp(),
            ),
        )[:rows]

    def table(self, now: datetime, rows: int, caption: str) -> Table:
        """Draw the alerts."""
        open_now = sum(event.step not in ENDINGS for event in self.latest.values())
        title = f"Alerts: {open_now} open, {self.raised} raised"
        table = Table(title=title, caption=caption, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for column in ("patient", "ward / bed", "condition", "value", "limit", "priority", "age", "step"):
            table.add_column(column, justify="right" if column in NUMBERS else "left", no_wrap=True)
        for event in self.shown(rows):
            style = "dim" if event.step in ENDINGS else STYLES.get(event.priority or "", "")
            age = age_of((now - self.raised_at[event.alert_id or ""]).total_seconds())
            table.add_row(*(Text(cell) for cell in (*cells(event), age, event.step)), style=style)
        return table


def cells(event: AlertEvent) -> tuple[str, ...]:
    """Return patient, place, condition, value, limit and priority of an event, as words."""
    place = f"{event.ward_id or '-'} / {event.bed or '-'}"
    value, limit = wording.value(event) or "-", wording.limit(event) or "-"
    return event.patient_id, place, wording.condition(event), value, limit, event.priority or "-"


def age_of(seconds: float) -> str:
    """Return an age as one reads it at a glance."""
    whole = max(int(seconds), 0)
    return f"{whole} s" if whole < MINUTE_S else f"{whole // MINUTE_S} min"


def lines(events: Iterable[AlertEvent]) -> list[str]:
    """Return one line an event, for a log or a pipe."""
    return [f"{datetime.now(UTC):%H:%M:%S}  {event.step:<11} {'  '.join(cells(event))}" for event in events]
