"""When a number is too old to look live: of one vital, of a bed, of the whole page. Pure; times in ms since 1970, UTC.

The page is late as a whole where what makes alarms, the log or the store is late: then no tile on it may look live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from clinical.conditions import GAP_PERIODS
from clinical.vitals import VITALS

PULSE_LATE_MS: Final = 10_000
LOG_LATE_MS: Final = 5_000  # the clock writes to each partition once a second
STORE_LATE_MS: Final = 6_000
LIVE_MS: Final = 10_000  # a monitor at 1 Hz that has said nothing for so long is not live
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
    if age_ms <= max(LIVE_MS, GAP_PERIODS * period_ms):
        return Freshness.LIVE
    return Freshness.OLD if age_ms <= _FRESH_MS[vital] else Freshness.GONE


@dataclass(frozen=True, slots=True)
class Signs:
    """When each part that the board depends on was last heard of; 0 = never. `store_error` is its last refusal."""

    started_ms: int
    pulse_ms: int = 0  # of the slowest lane
    log_ms: int = 0  # of the slowest partition
    store_ms: int = 0
    store_since_ms: int = 0  # since when it is asked
    store_error: str = ""


def faults(signs: Signs, now_ms: int) -> list[str]:
    """Return what is wrong with the page as a whole, in words; empty where it is live."""
    found = []
    pulse_age_ms = now_ms - max(signs.pulse_ms, signs.started_ms)
    if pulse_age_ms > PULSE_LATE_MS:
        found.append(f"ALARMS ARE LATE: the alarm process has given no sign for {pulse_age_ms // 1000} s.")
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
