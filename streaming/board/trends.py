"""Where a vital is going: an arrow over ten minutes, and a line of the last thirty. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from clinical.conditions import LIMIT_CONDITIONS, TECHNICAL_CONDITIONS
from clinical.policy import POLICY
from clinical.vitals import HEART_RATE, SPO2
from streaming.board.history import STEP_MS, Floats, Ints

MINUTE_MS: Final = 60_000
NOW_MS: Final = 2 * MINUTE_MS  # the median of so long is how the patient is now ...
BEFORE_MS: Final = (12 * MINUTE_MS, 8 * MINUTE_MS)  # ... and of this stretch how it was
FEWEST: Final = 3
STEEP: Final = 3.0  # spreads

VITAL_OF: Final[dict[str, str | None]] = {
    **{condition.name: condition.vital for condition in LIMIT_CONDITIONS},
    **{condition.name: condition.vital for condition in TECHNICAL_CONDITIONS},
}
# What a display and a quiet night leave open says nothing about a direction: the least spread of the limits policy.
SPREADS: Final = {VITAL_OF[limit.condition]: limit.least_spread for limit in POLICY.personal}

MOST_KEPT: Final = 10_000
SPARKED: Final = (HEART_RATE.name, SPO2.name)
SPARK_MS: Final = 30 * MINUTE_MS
SPARK_POINTS: Final = 60
SPARK_WIDTH: Final = 100.0
SPARK_HEIGHT: Final = 24.0


@dataclass(frozen=True, slots=True)
class Trend:
    """An arrow and a sparkline; either may be empty."""

    arrow: str
    sparkline: str


class Trends:
    """The trends of patients, each worked out once in ten seconds, which is how often a course has a new value.

    Parameters
    ----------
    course
        As `History.course`: patient and vital -> times in ms, values.
    """

    def __init__(self, course: Callable[[str, str], tuple[Ints, Floats]]) -> None:
        self._course = course
        self._of = lru_cache(maxsize=MOST_KEPT)(self._worked_out)

    def of(self, patient_id: str, vital: str, now_ms: int) -> Trend:
        """Return where a vital of a patient is going."""
        return self._of(patient_id, vital, now_ms // STEP_MS + 1)

    def _worked_out(self, patient_id: str, vital: str, step: int) -> Trend:
        at_ms, values = self._course(patient_id, vital)
        now_ms = step * STEP_MS
        return Trend(
            arrow(vital, at_ms, values, now_ms),
            sparkline(vital, at_ms, values, now_ms) if vital in SPARKED else "",
        )


def arrow(vital: str, at_ms: Ints, values: Floats, now_ms: int) -> str:
    """Return where a vital has gone within ten minutes: ↑ ↗ → ↘ ↓, or nothing where too little is known.

    Parameters
    ----------
    at_ms, values : (n,) arrays
        As `History.course` gives them.
    """
    spread = SPREADS.get(vital)
    if spread is None:
        return ""
    now = values[at_ms > now_ms - NOW_MS]
    before = values[(at_ms > now_ms - BEFORE_MS[0]) & (at_ms <= now_ms - BEFORE_MS[1])]
    if len(now) < FEWEST or len(before) < FEWEST:
        return ""
    change = (float(np.median(now)) - float(np.median(before))) / spread
    if abs(change) < 1:
        return "→"
    if abs(change) < STEEP:
        return "↗" if change > 0 else "↘"
    return "↑" if change > 0 else "↓"


def sparkline(vital: str, at_ms: Ints, values: Floats, now_ms: int) -> str:
    """Return the last 30 minutes as the `d` of an SVG path in a box of 100 x 24; a gap in the data is a gap in it.

    The height is at least six spreads of the vital, so that noise does not look like a crisis.
    """
    recent = at_ms > now_ms - SPARK_MS
    if not recent.any():
        return ""
    place = (at_ms[recent] - (now_ms - SPARK_MS)) * SPARK_POINTS // SPARK_MS
    place = np.minimum(place, SPARK_POINTS - 1)
    counts = np.bincount(place, minlength=SPARK_POINTS)
    means = np.bincount(place, values[recent], SPARK_POINTS) / np.maximum(counts, 1)
    known = np.flatnonzero(counts)
    low, high = float(means[known].min()), float(means[known].max())
    room = max(high - low, 6 * SPREADS.get(vital, 0.0), 1e-9)
    low = (low + high - room) / 2
    x = known * (SPARK_WIDTH / (SPARK_POINTS - 1))
    y = (1 - (means[known] - low) / room) * SPARK_HEIGHT
    begins = np.diff(known, prepend=-9) > 2  # noqa: PLR2004  one empty minute is a gap
    return "".join(
        f"{'M' if begin else 'L'}{across:.0f} {down:.1f}" for across, down, begin in zip(x, y, begins, strict=True)
    )
