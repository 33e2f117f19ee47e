"""The fold: alarms are a pure function of the order of the log.

`fold(rules, state, entries, ...)` moves the state on by a stretch of the log and returns the events. It reads no
clock: readings carry `measured_at`, the broker stamps `received_at`, and ticks move time on where a patient is silent.
Where one stretch ends and the next begins changes nothing.

The alarm clock of a reading is min(measured_at, received_at): a device whose clock runs ahead cannot blind the fold.
Order is kept per patient and vital; an older value than the last is late: counted, never fed to a limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clinical.alert import (
    CLEAR,
    DISCHARGED,
    END_PASSED,
    IS_GONE,
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
from clinical.limits import take_limits
from clinical.readings import LATE_VALUES, take_reading
from clinical.rules import N_CHANNELS, N_LIMITS, N_VITALS, NEVER, Rules
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
from clinical.technical import watch


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
        A patient of whom nothing is known.
    entries : Entries
        In order of partition and offset.
    counts : (len(readings.COUNTS),) int64
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
        if not s.known and not is_gone(rules, s, received):
            state[p] = blank[0]  # as a saved state, which leaves such a patient out
        # By columns: to hand all of `entries` to a function costs more than everything else here.
        if is_straggler(rules, s, entries.kind[i], entries.measured_at[i], received):
            counts[LATE_VALUES] += max(1, np.sum(~np.isnan(entries.values[i])))
            continue
        s.partition = entries.partition[i]
        if entries.kind[i] == LIMITS and is_gone(rules, s, received):
            refuse(s, -1, (i, p), IS_GONE, events)
            continue
        if entries.kind[i] != COMMAND:  # which can be of a patient who is gone
            s.known = 1
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
                leave(state, p, blank, received)
    return events


@compiled
def leave(state: Patients, p: int, blank: Patients, received: int) -> None:
    """Forget a patient, but for a while not when, nor when the last alert of each channel began.

    A gateway that empties its buffer after a readmission must not raise an alert of the first stay again.
    """
    s = state[p]
    onset = s.onset.copy()
    state[p] = blank[0]
    s.discharged_at = received
    for c in range(N_CHANNELS):
        s.onset[c] = onset[c]


@compiled
def is_straggler(rules: Rules, s: Patient, kind: int, measured: int, received: int) -> bool:
    """Say whether an entry was measured before the discharge of its patient, who must not come back by it."""
    is_measured = kind in (READING, FINDING)
    return bool(is_measured and is_gone(rules, s, received) and min(measured, received) <= s.discharged_at)


@compiled
def is_gone(rules: Rules, s: Patient, received: int) -> bool:
    """Say whether a patient has been discharged lately and not come back since.

    New limits of the night, which may be approved hours after they were proposed, must not make such a patient known.
    """
    return bool(not s.known and received - s.discharged_at < rules.discharge_kept)


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
