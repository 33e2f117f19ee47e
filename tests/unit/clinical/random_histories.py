"""Whole random histories: several patients in three partitions, two devices each, every kind of message.

A history is drawn as bursts (so many readings of this kind, so many ticks), which overlap in time: a few draws give
alerts that open, worsen, are silenced, ease and clear.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
from hypothesis import strategies as st

from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Admission, Command, Finding, Limits, Message, Reading, Tick, Vitals
from tests.unit.clinical.histories import DOCTOR, NIGHTLY, T0, Entry, Pair, time

PARTITION_OF: Final = {"p1": 0, "p2": 0, "p3": 1, "p4": 2}
# How far the clocks of devices run ahead.
CLOCKS_S: Final = {"right": 0.0, "also right": 0.0, "behind": -7200.3, "ahead": 7200.3, "slow way": -1.7}

# Around the limits, their margins, and what is possible.
VALUES: Final[dict[str, list[Any]]] = {
    "heart_rate_bpm": [30, 42, 47, 48, 80, 115, 116, 120, 121, 130, 135, 150, 351, -1],
    "pulse_rate_bpm": [9, 42, 80, 115, 130, 150],
    "resp_rate_bpm": [4, 7, 10, 16, 22, 25, 26, 36],
    "spo2_pct": [0, 80, 86, 89, 90, 92, 97, 101],
    "sbp_mmhg": [70, 85, 95, 120, 185, 230],
    "map_mmhg": [50, 60, 68, 90],
    "temperature_c": [33.5, 34.9, 35.3, 37, 39.1, 40.5, 98.6],
    "consciousness": ["A", "C", "V", "P", "U"],
    "on_oxygen": [False, True],
}
# No pair here is refused or accepted depending on what else is in force, so a message repeated later means the same.
PAIRS: Final[dict[str, list[Pair]]] = {
    "heart_rate_high": [[100, 140], [130, 150], [105, None], [150, 180], [151, 180], [140, 130], None],
    "heart_rate_low": [[50, 40], [40, None], [35, 30]],
    "spo2_low": [[92, None], [88, 85], [82, 78], None],
    "news2_high": [[3, 7], [7, 9]],
    "no_such": [[1, 2]],
}

patients: Final = st.sampled_from(["p1", "p1", "p1", "p2", "p3", "p4"])


@st.composite
def _courses(draw: st.DrawFn) -> list[Vitals]:
    """What a device measures: some vitals that stay for a while, then change."""
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True))
    counts = draw(st.lists(st.integers(1, 20), min_size=1, max_size=4))
    phases = [Vitals(**{name: draw(st.sampled_from(VALUES[name])) for name in names}) for _ in counts]
    return [vitals for vitals, count in zip(phases, counts, strict=True) for _ in range(count)]


@st.composite
def _readings(draw: st.DrawFn, begin_s: int) -> list[Entry]:
    patient = draw(patients)
    device = draw(st.sampled_from(sorted(CLOCKS_S)))
    period_s = draw(st.sampled_from([1, 1, 1, 2, 5, 20, 3600]))
    course = draw(_courses())
    return [
        Entry(
            second,
            Reading(
                patient_id=patient,
                device_id=device,
                measured_at=time(second + CLOCKS_S[device]),
                period_s=period_s,
                vitals=vitals,
            ),
            PARTITION_OF[patient],
        )
        for second, vitals in zip(range(begin_s, begin_s + len(course) * period_s, period_s), course, strict=True)
    ]


@st.composite
def _ticks(draw: st.DrawFn, begin_s: int) -> list[Entry]:
    step_s = draw(st.sampled_from([1, 10, 60]))
    count = draw(st.integers(1, 40))
    times_s = range(begin_s, begin_s + count * step_s, step_s)
    return [Entry(second, Tick(), partition) for second in times_s for partition in range(3)]


@st.composite
def _other(draw: st.DrawFn, begin_s: int) -> list[Entry]:
    patient = draw(patients)
    return [Entry(begin_s, draw(_message(patient, begin_s)), PARTITION_OF[patient])]


@st.composite
def _message(draw: st.DrawFn, patient: str, begin_s: int) -> Message:
    kind = draw(st.sampled_from([Command, Command, Command, Finding, Finding, Limits, Limits, Admission]))
    if kind is Finding:
        return Finding(
            patient_id=patient,
            code=draw(st.sampled_from(["vt", "vf", "af", "no_such"])),
            active=draw(st.booleans()),
            measured_at=time(begin_s - draw(st.sampled_from([0, 0.5, 100]))),
        )
    if kind is Limits:
        names = draw(st.lists(st.sampled_from(sorted(PAIRS)), min_size=1, max_size=2, unique=True))
        expires_s = draw(st.sampled_from([None, -1, 20, 300]))
        return Limits(
            patient_id=patient,
            version=draw(st.integers(0, 4)),
            limits={name: draw(st.sampled_from(PAIRS[name])) for name in names},
            author=draw(st.sampled_from([DOCTOR, NIGHTLY])),
            expires_at=None if expires_s is None else time(begin_s + expires_s),
        )
    if kind is Command:
        until_s = draw(st.sampled_from([15, 15, 100, 4000, None, 0, 43_201]))
        return Command(
            patient_id=patient,
            action=draw(st.sampled_from(["silence", "silence", "acknowledge", "unsilence"])),
            alert_id=draw(st.sampled_from([None, None, None, "nonsense"])),
            by=DOCTOR,
            until=None if until_s is None else time(begin_s + until_s),
        )
    return Admission(
        patient_id=patient,
        event=draw(st.sampled_from(["admit", "transfer", "transfer", "transfer", "discharge"])),
        ward_id=draw(st.sampled_from([None, "icu", "b"])),
        bed=draw(st.sampled_from([None, "1", "2"])),
        spo2_scale=draw(st.sampled_from([None, 1, 2])),
    )


@st.composite
def histories(draw: st.DrawFn, max_bursts: int = 14) -> list[Entry]:
    """A history in the order of the log."""
    entries: list[Entry] = []
    begin_s = 0
    for _ in range(draw(st.integers(1, max_bursts))):
        begin_s += draw(st.sampled_from([0, 1, 4, 10, 16, 40, 130, 700]))
        burst = draw(st.sampled_from([_readings, _readings, _readings, _ticks, _other, _other]))
        entries += draw(burst(begin_s))
    return sorted(entries, key=lambda entry: entry.received_s)


class Log:
    """A history as it stands in partitions, with offsets."""

    def __init__(self, history: Iterable[Entry]) -> None:
        self.entries = list(history)
        ends: dict[int, int] = defaultdict(int)
        self._offsets = []
        for entry in self.entries:
            self._offsets.append(ends[entry.partition])
            ends[entry.partition] += 1

    def stretch(self, begin: int, end: int) -> LogSlice:
        """What arrived from `begin` to before `end`, in order of partition and offset, as every caller gives it."""
        rows = sorted(range(begin, end), key=lambda row: (self.entries[row].partition, self._offsets[row]))
        return slice_of(
            np.array([self.entries[row].partition for row in rows], dtype=np.int32),
            np.array([self._offsets[row] for row in rows], dtype=np.int64),
            np.array([round((T0.timestamp() + self.entries[row].received_s) * 1000) for row in rows], dtype=np.int64),
            [self.entries[row].message for row in rows],
        )

    def folded(self, cuts: Sequence[int] = (), rules: np.recarray | None = None) -> tuple[AlarmFold, list[AlertEvent]]:
        """Fold it all, in stretches that end at `cuts`; events in order of partition."""
        fold = AlarmFold(rules)
        edges = [0, *sorted(cuts), len(self.entries)]
        told = [event for begin, end in pairwise(edges) for event in fold.fold(self.stretch(begin, end))]
        return fold, sorted(told, key=lambda event: event.partition)


def state_of(fold: AlarmFold) -> dict[str, tuple[object, ...]]:
    """Everything that is known of every patient, whatever numbers names have been given."""
    state: dict[str, tuple[object, ...]] = {}
    for row, record in enumerate(fold.records):
        plain = record.copy()
        places = fold.place(int(plain["ward"])), fold.place(int(plain["bed"]))
        plain["ward"] = plain["bed"] = 0
        state[fold.patient_id(row)] = (*places, plain.tobytes())
    return state


def without_place(events: Iterable[AlertEvent]) -> list[AlertEvent]:
    """Events without refusals and without their place in the log, which a repeated message shifts."""
    return [msgspec.structs.replace(event, offset=0) for event in events if event.step != "refuse"]


def later(entry: Entry, seconds: float) -> Entry:
    return entry._replace(received_s=entry.received_s + seconds)


def is_ahead(entry: Entry) -> bool:
    """Say whether the alarm clock of an entry is its received_at: a repeat later then has another one."""
    message = entry.message
    return isinstance(message, Reading | Finding) and message.measured_at > T0 + timedelta(seconds=entry.received_s)
