"""How long a hop took: times as counts of tenths of a second, exact, and as many as one likes."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.lake import Lake
from lakehouse.log import TIME_STEP_MS
from lakehouse.tables import LAKE_ALERT_EVENTS

SHORTEST_MS: Final = -3_600_000  # a device whose clock runs an hour ahead
LONGEST_MS: Final = 86_400_000
_BINS: Final = (LONGEST_MS - SHORTEST_MS) // TIME_STEP_MS + 1
_QUANTILES: Final = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}


class Hop(NamedTuple):
    """A hop, and what can be said of it from what the stores keep."""

    name: str
    explanation: str


MEASURED_TO_RECEIVED: Final = Hop(
    "measured_to_received",
    "From the device's clock to the broker's, of readings: the way of the message, and the difference of both clocks.",
)
ONSET_TO_RAISED: Final = Hop(
    "onset_to_raised",
    "From the first value beyond the limit to the message that raised the alarm: mostly the delay that is meant.",
)
RECEIVED_TO_ANNOUNCED: Final = Hop(
    "received_to_announced",
    "From the message that caused an alert event to the event, stored and in the log for who mails and shows it.",
)
RECEIVED_TO_SENT: Final = Hop(
    "received_to_sent",
    "From the message that caused an alert event to the mail server's yes, each recipient; a digest waits on purpose.",
)


class Times:
    """Counts of times, from an hour below zero (clocks differ) to a day; what lies beyond counts as the end."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BINS, np.int64)

    def add(self, times_ms: NDArray[np.int64]) -> None:
        """Count times in ms; each is rounded down to 0.1 s, to which the lake keeps its own."""
        places = (np.clip(times_ms, SHORTEST_MS, LONGEST_MS) - SHORTEST_MS) // TIME_STEP_MS
        self._counts += np.bincount(places, minlength=_BINS)

    def row(self, day: date, hop: Hop) -> dict[str, Any] | None:
        """Return the row of `latency_daily`; None where nothing was measured."""
        upto = np.cumsum(self._counts)
        if not upto[-1]:
            return None
        shares = np.array([*_QUANTILES.values(), 1.0])
        places = np.searchsorted(upto, np.ceil(shares * upto[-1]))
        times_ms = (places * TIME_STEP_MS + SHORTEST_MS).astype(float).tolist()
        return {
            "day": day, "hop": hop.name, "explanation": hop.explanation, "measurements": int(upto[-1]),
            **dict(zip((*_QUANTILES, "longest_ms"), times_ms, strict=True)),
        }  # fmt: skip


def read_announced(lake: Lake, day: date) -> Times:
    """Return how long the alert events that landed on a day took until they were announced.

    An event of which nobody noted that, as before 2026-11-29, is left out.
    """
    events = lake.read(LAKE_ALERT_EVENTS, [("landed_date", "=", day)], ["received_at", "announced_at"])
    took = pc.subtract(events["announced_at"], events["received_at"]).drop_null()
    times = Times()
    times.add(took.cast(pa.int64()).to_numpy() // 1000)
    return times
