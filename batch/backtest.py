"""New limits tried out on past days: the fold with the old and with the new ones, and a gate between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from batch.in_force import stated
from clinical.calibration import Proposal
from clinical.policy import LimitsPolicy
from lakehouse.entries import RECALIBRATION
from lakehouse.events import ENDINGS, AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Limits

DAY_MS: Final = 86_400_000
LATER: Final = "a sustained high-priority condition would be found later, or not at all"
MORE: Final = "there would be more alarms than policy allows"


class Key(NamedTuple):
    """Of which patient, and which condition."""

    patient_id: str
    condition: str


@dataclass(slots=True)
class Course:
    """What one choice of limits leads to, for one patient and condition. Times are alarm clocks in ms."""

    alarms: int = 0
    in_alarm_ms: int = 0
    opened_ms: int | None = None
    high_ms: int | None = None
    events: list[tuple[int, int]] = field(default_factory=list)  # sustained: reached high priority, warned since


@dataclass(frozen=True, slots=True)
class Comparison:
    """Old and new limits on the same days, for one patient and condition.

    `days` is the time between the first reading and the last, at least one day: what one hour showed is not multiplied
    by 24. `lead_change_s` is how much earlier the new limits warn of a sustained high-priority condition, on average;
    None where there was none.
    """

    days: float
    alarms: tuple[int, int]  # old, new
    in_alarm_s: tuple[float, float]
    events: int
    missed: int
    lead_change_s: float | None


class Courses:
    """Follows events into courses."""

    def __init__(self, policy: LimitsPolicy) -> None:
        self._policy = policy
        self.found: dict[Key, Course] = defaultdict(Course)

    def follow(self, events: Iterable[AlertEvent]) -> None:
        """Take events in the order of the log."""
        for event in events:
            if event.condition is None or event.onset_at is None:
                continue
            course = self.found[Key(event.patient_id, event.condition)]
            at_ms = _ms(event)
            if event.step == "onset":
                course.alarms += 1
                course.opened_ms = at_ms
            is_high = event.priority == "high" and event.step not in ENDINGS
            if is_high and course.high_ms is None:
                course.high_ms = at_ms
            elif not is_high:
                self._leave_high(course, at_ms)
            if event.step in ENDINGS and course.opened_ms is not None:
                course.in_alarm_ms += at_ms - course.opened_ms
                course.opened_ms = None

    def end(self, at_ms: int) -> None:
        """Close what is open at the end of the days."""
        for course in self.found.values():
            self._leave_high(course, at_ms)
            if course.opened_ms is not None:
                course.in_alarm_ms += max(0, at_ms - course.opened_ms)
                course.opened_ms = None

    def _leave_high(self, course: Course, at_ms: int) -> None:
        since_ms, opened_ms = course.high_ms, course.opened_ms
        course.high_ms = None
        if since_ms is not None and opened_ms is not None and at_ms - since_ms >= self._policy.events_s * 1000:
            course.events.append((since_ms, opened_ms))


def _ms(event: AlertEvent) -> int:
    return round((event.measured_at or event.received_at).timestamp() * 1000)


def backtest(
    log: Iterable[LogSlice], partitions: Iterable[int], proposals: Mapping[str, list[Proposal]], policy: LimitsPolicy
) -> dict[Key, Comparison]:
    """Fold past days with the limits in force and with those proposed.

    Parameters
    ----------
    log
        Past days, each partition in its order. Nightly limits in it are left out, a clinician's are kept.
    partitions
        Those of the log.
    proposals
        By patient. Others are left out: their limits do not change.

    Returns
    -------
    dict
        For each proposal of a patient who has readings in the log.
    """
    old, new = _Try("old", partitions, proposals, policy), _Try("new", partitions, proposals, policy)
    heard: dict[str, tuple[int, int]] = {}  # patient -> first and last received_at in ms
    for part in log:
        mine = part.take(_of_interest(part, proposals))
        for patient_id, at_ms in zip(mine.patient_ids, mine.received_ms.tolist(), strict=True):
            first_ms, last_ms = heard.get(patient_id or "", (at_ms, at_ms))
            heard[patient_id or ""] = min(first_ms, at_ms), max(last_ms, at_ms)
        old.fold(mine)
        new.fold(mine)
    end_ms = max((last_ms for _, last_ms in heard.values()), default=0)
    before, after = old.end(end_ms), new.end(end_ms)
    return {
        key: _compared(before[key], after[key], heard[patient_id])
        for patient_id in proposals.keys() & heard.keys()
        for key in (Key(patient_id, proposal.condition) for proposal in proposals[patient_id])
    }


class _Try:
    """The fold of the days with one choice of limits, which all patients have from the beginning."""

    def __init__(
        self,
        which: Literal["old", "new"],
        partitions: Iterable[int],
        proposals: Mapping[str, list[Proposal]],
        policy: LimitsPolicy,
    ) -> None:
        self._fold = AlarmFold()
        self._courses = Courses(policy)
        self._prelude = len(proposals)
        messages = [
            Limits(
                patient_id=patient_id,
                version=0,
                author=RECALIBRATION,
                limits={each.condition: stated(each.old if which == "old" else each.new) for each in changes},
            )
            for patient_id, changes in proposals.items()
        ]
        for partition in partitions:
            place = np.arange(len(messages))
            self._fold.fold(
                slice_of(np.full(len(place), partition, np.int32), place, np.zeros(len(place), np.int64), messages)
            )

    def fold(self, part: LogSlice) -> None:
        self._courses.follow(self._fold.fold(part._replace(offset=part.offset + self._prelude)))

    def end(self, at_ms: int) -> dict[Key, Course]:
        self._courses.end(at_ms)
        return self._courses.found


def _of_interest(part: LogSlice, proposals: Mapping[str, object]) -> NDArray[np.bool_]:
    keep = np.array([patient_id in proposals for patient_id in part.patient_ids], dtype=np.bool_)
    for row, message in part.others.items():
        if isinstance(message, Limits) and message.author == RECALIBRATION:
            keep[row] = False
    return keep


def _compared(old: Course, new: Course, heard_ms: tuple[int, int]) -> Comparison:
    warned = dict(new.events)
    leads = [(opened_ms - warned[high_ms]) / 1000 for high_ms, opened_ms in old.events if high_ms in warned]
    return Comparison(
        days=max(1.0, (heard_ms[1] - heard_ms[0]) / DAY_MS),
        alarms=(old.alarms, new.alarms),
        in_alarm_s=(old.in_alarm_ms / 1000, new.in_alarm_ms / 1000),
        events=len(old.events),
        missed=sum(high_ms not in warned for high_ms, _ in old.events),
        lead_change_s=sum(leads) / len(leads) if leads else None,
    )


def refusals(compared: Mapping[Key, Comparison], policy: LimitsPolicy) -> dict[str, str]:
    """Return which patients' limits the gate refuses, and why: patient -> reason."""
    refused: dict[str, str] = {}
    more: dict[str, float] = defaultdict(float)
    for key, each in compared.items():
        more[key.patient_id] += (each.alarms[1] - each.alarms[0]) / each.days
        if each.missed:
            refused[key.patient_id] = LATER
    for patient_id, a_day in more.items():
        if a_day > policy.more_alarms:
            refused.setdefault(patient_id, MORE)
    return refused
