"""A value meets its limits: onset after a delay, hysteresis on the way back."""

from __future__ import annotations

import numpy as np

from clinical.alert import CLEAR, Event, Patient, close, ease, open_alert, worsen
from clinical.compiled import compiled
from clinical.conditions import MEDIUM
from clinical.rules import NEVER, Rules


@compiled
def gap(rules: Rules, period: int) -> int:
    """Return the longest time, in ms, between two values that still follow each other."""
    return int(max(rules.gap_periods * period, rules.gap_min))


@compiled
def lasted(since: int, clock: int, delay: int, period: int) -> bool:
    """Say whether something has gone on for a delay. Of a value charted more seldom than that, one is enough."""
    return since != NEVER and (clock - since >= delay or period >= delay)


@compiled
def is_beyond(rules: Rules, c: int, value: float, limit: float) -> bool:
    """Say whether a value lies on the wrong side of a limit."""
    over = rules.side[c] * (value - limit)
    return bool(over > 0 or (rules.inclusive[c] and over == 0))


@compiled
def is_back(rules: Rules, v: int, c: int, value: float, limit: float) -> bool:
    """Say whether a value of vital `v` has come back past a limit by the margin, or as far as is possible."""
    if value == rules.possible[v, 0 if rules.side[c] > 0 else 1]:
        return not is_beyond(rules, c, value, limit)
    # A tenth of a unit is the finest that a value has: half of it keeps sums of decimals from missing equality.
    return bool(rules.side[c] * (limit - value) >= rules.margin[c] - 0.05)


@compiled
def calm_band(s: Patient, rules: Rules, v: int) -> None:
    """Note the values of a vital that need no decision: possible, within all limits, nothing pending or open."""
    low, high = rules.possible[v, 0], rules.possible[v, 1]
    lost = rules.signal_lost[v]
    if s.signals[v].impossible_since != NEVER or (lost >= 0 and s.level[lost] > 0):
        low, high = np.inf, -np.inf
    for c in range(rules.first[v], rules.last[v]):
        if s.level[c] > 0 or s.beyond_since[c, 0] != NEVER or s.beyond_since[c, 1] != NEVER:
            low, high = np.inf, -np.inf
        edge = s.limit[c, 0]
        if rules.inclusive[c]:
            edge = np.nextafter(edge, -rules.side[c] * np.inf)
        if rules.side[c] > 0:
            high = min(high, edge)
        else:
            low = max(low, edge)
    s.signals[v].calm_low, s.signals[v].calm_high = low, high


@compiled
def feed(
    s: Patient, rules: Rules, v: int, value: float, clock: int, period: int, received: int,
    entry: tuple[int, int], events: list[Event],
) -> None:  # fmt: skip
    """Hold a value of vital `v` (or the score) against its limits."""
    for c in range(rules.first[v], rules.last[v]):
        feed_channel(s, rules, v, c, value, clock, period, received, entry, events)
    calm_band(s, rules, v)
    if rules.twin[v] >= 0:
        calm_band(s, rules, rules.twin[v])


@compiled
def feed_channel(
    s: Patient, rules: Rules, v: int, c: int, value: float, clock: int, period: int, received: int,
    entry: tuple[int, int], events: list[Event],
) -> None:  # fmt: skip
    """Move one channel on by one value."""
    if clock <= s.fed[c]:
        return
    broken = clock - s.fed[c] > gap(rules, period)
    s.fed[c] = clock
    s.fed_value[c] = value
    reached = 0
    for k in range(2):
        limit = s.limit[c, k]
        s.beyond_since[c, k] = went_on(s.beyond_since[c, k], is_beyond(rules, c, value, limit), clock, broken)
        s.back_since[c, k] = went_on(s.back_since[c, k], is_back(rules, v, c, value, limit), clock, broken)
        if lasted(s.beyond_since[c, k], clock, rules.delay[c, k], period):
            reached = MEDIUM + k
    level = s.level[c]
    if reached > level:
        if level == 0:
            open_alert(s, rules, c, reached, clock, received, entry, events)
        else:
            worsen(s, rules, c, reached, received, entry, events)
    elif level > 0:
        held = level
        while held >= MEDIUM and lasted(s.back_since[c, held - MEDIUM], clock, rules.clear[c], period):
            held -= 1
        if held < MEDIUM:
            close(s, c, CLEAR, entry, events)
        elif held < level:
            ease(s, rules, c, held, received, entry, events)


@compiled
def went_on(since: int, is_so: bool, clock: int, broken: bool) -> int:
    """Return since when something has been so, without a gap."""
    if not is_so:
        return NEVER
    return clock if since == NEVER or broken else since
