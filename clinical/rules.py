"""The catalogues as arrays: what the compiled fold is given. A backtest gives it other rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.conditions import (
    CHANNEL,
    CLOCK_SKEW,
    CLOCK_SKEW_S,
    DISCHARGE_KEPT_S,
    ESCALATION_S,
    FINDING_CONDITIONS,
    GAP_MIN_S,
    GAP_PERIODS,
    IMPOSSIBLE_S,
    LIMIT_CONDITIONS,
    MAX_SILENCE_S,
    NEWS2_TOTAL,
    NO_DATA,
    NO_DATA_S,
    SIGNAL_LOST_S,
    TECHNICAL_MEDIUM_S,
    LimitCondition,
)
from clinical.vitals import HEART_RATE, INDEX, PULSE_RATE, VITALS

FOREVER: Final = np.iinfo(np.int64).max
NEVER: Final = np.iinfo(np.int64).min // 4  # far enough back that no difference of two times overflows

N_VITALS: Final = len(VITALS)
SCORE: Final = N_VITALS  # where NEWS2 stands behind the vitals
N_LIMITS: Final = len(LIMIT_CONDITIONS)
N_FINDINGS: Final = len(FINDING_CONDITIONS)
N_CHANNELS: Final = len(CHANNEL)
ESCALATIONS: Final = max(len(steps) for steps in ESCALATION_S.values())
FIRST_TECHNICAL: Final = N_LIMITS + N_FINDINGS
NO_DATA_CHANNEL: Final = CHANNEL[NO_DATA.name]
CLOCK_SKEW_CHANNEL: Final = CHANNEL[CLOCK_SKEW.name]


# Rows of the catalogues as one record. Pairs are (medium, high); times are in ms.
RULES: Final = np.dtype(
    [
        ("side", "i8", (N_LIMITS,)),  # +1 = high side, -1 = low side
        ("inclusive", "i1", (N_LIMITS,)),
        ("limit", "f8", (N_LIMITS, 2)),  # defaults
        ("bound", "f8", (N_LIMITS, 2)),
        ("delay", "i8", (N_LIMITS, 2)),
        ("margin", "f8", (N_LIMITS,)),
        ("clear", "i8", (N_LIMITS,)),
        ("opposite", "i8", (N_LIMITS,)),  # the condition on the other side of the same vital, or -1
        ("first", "i8", (N_VITALS + 1,)),  # the limit conditions of a vital are first .. last - 1
        ("last", "i8", (N_VITALS + 1,)),
        ("twin", "i8", (N_VITALS + 1,)),  # the vital that feeds the same conditions, or -1
        ("possible", "f8", (N_VITALS + 1, 2)),
        ("fresh", "i8", (N_VITALS,)),
        ("signal_lost", "i8", (N_VITALS + 1,)),  # channel, or -1 for what a person charts
        ("impossible", "i8", (N_VITALS + 1,)),  # channel, or -1
        ("finding_priority", "i8", (N_FINDINGS,)),
        ("escalation", "i8", (4, ESCALATIONS)),  # by priority; FOREVER = no such step
        ("gap_periods", "i8"),
        ("gap_min", "i8"),
        ("no_data_after", "i8"),
        ("signal_lost_after", "i8"),
        ("impossible_after", "i8"),
        ("clock_skew_over", "i8"),
        ("technical_medium_after", "i8"),
        ("max_silence", "i8"),
        ("discharge_kept", "i8"),
    ],
    align=True,
)
Rules: TypeAlias = Any  # one record of RULES


def _per_vital(prefix: str) -> NDArray[np.int64]:
    return np.array([*(CHANNEL.get(f"{prefix}_{vital.name}", -1) for vital in VITALS), -1])


def _opposites(conditions: Sequence[LimitCondition]) -> NDArray[np.int64]:
    place: dict[tuple[str, str], int] = {(c.vital, c.side): i for i, c in enumerate(conditions)}
    other = {"low": "high", "high": "low"}
    return np.array([place.get((c.vital, other[c.side]), -1) for c in conditions])


def rules_of(conditions: Sequence[LimitCondition] = LIMIT_CONDITIONS) -> np.recarray:
    """Render limit conditions, in the order of the catalogue, and everything else: (1,) record of RULES."""
    if tuple(c.name for c in conditions) != tuple(c.name for c in LIMIT_CONDITIONS):
        raise ValueError("rules are rendered from the conditions of the catalogue, in its order; found others")
    vital_of = np.array([SCORE if c.vital == NEWS2_TOTAL else INDEX[c.vital] for c in conditions])
    rules = np.zeros(1, RULES).view(np.recarray)
    rules["side"] = [1 if c.side == "high" else -1 for c in conditions]
    rules["inclusive"] = [c.inclusive for c in conditions]
    rules["limit"] = [c.limit for c in conditions]
    rules["bound"] = [c.bound for c in conditions]
    rules["delay"] = np.array([c.delay_s for c in conditions]) * 1000
    rules["margin"] = [c.margin for c in conditions]
    rules["clear"] = np.array([c.clear_s for c in conditions]) * 1000
    rules["opposite"] = _opposites(conditions)
    rules["first"] = np.searchsorted(vital_of, np.arange(N_VITALS + 1), side="left")
    rules["last"] = np.searchsorted(vital_of, np.arange(N_VITALS + 1), side="right")
    heart, pulse = INDEX[HEART_RATE.name], INDEX[PULSE_RATE.name]
    rules["twin"] = -1
    rules["twin"][0, heart], rules["twin"][0, pulse] = pulse, heart
    rules["first"][0, pulse], rules["last"][0, pulse] = rules["first"][0, heart], rules["last"][0, heart]
    rules["possible"] = [*(vital.possible for vital in VITALS), (0, np.inf)]
    rules["fresh"] = np.array([vital.fresh_s for vital in VITALS]) * 1000
    rules["signal_lost"] = _per_vital("signal_lost")
    rules["impossible"] = _per_vital("impossible_value")
    rules["finding_priority"] = [finding.priority for finding in FINDING_CONDITIONS]
    rules["escalation"] = FOREVER
    for priority, steps_s in ESCALATION_S.items():
        rules["escalation"][0, priority, : len(steps_s)] = np.array(steps_s) * 1000
    rules["gap_periods"] = GAP_PERIODS
    rules["gap_min"] = GAP_MIN_S * 1000
    rules["no_data_after"] = NO_DATA_S * 1000
    rules["signal_lost_after"] = SIGNAL_LOST_S * 1000
    rules["impossible_after"] = IMPOSSIBLE_S * 1000
    rules["clock_skew_over"] = CLOCK_SKEW_S * 1000
    rules["technical_medium_after"] = TECHNICAL_MEDIUM_S * 1000
    rules["max_silence"] = MAX_SILENCE_S * 1000
    rules["discharge_kept"] = DISCHARGE_KEPT_S * 1000
    return rules
