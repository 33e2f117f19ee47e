"""Who is told that an alert has cleared: those who were told of it, where its priority was one that matters. Pure.

The memory is that of one process. Of an alert that began before it, anyone of the ward's team may have been told: then
the rows of `deliveries` decide, when the mail is written (`Deliveries.due`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from lakehouse.events import ENDINGS, AlertEvent

_REMEMBERED: Final = 100_000


class Told:
    """Remembers of each open alert who was told of it, and whether it ever had a priority that matters.

    Parameters
    ----------
    matters
        Priorities whose end is told.
    since
        From when on nothing has been missed.
    """

    def __init__(self, matters: Collection[str], since: datetime) -> None:
        self._matters = matters
        self._since = since
        self._told: dict[str, dict[str, bool]] = {}  # alert -> recipient -> whether it is to be told of its end

    def narrow(self, event: AlertEvent, recipients: Collection[str]) -> list[str]:
        """Return those of the recipients who are told of this step, and remember them."""
        alert_id = event.alert_id or ""
        if event.step != "clear":
            if recipients:
                told = self._told.setdefault(alert_id, {})
                told |= {to: told.get(to, False) or event.priority in self._matters for to in recipients}
            if event.step in ENDINGS:
                self._told.pop(alert_id, None)
            while len(self._told) > _REMEMBERED:
                del self._told[next(iter(self._told))]
            return list(recipients)
        known = self._told.get(alert_id)
        if known is None:
            began_before = event.onset_at is not None and event.onset_at < self._since
            return list(recipients) if began_before else []
        return [to for to, matters in known.items() if matters]
