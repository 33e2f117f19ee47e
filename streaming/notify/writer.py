"""Writes mails about alert steps: where from, where their links lead, and with which pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from lakehouse.events import AlertEvent
from streaming.notify.content import content_of
from streaming.notify.message import NO_TREND, Trend, compose, message_id


def no_trend(_event: AlertEvent) -> Trend:
    """Know nothing of any trend."""
    return NO_TREND


def identity_of(events: Sequence[AlertEvent], recipient: str) -> str:
    """Return the Message-ID of the mail about these steps to this recipient."""
    return message_id((event.event_id for event in events), recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What all mails of a notifier have in common.

    Parameters
    ----------
    sender
        Their address.
    board_url
        Where people reach the ward board.
    cleared
        Priorities of alerts whose end is told.
    trend_of
        Gives the trend of an event's vital within a short time, or says why there is none.
    """

    sender: str
    board_url: str
    cleared: Collection[str] = ()
    trend_of: Callable[[AlertEvent], Trend] = no_trend

    def subject(self, events: Sequence[AlertEvent], now: datetime) -> str:
        """Return the subject alone, which costs no picture."""
        return content_of(events, self.board_url, now).subject

    def mail(self, recipient: str, events: Sequence[AlertEvent], now: datetime) -> bytes:
        """Return the mail about one alert step with its trend, or the digest that lists several without any."""
        trend = self.trend_of(events[0]) if len(events) == 1 else NO_TREND
        content = content_of(events, self.board_url, now)
        return compose(content, recipient, self.sender, identity_of(events, recipient), now, trend).as_bytes()
