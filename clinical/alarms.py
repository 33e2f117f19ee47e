"""The fold: alarms are a pure function of the order of the log.

`fold(rules, state, entries, ...)` moves the state on by a stretch of the log and returns the events. It reads no
clock: readings carry `measured_at`, the broker stamps `received_at`, and ticks move time on where a patient is silent.
Where one stretch ends and the next begins changes nothing.

The alarm clock of a reading is min(measured_at, received_at): a device whose clock runs ahead cannot blind the fold.
Order is kept per patient and vital; an older value than the last is late: counted, never fed to a limit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from clinical.alert import (
    CLEAR,
    DISCHARGED,
    END_PASSED,
    NEEDS_END,
    NO_REASON,
    NOT_OPEN,
    TOO_LONG,
    TRANSFERRED,
    UNKNOWN_CONDITION,
    UNSILENCED,
    Event,
    Patient,
    acknowledge,
    close,
    emit,
    end_silence,
    open_alert,
    refuse,
    silence,
)
from clinical.compiled import compiled
from clinical.limit_channel import calm_band, feed, gap
from clinical.limits import take_limits
from clinical.news2 import news2
from clinical.rules import N_CHANNELS, N_LIMITS, N_VITALS, NEVER, SCORE, Rules
from clinical.state import (
    ACKNOWLEDGE,
    ADMISSION,
    ALL_CHANNELS,
    COMMAND,
    DISCHARGE,
    FINDING,
    LIMITS,
    READING,
    SILENCE,
    TICK,
    Admissions,
    Commands,
    Entries,
    Findings,
    Patients,
)
from clinical.technical import hear, impossible, miss, regain, watch
from clinical.vitals import HEART_RATE, INDEX, PULSE_RATE

_HEART_RATE: Final = INDEX[HEART_RATE.name]
_PULSE_RATE: Final = INDEX[PULSE_RATE.name]

# What is counted beside the events.
COUNTS: Final = ("late_values", "impossible_values", "repeated_readings")
LATE_VALUES, IMPOSSIBLE_VALUES, REPEATED_READINGS = range(3)


@compiled
def fold(
    rule_table: np.recarray, state: Patients, blank: Patients, entries: Entries, counts: NDArray[np.int64]
) -> list[Event]:
    """Fold a stretch of the log.

    Parameters
    ----------
    rule_table : (1,) record of RULES
    state : (patients,) records of PATIENT
        Changed in place. Every `entries.patient` names a row.
    blank : (1,) record of PATIENT
        A patient of whom nothing is known; what a discharge leaves behind.
    entries : Entries
        In order of partition and offset.
    counts : (len(COUNTS),) int64
        Added to in place.

    Returns
    -------
    list of Event
        In the order of the entries; within a tick in the order of the rows of `state`.
    """
    events = [Event(0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 0, 0, 0, 0, 0, 0, 0)]
    rules = rule_table[0]
    events.clear()  # typed by its first element, as Numba needs it
    known = np.empty(N_VITALS)
    for i in range(len(entries.kind)):
        received = entries.received_at[i]
        if entries.kind[i] == TICK:
            take_tick(rules, state, entries.partition[i], received, i, events)
            continue
        p = entries.patient[i]
        s = state[p]
        s.known = 1
        s.partition = entries.partition[i]
        if entries.kind[i] == READING:
            measured = entries.measured_at[i]
            take_reading(
                rules, s, entries.values[i], measured, entries.period[i], received, (i, p), known, counts, events
            )
        elif entries.kind[i] == FINDING:
            clock = min(entries.measured_at[i], received)
            take_finding(rules, s, entries.findings, entries.detail[i], clock, received, (i, p), counts, events)
        elif entries.kind[i] == LIMITS:
            take_limits(s, rules, entries.limits, entries.detail[i], received, (i, p), events)
        elif entries.kind[i] == COMMAND:
            take_command(rules, s, entries.commands, entries.detail[i], received, (i, p), events)
        elif entries.kind[i] == ADMISSION:
            take_admission(s, entries.admissions, entries.detail[i], (i, p), events)
            if entries.admissions.event[entries.detail[i]] == DISCHARGE:
                state[p] = blank[0]
    return events


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


@compiled
def take_finding(
    rules: Rules, s: Patient, findings: Findings, row: int, clock: int, received: int,
    entry: tuple[int, int], counts: NDArray[np.int64], events: list[Event],
) -> None:  # fmt: skip
    """An analyser says that something has begun or ended."""
    c = findings.channel[row]
    if c < 0:
        refuse(s, -1, entry, UNKNOWN_CONDITION, events)
        return
    if clock <= s.fed[c]:
        counts[LATE_VALUES] += 1
        return
    s.fed[c] = clock
    if findings.active[row] and s.level[c] == 0:
        open_alert(s, rules, c, rules.finding_priority[c - N_LIMITS], clock, received, entry, events)
    elif not findings.active[row] and s.level[c] > 0:
        close(s, c, CLEAR, entry, events)


@compiled
def take_command(
    rules: Rules, s: Patient, commands: Commands, row: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """A person acknowledges, silences or unsilences one alert, or all that are open."""
    action = commands.action[row]
    until = commands.until[row]
    if action == SILENCE:
        reason = silence_fault(rules, until, received)
        if reason != NO_REASON:
            refuse(s, commands.channel[row], entry, reason, events)
            return
    found = False
    for c in range(N_CHANNELS):
        is_meant = commands.channel[row] == c and commands.onset[row] == s.onset[c]
        if s.level[c] > 0 and (is_meant or commands.channel[row] == ALL_CHANNELS):
            found = True
            if action == ACKNOWLEDGE:
                acknowledge(s, c, entry, events)
            elif action == SILENCE:
                silence(s, c, until, entry, events)
            elif s.silenced_until[c] != NEVER:
                end_silence(s, c, UNSILENCED, entry, events)
    if not found:
        refuse(s, max(commands.channel[row], -1), entry, NOT_OPEN, events)


@compiled
def silence_fault(rules: Rules, until: int, received: int) -> int:
    """Say what is wrong with the end of a silence."""
    if until == NEVER:
        return NEEDS_END
    if until <= received:
        return END_PASSED
    if until - received > rules.max_silence:
        return TOO_LONG
    return NO_REASON


@compiled
def take_admission(s: Patient, admissions: Admissions, row: int, entry: tuple[int, int], events: list[Event]) -> None:
    """A patient comes, moves or goes; open alerts move along, or end."""
    if admissions.event[row] == DISCHARGE:
        for c in range(N_CHANNELS):
            if s.level[c] > 0:
                close(s, c, DISCHARGED, entry, events)
        return
    from_ward, from_bed = int(s.ward), int(s.bed)
    if admissions.ward[row] >= 0:
        s.ward = admissions.ward[row]
    if admissions.bed[row] >= 0:
        s.bed = admissions.bed[row]
    if admissions.spo2_scale[row] > 0:
        s.spo2_scale = admissions.spo2_scale[row]
    if s.ward != from_ward or s.bed != from_bed:
        for c in range(N_CHANNELS):
            if s.level[c] > 0:
                emit(s, c, TRANSFERRED, entry, NO_REASON, from_ward, events)


@compiled
def take_tick(rules: Rules, state: Patients, partition: int, received: int, i: int, events: list[Event]) -> None:
    """A second has passed for the patients of a partition."""
    for p in range(len(state)):
        s = state[p]
        if s.known and s.partition == partition and s.due_at <= received:
            watch(rules, s, received, (i, p), events)
