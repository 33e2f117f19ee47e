"""Where in time a recording is put, and when each of its rows is due."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """A recording of `length_s` seconds that is played `speed` times as fast as it was measured.

    At speed 1 the recording starts when the replay does. At a higher speed it is put in the past, so that it ends when
    the replay does: a device clock that ran ahead of the log's would be wrong, and the fold would not believe it.
    For a row `at_s` seconds into the recording, the measuring device's time is then never later than the time at which
    the row is sent: (length - at) * (1 / speed - 1) <= 0 for every speed >= 1. What goes on beyond its length has
    caught up with the clock, and is sent when it is measured.
    """

    started_s: float  # when the replay starts, seconds since 1970
    length_s: float
    speed: float

    def __post_init__(self) -> None:
        if not self.speed >= 1:
            raise ValueError(f"a recording is played at its own speed or faster; found {self.speed}; use 1 or more")

    def measured_at_s(self, at_s: float) -> float:
        """When, by the device's clock, a row was measured."""
        return self.started_s + self.length_s / self.speed - self.length_s + at_s

    def due_s(self, at_s: float) -> float:
        """When a row is to be sent."""
        return max(self.started_s + at_s / self.speed, self.measured_at_s(at_s))

    def reached_s(self, now_s: float) -> float:
        """How far into the recording the replay is at that time."""
        return math.inf if math.isinf(self.speed) else (now_s - self.started_s) * self.speed
