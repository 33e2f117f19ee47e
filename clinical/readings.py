"""Readings: what one device measured at one time, value by value, and the score of the last values."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinical.alert import Event, Patient
from clinical.compiled import compiled
from clinical.limit_channel import calm_band, feed, gap
from clinical.news2 import news2
from clinical.rules import N_VITALS, NEVER, SCORE, Rules
from clinical.technical import hear, impossible, miss, regain
from clinical.vitals import HEART_RATE, INDEX, PULSE_RATE

_HEART_RATE: Final = INDEX[HEART_RATE.name]
_PULSE_RATE: Final = INDEX[PULSE_RATE.name]

# What is counted beside the events.
COUNTS: Final = ("late_values", "impossible_values", "repeated_readings")
LATE_VALUES, IMPOSSIBLE_VALUES, REPEATED_READINGS = range(3)


@compiled
def take_reading(
    rules: Rules, s: Patient, values: NDArray[np.float64], measured: int, period: int, received: int,
    entry: tuple[int, int], known: NDArray[np.float64], counts: NDArray[np.int64], events: list[Event],
) -> None:  # fmt: skip
    """Take what one device measured at one time."""
    clock = min(measured, received)
    given = 0
    news = 0
    possible = 0
    for v in range(N_VITALS):
        value = values[v]
        if np.isnan(value):
            continue
        signal = s.signals[v]
        given += 1
        last = min(signal.measured_at, signal.seen_at)
        # The same measured_at is the same value, also where the clock of its device runs ahead.
        if clock <= last or measured == signal.measured_at:
            counts[LATE_VALUES] += 1
            continue
        news += 1
        broken = clock - last > gap(rules, period)
        signal.measured_at = measured
        signal.seen_at = received
        signal.period = period
        signal.steady = not broken
        if signal.calm_low <= value <= signal.calm_high or is_decided(
            rules, s, v, value, clock, period, broken, received, entry, events
        ):
            signal.value = value
            signal.valued_at = clock
            possible += 1
        else:
            counts[IMPOSSIBLE_VALUES] += 1
    if given == 0 and clock > s.blank_clock and measured != s.blank_measured_at:
        s.blank_measured_at = measured
        s.blank_clock = clock
        news = 1
    if news == 0:
        counts[REPEATED_READINGS] += 1
        return
    shortest = shortest_period(rules, s, period, received)
    hear(rules, s, measured, period, received, entry, events)
    if news < N_VITALS:
        for v in range(N_VITALS):
            if np.isnan(values[v]):
                miss(rules, s, v, received, entry, events)
    if possible:
        take_score(rules, s, known, clock, shortest, received, entry, events)


@compiled
def is_decided(
    rules: Rules, s: Patient, v: int, value: float, clock: int, period: int, broken: bool, received: int,
    entry: tuple[int, int], events: list[Event],
) -> bool:  # fmt: skip
    """Decide on a value that is not calm; False where it is impossible and must not be used."""
    regain(rules, s, v, entry, events)
    if impossible(rules, s, v, value, clock, period, broken, received, entry, events):
        return False
    if v == _PULSE_RATE and has_heart_rate(rules, s, received):
        calm_band(s, rules, v)
    else:
        feed(s, rules, v, value, clock, period, received, entry, events)
    return True


@compiled
def has_heart_rate(rules: Rules, s: Patient, received: int) -> bool:
    """Say whether a heart rate is measured that can be true; where not, the pulse stands in for it."""
    heart = s.signals[_HEART_RATE]
    is_possible = heart.valued_at == min(heart.measured_at, heart.seen_at)
    return bool(is_possible and received - heart.seen_at <= gap(rules, heart.period))


@compiled
def shortest_period(rules: Rules, s: Patient, period: int, received: int) -> int:
    """Return the shortest period of the devices that are heard now, with that of the one just heard.

    The score is fed by all devices: a value charted once an hour must not make a passing artefact last.
    """
    if s.heard_at == NEVER or received - s.heard_at > gap(rules, s.period):
        return period
    return min(period, int(s.period))


@compiled
def take_score(
    rules: Rules, s: Patient, known: NDArray[np.float64], clock: int, period: int, received: int,
    entry: tuple[int, int], events: list[Event],
) -> None:  # fmt: skip
    """Score the last values while they are fresh, and hold the score against its limits."""
    score = s.signals[SCORE]
    score.valued_at = max(score.valued_at, clock)
    for v in range(N_VITALS):
        signal = s.signals[v]
        known[v] = signal.value if score.valued_at - signal.valued_at <= rules.fresh[v] else np.nan
    heart, pulse = s.signals[_HEART_RATE], s.signals[_PULSE_RATE]
    if pulse.valued_at - heart.valued_at > gap(rules, heart.period):
        known[_HEART_RATE] = np.nan  # an old heart rate does not hide the pulse that is measured now
    score.value, s.score_missing = news2(known, s.spo2_scale)
    if not score.calm_low <= score.value <= score.calm_high:
        feed(s, rules, SCORE, score.value, score.valued_at, period, received, entry, events)
