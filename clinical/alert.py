"""The life of one alert: onset, worsen, ease, acknowledge, escalate, silence, clear. Each step becomes an event.

`s` is the record of one patient (`clinical.state.PATIENT`), `c` a channel, `i` the entry that causes the step.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from clinical.compiled import compiled
from clinical.conditions import MEDIUM
from clinical.rules import FOREVER, N_LIMITS, NEVER, Rules

Patient: TypeAlias = Any  # one record of PATIENT; NumPy has no type for a record with named fields

STEPS: Final = (
    "onset", "worsen", "ease", "acknowledge", "escalate", "silence",
    "expire", "clear", "discharge", "transfer", "refuse",
)  # fmt: skip
ONSET, WORSEN, EASE, ACKNOWLEDGED, ESCALATE, SILENCED, EXPIRE, CLEAR, DISCHARGED, TRANSFERRED, REFUSE = range(11)

NO_REASON: Final = 0
REASONS: Final = (
    "",
    "no such alert is open",
    "a silence needs an end",
    "the end of the silence has passed",
    "the silence is longer than policy allows",
    "limits are crossed: the high-priority limit lies beyond the medium one, and low limits below high ones",
    "a limit is looser than policy allows",
    "the limits have expired already",
    "this version of these limits, or a newer one, is in force",
    "names a condition that does not exist",
    "high-priority limits are never personalised by recalibration",
    "unsilenced",
    "the patient has been discharged",
)
(
    NOT_OPEN, NEEDS_END, END_PASSED, TOO_LONG, CROSSED, BEYOND_POLICY, EXPIRED, STALE_VERSION,
    UNKNOWN_CONDITION, HIGH_IS_COMMON, UNSILENCED, IS_GONE,
) = range(1, 13)  # fmt: skip


class Event(NamedTuple):
    """What the fold says; the caller adds names. Times in ms; NaN and NEVER = none."""

    entry: int
    patient: int
    channel: int  # -1 = of no channel
    step: int
    priority: int
    seq: int
    escalation: int
    acknowledged: int
    onset: int
    value: float
    limit: float
    limit_version: int
    silenced_until: int
    ward: int
    bed: int
    from_ward: int
    reason: int
    missing: int


@compiled
def whole(value: int) -> int:
    """Return any whole number as int64: all events of a list are of one type, as Numba needs it."""
    return np.int64(value)  # type: ignore[return-value]


@compiled
def emit(
    s: Patient, c: int, step: int, entry: tuple[int, int], reason: int, from_ward: int, events: list[Event]
) -> None:
    """Append one event of channel `c` as it stands now; `entry` = (row of the entry, row of the patient)."""
    value = limit = np.nan
    version = whole(0)
    if c < N_LIMITS:
        value = float(s.fed_value[c])
        version = whole(s.limit_version[c])
        if s.level[c] >= MEDIUM:
            limit = float(s.limit[c, s.level[c] - MEDIUM])
    events.append(
        Event(
            whole(entry[0]), whole(entry[1]), whole(c), whole(step), whole(s.level[c]),
            whole(s.seq[c]), whole(s.escalation[c]), whole(s.acknowledged[c]), whole(s.onset[c]),
            value, limit, version, whole(s.silenced_until[c]), whole(s.ward), whole(s.bed),
            whole(from_ward), whole(reason), whole(s.score_missing),
        )
    )  # fmt: skip
    s.seq[c] += 1
    s.due_at = NEVER  # whatever has changed, the next tick looks again


@compiled
def refuse(s: Patient, c: int, entry: tuple[int, int], reason: int, events: list[Event]) -> None:
    """Say that a command, a finding or limits were not accepted, and why."""
    none = whole(-1)
    zero = whole(0)
    events.append(
        Event(
            whole(entry[0]), whole(entry[1]), whole(c), whole(REFUSE), zero, zero, zero, zero,
            whole(NEVER), np.nan, np.nan, zero, whole(NEVER), whole(s.ward), whole(s.bed), none,
            whole(reason), zero,
        )
    )  # fmt: skip


@compiled
def escalate_next(s: Patient, rules: Rules, c: int, since: int) -> None:
    """Set the time of the next escalation, counted from `since`; none for the acknowledged."""
    s.escalate_at[c] = FOREVER
    if not s.acknowledged[c] and s.escalation[c] < rules.escalation.shape[1]:
        after = rules.escalation[s.level[c], s.escalation[c]]
        if after < FOREVER:
            s.escalate_at[c] = since + after


@compiled
def unanswered(s: Patient, c: int) -> None:
    """Forget what people did about an alert: it asks for attention anew."""
    s.acknowledged[c] = 0
    s.escalation[c] = 0
    s.silenced_until[c] = NEVER


@compiled
def move(
    s: Patient, rules: Rules, c: int, level: int, step: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Give an alert a priority, from which its escalation counts."""
    s.level[c] = level
    s.level_since[c] = received
    escalate_next(s, rules, c, received)
    emit(s, c, step, entry, NO_REASON, -1, events)


@compiled
def open_alert(
    s: Patient, rules: Rules, c: int, level: int, onset: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Raise an alert on a channel that has none.

    Its id is made of its onset. One that lies before the last of the channel, of an earlier stay, is told by the log.
    """
    s.onset[c] = onset if onset > s.onset[c] else received
    s.seq[c] = 0
    unanswered(s, c)
    move(s, rules, c, level, ONSET, received, entry, events)


@compiled
def worsen(
    s: Patient, rules: Rules, c: int, level: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Raise the priority: acknowledgement and silence end, escalation starts again."""
    unanswered(s, c)
    move(s, rules, c, level, WORSEN, received, entry, events)


@compiled
def ease(
    s: Patient, rules: Rules, c: int, level: int, received: int, entry: tuple[int, int], events: list[Event]
) -> None:
    """Lower the priority. What was acknowledged or silenced stays so."""
    move(s, rules, c, level, EASE, received, entry, events)


@compiled
def close(s: Patient, c: int, step: int, entry: tuple[int, int], events: list[Event]) -> None:
    """End an alert, by CLEAR or DISCHARGED; the event carries its last priority."""
    emit(s, c, step, entry, NO_REASON, -1, events)
    s.level[c] = 0
    s.silenced_until[c] = NEVER
    s.escalate_at[c] = FOREVER


@compiled
def acknowledge(s: Patient, c: int, entry: tuple[int, int], events: list[Event]) -> None:
    """A person has seen it: escalation stops. A repeated acknowledgement changes nothing."""
    if not s.acknowledged[c]:
        s.acknowledged[c] = 1
        s.escalate_at[c] = FOREVER
        emit(s, c, ACKNOWLEDGED, entry, NO_REASON, -1, events)


@compiled
def silence(s: Patient, c: int, until: int, entry: tuple[int, int], events: list[Event]) -> None:
    """Hold notification until a time. A repeated silence changes nothing."""
    if s.silenced_until[c] != until:
        s.silenced_until[c] = until
        emit(s, c, SILENCED, entry, NO_REASON, -1, events)


@compiled
def end_silence(s: Patient, c: int, reason: int, entry: tuple[int, int], events: list[Event]) -> None:
    """Notify again: the silence has run out, or a person ended it."""
    s.silenced_until[c] = NEVER
    emit(s, c, EXPIRE, entry, reason, -1, events)
