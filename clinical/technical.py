"""What time alone brings about, and measurements that are missing or cannot be true."""

from __future__ import annotations

import numpy as np

from clinical.alert import (
    CLEAR,
    ESCALATE,
    NO_REASON,
    Event,
    Patient,
    close,
    emit,
    end_silence,
    escalate_next,
    open_alert,
    worsen,
)
from clinical.compiled import compiled
from clinical.conditions import LOW, MEDIUM
from clinical.limit_channel import lasted, went_on
from clinical.limits import expire_limits
from clinical.rules import (
    CLOCK_SKEW_CHANNEL,
    FIRST_TECHNICAL,
    FOREVER,
    N_CHANNELS,
    NEVER,
    NO_DATA_CHANNEL,
    Rules,
)


@compiled
def hear(
    rules: Rules, s: Patient, measured: int, period: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Note that a device was heard, and whether its clock can be right.

    The shortest period of the devices heard tells when silence becomes a condition; a silence that a slower device
    ends leaves that device's period.
    """
    if s.level[NO_DATA_CHANNEL] > 0:
        close(s, NO_DATA_CHANNEL, CLEAR, entry, events)
        s.period = period
    elif period < s.period:
        s.period = period
        s.due_at = NEVER
    s.heard_at = received
    if measured - received > rules.clock_skew_over:
        s.skewed_at = received
        if s.level[CLOCK_SKEW_CHANNEL] == 0:
            open_alert(s, rules, CLOCK_SKEW_CHANNEL, LOW, received, received, entry, events)
    elif s.level[CLOCK_SKEW_CHANNEL] > 0 and received - s.skewed_at > silence_after(rules, s):
        close(s, CLOCK_SKEW_CHANNEL, CLEAR, entry, events)


@compiled
def silence_after(rules: Rules, s: Patient) -> int:
    """Return after how many ms without a reading a patient counts as silent."""
    return int(max(rules.no_data_after, rules.gap_periods * s.period))


@compiled
def miss(rules: Rules, s: Patient, v: int, received: int, entry: tuple[int, int], events: list[Event]) -> None:
    """A reading came without a vital: a signal that was there is lost after a while."""
    signal = s.signals[v]
    c = rules.signal_lost[v]
    if c < 0 or not signal.steady or s.level[c] > 0:
        return
    if received - signal.seen_at >= max(rules.signal_lost_after, rules.gap_periods * signal.period):
        signal.calm_low, signal.calm_high = np.inf, -np.inf
        if rules.impossible[v] >= 0 and s.level[rules.impossible[v]] > 0:
            close(s, rules.impossible[v], CLEAR, entry, events)  # nothing comes any more that could be impossible
        open_alert(s, rules, c, LOW, received, received, entry, events)


@compiled
def regain(rules: Rules, s: Patient, v: int, entry: tuple[int, int], events: list[Event]) -> None:
    """A value came: its signal is not lost."""
    c = rules.signal_lost[v]
    if c >= 0 and s.level[c] > 0:
        close(s, c, CLEAR, entry, events)


@compiled
def impossible(
    rules: Rules, s: Patient, v: int, value: float, clock: int, period: int, broken: bool, received: int,
    entry: tuple[int, int], events: list[Event],
) -> bool:  # fmt: skip
    """Say whether a value is impossible, which for longer than a while is a condition of its own."""
    signal = s.signals[v]
    is_so = value < rules.possible[v, 0] or value > rules.possible[v, 1]
    signal.impossible_since = went_on(signal.impossible_since, is_so, clock, broken)
    c = rules.impossible[v]
    if c >= 0 and s.level[c] > 0 and not is_so:
        close(s, c, CLEAR, entry, events)
    if is_so:
        signal.calm_low, signal.calm_high = np.inf, -np.inf
        if c >= 0 and s.level[c] == 0 and lasted(signal.impossible_since, clock, rules.impossible_after + 1, period):
            open_alert(s, rules, c, LOW, clock, received, entry, events)
    return bool(is_so)


@compiled
def watch(rules: Rules, s: Patient, received: int, entry: tuple[int, int], events: list[Event]) -> None:
    """Do for one patient what is due, and note when something will be due next."""
    expire_limits(s, rules, received)
    if s.level[NO_DATA_CHANNEL] == 0 and s.heard_at != NEVER and received - s.heard_at >= silence_after(rules, s):
        open_alert(s, rules, NO_DATA_CHANNEL, LOW, received, received, entry, events)
    for c in range(N_CHANNELS):
        if s.level[c] > 0:
            watch_alert(rules, s, c, received, entry, events)
    s.due_at = next_due(rules, s)


@compiled
def watch_alert(rules: Rules, s: Patient, c: int, received: int, entry: tuple[int, int], events: list[Event]) -> None:
    """Do for one open alert what is due."""
    if s.silenced_until[c] != NEVER and s.silenced_until[c] <= received:
        end_silence(s, c, NO_REASON, entry, events)
    if c >= FIRST_TECHNICAL and s.level[c] == LOW and received - s.level_since[c] >= rules.technical_medium_after:
        worsen(s, rules, c, MEDIUM, received, entry, events)
    while s.escalate_at[c] <= received:  # all that is due, so that the same tick again finds nothing to do
        s.escalation[c] += 1
        escalate_next(s, rules, c, s.level_since[c])
        emit(s, c, ESCALATE, entry, NO_REASON, -1, events)


@compiled
def next_due(rules: Rules, s: Patient) -> int:
    """Return the earliest time at which a tick can change something."""
    due = FOREVER
    if s.level[NO_DATA_CHANNEL] == 0 and s.heard_at != NEVER:
        due = s.heard_at + silence_after(rules, s)
    for c in range(N_CHANNELS):
        if s.level[c] > 0:
            due = min(due, s.escalate_at[c])
            if s.silenced_until[c] != NEVER:
                due = min(due, s.silenced_until[c])
            if c >= FIRST_TECHNICAL and s.level[c] == LOW:
                due = min(due, s.level_since[c] + rules.technical_medium_after)
    for layer in range(s.set_limit.shape[0]):
        for c in range(s.set_limit.shape[1]):
            if not np.isnan(s.set_limit[layer, c, 0]):
                due = min(due, s.set_until[layer, c])
    return due
