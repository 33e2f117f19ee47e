"""One patient's limits: defaults, above them the nightly layer, above that a clinician's; and the policy they keep."""

from __future__ import annotations

import numpy as np

from clinical.alert import (
    BEYOND_POLICY,
    CROSSED,
    EXPIRED,
    HIGH_IS_COMMON,
    NO_REASON,
    STALE_VERSION,
    UNKNOWN_CONDITION,
    Event,
    Patient,
    refuse,
)
from clinical.compiled import compiled
from clinical.rules import N_LIMITS, NEVER, SCORE, Rules
from clinical.state import CLINICIAN, LAYERS, NIGHTLY, LimitSets


@compiled
def take_limits(
    s: Patient, rules: Rules, sets: LimitSets, row: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Accept a `limits` message as a whole, or refuse it with a reason. A repeated message changes nothing."""
    layer = sets.layer[row]
    if sets.version[row] == s.layer_version[layer] and is_repeated(s, rules, sets, row, received):
        return
    reason = fault(s, rules, sets, row, received)
    if reason != NO_REASON:
        refuse(s, -1, entry, reason, events)
        return
    s.layer_version[layer] = sets.version[row]
    for c in range(N_LIMITS):
        if sets.given[row, c] == 1:
            for k in range(2):
                s.set_limit[layer, c, k] = proposed(rules, sets, row, c, k)
            s.set_version[layer, c] = sets.version[row]
            s.set_until[layer, c] = sets.until[row]
        elif sets.given[row, c] == -1:
            forget_limits(s, layer, c)
    settle_limits(s, rules)


@compiled
def is_repeated(s: Patient, rules: Rules, sets: LimitSets, row: int, received: int) -> bool:
    """Say whether a message of the version in force says what is in force, or what has expired since."""
    if sets.until[row] <= received:
        return True
    layer, version = sets.layer[row], sets.version[row]
    for c in range(N_LIMITS):
        is_told = not np.isnan(s.set_limit[layer, c, 0]) and s.set_version[layer, c] == version
        if (sets.given[row, c] == 1) != is_told:
            return False
        if is_told and s.set_until[layer, c] != sets.until[row]:
            return False
        for k in range(2):
            if is_told and s.set_limit[layer, c, k] != proposed(rules, sets, row, c, k):
                return False
    return True


@compiled
def proposed(rules: Rules, sets: LimitSets, row: int, c: int, k: int) -> float:
    """Return a limit as the message means it: the default where it gives null."""
    limit = sets.limit[row, c, k]
    return float(rules.limit[c, k] if np.isnan(limit) else limit)


@compiled
def fault(s: Patient, rules: Rules, sets: LimitSets, row: int, received: int) -> int:
    """Say which rule a `limits` message breaks, NO_REASON if none."""
    if sets.version[row] <= s.layer_version[sets.layer[row]]:
        return STALE_VERSION
    if sets.until[row] <= received:
        return EXPIRED
    if sets.unknown[row]:
        return UNKNOWN_CONDITION
    for c in range(N_LIMITS):
        if sets.given[row, c] == 1:
            reason = fault_of_condition(s, rules, sets, row, c)
            if reason != NO_REASON:
                return reason
    return NO_REASON


@compiled
def fault_of_condition(s: Patient, rules: Rules, sets: LimitSets, row: int, c: int) -> int:
    """Say which rule the limits given for one condition break."""
    side = rules.side[c]
    medium = proposed(rules, sets, row, c, 0)
    high = proposed(rules, sets, row, c, 1)
    if side * medium > side * high:
        return CROSSED
    if side * medium > side * rules.bound[c, 0] or side * high > side * rules.bound[c, 1]:
        return BEYOND_POLICY
    if sets.layer[row] == NIGHTLY and high != rules.limit[c, 1]:
        return HIGH_IS_COMMON
    other = rules.opposite[c]
    if other >= 0:
        opposite = s.limit[other, 0]
        if sets.given[row, other] == 1:
            opposite = proposed(rules, sets, row, other, 0)
        if side * medium <= side * opposite:
            return CROSSED
    return NO_REASON


@compiled
def forget_limits(s: Patient, layer: int, c: int) -> None:
    """Take back what a layer says of one condition."""
    s.set_limit[layer, c, 0] = np.nan
    s.set_limit[layer, c, 1] = np.nan
    s.set_version[layer, c] = 0
    s.set_until[layer, c] = 0


@compiled
def expire_limits(s: Patient, rules: Rules, received: int) -> None:
    """Take back what has run out."""
    expired = False
    for layer in range(LAYERS):
        for c in range(N_LIMITS):
            if not np.isnan(s.set_limit[layer, c, 0]) and s.set_until[layer, c] <= received:
                forget_limits(s, layer, c)
                expired = True
    if expired:
        settle_limits(s, rules)


@compiled
def settle_limits(s: Patient, rules: Rules) -> None:
    """Put the limits in force. One that changes starts its delays anew: they were counted against another number."""
    for c in range(N_LIMITS):
        layer = CLINICIAN
        while layer >= NIGHTLY and np.isnan(s.set_limit[layer, c, 0]):
            layer -= 1
        s.limit_version[c] = s.set_version[layer, c] if layer >= NIGHTLY else 0
        for k in range(2):
            limit = s.set_limit[layer, c, k] if layer >= NIGHTLY else rules.limit[c, k]
            if limit != s.limit[c, k]:
                s.limit[c, k] = limit
                s.beyond_since[c, k] = NEVER
                s.back_since[c, k] = NEVER
    for v in range(SCORE + 1):
        s.signals[v].calm_low = np.inf
        s.signals[v].calm_high = -np.inf
    s.due_at = NEVER
