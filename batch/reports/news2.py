"""NEWS2 of a day as it would be charted: at each full hour, from the last values that are still fresh."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from clinical.compiled import compiled
from clinical.conditions import NEWS2_TOTAL
from clinical.news2 import news2
from clinical.vitals import VITALS

HOURS: Final = 24
HOUR_MS: Final = 3_600_000
UNIT: Final = "{score}"
_NEVER: Final = -1
_N_VITALS: Final = len(VITALS)
_LOWEST: Final = np.array([vital.possible[0] for vital in VITALS])
_HIGHEST: Final = np.array([vital.possible[1] for vital in VITALS])
_FRESH_MS: Final = np.array([vital.fresh_s * 1000 for vital in VITALS])


class HourlyScores:
    """The last value of each vital in each hour of a day, patient by patient: in whatever order readings come."""

    def __init__(self, day: date) -> None:
        self._begin_ms = round(datetime.combine(day, time(), UTC).timestamp() * 1000)
        self._at_ms, self._values = _nothing(64)

    def add(self, row: NDArray[np.int64], measured_ms: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Take in readings.

        Parameters
        ----------
        row : (n,) int64
            The patient's row. Readings of another day and impossible values are left out.
        values : (n, len(VITALS)) float array
            In catalogue order; NaN = not measured.
        """
        while len(row) and row.max() >= len(self._at_ms):
            at_ms, more = _nothing(len(self._at_ms))
            self._at_ms = np.concatenate([self._at_ms, at_ms])
            self._values = np.concatenate([self._values, more])
        keep_last(self._at_ms, self._values, row, measured_ms - self._begin_ms, values)

    def row(self, patient: int, spo2_scale: int) -> dict[str, Any] | None:
        """Return the score's part of a row of `vitals_daily`; None where nothing was measured.

        A parameter that is not known counts 0, so each score is a lower bound.
        """
        scores = hourly(self._at_ms[patient], self._values[patient], spo2_scale)
        scores = scores[scores >= 0]
        if not len(scores):
            return None
        return {
            "vital": NEWS2_TOTAL, "unit": UNIT, "values_count": len(scores), "lowest_value": float(scores.min()),
            "highest_value": float(scores.max()), "mean_value": float(scores.mean()),
            "median_value": float(np.median(scores)),
        }  # fmt: skip


def _nothing(rows: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.full((rows, HOURS, _N_VITALS), _NEVER, np.int64), np.full((rows, HOURS, _N_VITALS), np.nan)


@compiled
def keep_last(
    at_ms: NDArray[np.int64], last: NDArray[np.float64], row: NDArray[np.int64], measured_ms: NDArray[np.int64],
    values: NDArray[np.float64],
) -> None:  # fmt: skip
    """Keep each vital's latest value of each hour; times are ms since the day began."""
    for i in range(len(row)):
        hour = measured_ms[i] // HOUR_MS
        if not 0 <= hour < HOURS:
            continue
        for v in range(_N_VITALS):
            value = values[i, v]
            if _LOWEST[v] <= value <= _HIGHEST[v] and measured_ms[i] >= at_ms[row[i], hour, v]:
                at_ms[row[i], hour, v] = measured_ms[i]
                last[row[i], hour, v] = value


@compiled
def hourly(at_ms: NDArray[np.int64], last: NDArray[np.float64], spo2_scale: int) -> NDArray[np.int64]:
    """Return the score at the end of each hour, (24,); -1 where nothing was measured within the hour."""
    known_ms = np.full(_N_VITALS, _NEVER)
    known = np.full(_N_VITALS, np.nan)
    scores = np.full(HOURS, -1)
    for hour in range(HOURS):
        end_ms = (hour + 1) * HOUR_MS
        heard = False
        for v in range(_N_VITALS):
            if at_ms[hour, v] != _NEVER:
                known_ms[v], known[v] = at_ms[hour, v], last[hour, v]
                heard = True
            if end_ms - known_ms[v] > _FRESH_MS[v]:
                known[v] = np.nan
        if heard:
            scores[hour] = news2(known, spo2_scale)[0]
    return scores
