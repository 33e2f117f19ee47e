"""When a number is too old to look live: of one vital, of a bed, of the whole page. Pure; times in ms since 1970, UTC.

The page is late as a whole where what makes alarms, the log or the store is late: then no tile on it may look live.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from clinical.conditions import GAP_PERIODS
from clinical.vitals import VITALS

ALARMS_LATE_MS: Final = 10_000
LOG_LATE_MS: Final = 5_000  # the clock writes to each partition once a second
STORE_LATE_MS: Final = 6_000
LIVE_MS: Final = 10_000  # a monitor at 1 Hz that has said nothing for so long is not live
LONGEST_LIVE_MS: Final = 60_000  # nothing older is, however seldom its device measures: it was charted, or spot-checked
CONNECTION_LATE_MS: Final = 5_000  # the same in the browser, told to it by the page

_FRESH_MS: Final = {vital.name: vital.fresh_s * 1000 for vital in VITALS}


class Freshness(StrEnum):
    """How a value may be shown."""

    LIVE = "live"
    OLD = "old"  # charted, or the signal is gone: grey, with its age
    GONE = "gone"  # older than it may count in NEWS2: not shown


def of_value(vital: str, at_ms: int, period_ms: int, now_ms: int) -> Freshness:
    """Return how a value of a vital may be shown, measured then by a device with that period."""
    age_ms = now_ms - at_ms
    if age_ms <= min(max(LIVE_MS, GAP_PERIODS * period_ms), LONGEST_LIVE_MS):
        return Freshness.LIVE
    return Freshness.OLD if age_ms <= _FRESH_MS[vital] else Freshness.GONE


def of_score(scored_ms: int, measured_ms: Mapping[str, int], now_ms: int) -> Freshness:
    """Return how a NEWS2 of then may be shown: no longer once a value that counted in it counts no more.

    Parameters
    ----------
    measured_ms
        Vital -> when its last value was measured, as the speed layer knew them with the score. It writes both every
        10 s and they are read every 10 s, so that the score of a monitor is live for a minute.
    """
    if now_ms - scored_ms <= LONGEST_LIVE_MS:
        return Freshness.LIVE
    counted = (
        at_ms + _FRESH_MS[vital] for vital, at_ms in measured_ms.items() if scored_ms - at_ms <= _FRESH_MS[vital]
    )
    return Freshness.OLD if now_ms <= min(counted, default=scored_ms) else Freshness.GONE


@dataclass(frozen=True, slots=True)
class Signs:
    """When each part that the board depends on was last heard of; 0 = never. `store_error` is its last refusal."""

    started_ms: int
    alarms_ms: int = 0  # the alarms of what the log had until then are out, of the slowest partition
    log_ms: int = 0  # of the slowest partition
    store_ms: int = 0
    store_since_ms: int = 0  # since when it is asked
    store_error: str = ""


def faults(signs: Signs, now_ms: int) -> list[str]:
    """Return what is wrong with the page as a whole, in words; empty where it is live."""
    found = []
    alarms_age_ms = now_ms - max(signs.alarms_ms, signs.started_ms)
    if alarms_age_ms > ALARMS_LATE_MS:
        found.append(f"ALARMS ARE LATE: those of the last {alarms_age_ms // 1000} s may be missing.")
    log_age_ms = now_ms - max(signs.log_ms, signs.started_ms)
    if log_age_ms > LOG_LATE_MS:
        found.append(f"NO READINGS ARRIVE: the log has been silent for {log_age_ms // 1000} s.")
    if signs.store_error or now_ms - max(signs.store_ms, signs.store_since_ms) > STORE_LATE_MS:
        since = f"those of {clock(signs.store_ms)} UTC" if signs.store_ms else "not known"
        found.append(f"THE STORE OF ALARMS DOES NOT ANSWER: the alarms shown are {since}.")
    return found


def clock(at_ms: int) -> str:
    """Return the time of day."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%H:%M:%S}"
