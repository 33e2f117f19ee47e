"""One time that monitoring was down: who is to be told, and who has been. Pure; `store` keeps it over restarts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

import msgspec

News: TypeAlias = Literal["down", "up"]


class Mail(msgspec.Struct, frozen=True):
    """One mail that is still to be sent."""

    recipient: str
    news: News


class Incident(msgspec.Struct):
    """Its state; JSON holds all of it. Times in seconds since 1970.

    `told` is recipient -> the last news that a mail server has accepted, or refused for good. Empty: not told yet.
    """

    began_s: float
    faults: list[str]
    told: dict[str, News | Literal[""]] = {}
    well_since_s: float | None = None
    over_s: float | None = None

    def observe(self, faults: Sequence[str], now_s: float, steady_s: float) -> bool:
        """Take note of how things stand now. Returns whether something has changed that must be kept.

        All must have been well for `steady_s` before it counts as over: what flaps is one incident.
        """
        if self.over_s is not None:
            return False
        if faults:
            changed = list(faults) != self.faults
            self.faults, self.well_since_s = list(faults), None
            return changed
        if self.well_since_s is None:
            self.well_since_s = now_s
        if now_s - self.well_since_s >= steady_s:
            self.over_s = self.well_since_s
            return True
        return False

    def again(self, faults: Sequence[str], began_s: float) -> Incident:
        """Return the incident that begins before all have heard that this one is over.

        Whoever has not heard so still knows that monitoring is down, and is not told once more.
        """
        still: dict[str, News | Literal[""]] = {to: news for to, news in self.told.items() if news == "down"}
        return Incident(began_s=began_s, faults=list(faults), told=still)

    def tell(self, recipients: Sequence[str]) -> bool:
        """Have these people told, too. Returns whether there was someone new."""
        new = [each for each in recipients if each not in self.told]
        if self.over_s is not None or not new:
            return False
        self.told |= dict.fromkeys(new, "")
        return True

    def due(self) -> Iterator[Mail]:
        """Yield the mails that are to be sent: that it is down while it is, and that it is back.

        Whoever could not be told in time that it was down hears only that it was, when it is back.
        """
        news: News = "down" if self.over_s is None else "up"
        yield from (Mail(recipient, news) for recipient, told in self.told.items() if told not in {news, "up"})

    def done(self, mail: Mail) -> None:
        """Note that a mail was accepted, or refused for good."""
        self.told[mail.recipient] = mail.news

    @property
    def is_closed(self) -> bool:
        """Whether nobody is to be told anything any more."""
        return self.over_s is not None and not any(self.due())
