"""A simulation as a stream of seconds: pure, seeded, without Kafka and without a clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

import numpy as np

from clinical.vitals import HEART_RATE
from streaming.bedside.breaches import BREACH_BPM, Breaches
from streaming.bedside.course import Label
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.physiology import GROUP, Group
from streaming.bedside.recordings.recording import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What is simulated.

    Attributes
    ----------
    seconds
        How long; None = without end.
    deteriorations_per_day
        Of each patient, on average.
    chronic_share
        Of the patients, who live with a value that lies at a default limit.
    alerts_per_s
        When above 0: nothing happens but heart-rate breaches, scripted at this rate.
    """

    patients: int
    seed: int = 1
    seconds: int | None = None
    deteriorations_per_day: float = 0.5
    chronic_share: float = 0.0
    alerts_per_s: float = 0.0

    @property
    def groups(self) -> int:
        """How many groups of patients there are to share among processes."""
        return -(-self.patients // GROUP)

    @property
    def patient_ids(self) -> list[str]:
        """The ids of all patients; they carry the seed, so that two simulations do not mix."""
        width = max(len(str(self.patients)), 4)
        return [f"sim{self.seed}-{number:0{width}d}" for number in range(1, self.patients + 1)]

    def breaches(self) -> Breaches | None:
        """Return the scripted breaches, if that is what is asked for."""
        return Breaches(self.alerts_per_s, self.patients) if self.alerts_per_s else None


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """One second of a share of the patients.

    Attributes
    ----------
    at_s
        Seconds since the start.
    values
        Shape (n, 6), columns in the order of `SIMULATED`, NaN = no value.
    ended
        Labels of the episodes that ended; `patient` is the patient's place in the whole simulation.
    """

    at_s: int
    values: Floats
    ended: list[Label]


class Simulation:
    """The patients of some groups (all by default), second by second; iterate it once, in parts or as a whole."""

    def __init__(self, script: Script, started_at: datetime, groups: Sequence[int] | None = None) -> None:
        midnight = started_at.replace(hour=0, minute=0, second=0, microsecond=0)
        self._numbers = range(script.groups) if groups is None else groups
        self._breaches = script.breaches()
        self._groups = [
            Group(
                script.seed,
                number,
                day_s=(started_at - midnight).total_seconds(),
                deteriorations_per_day=0 if self._breaches else script.deteriorations_per_day,
                chronic_share=script.chronic_share,
                disturbances=self._breaches is None,
            )
            for number in self._numbers
        ]
        places = np.concatenate([np.arange(number * GROUP, (number + 1) * GROUP) for number in self._numbers])
        self._kept = places < script.patients
        self.places = places[self._kept]  # of the whole simulation; row n of the values is patient places[n]
        self._last_place = script.patients - 1
        self._now = -1
        self._seconds = count() if script.seconds is None else iter(range(script.seconds))

    def __iter__(self) -> Iterator[Second]:
        for at_s in self._seconds:
            self._now = at_s
            yield self._second(at_s)

    def unfinished(self) -> Iterator[Label]:
        """Yield the labels of the episodes that go on, after the last second taken."""
        for number, group in zip(self._numbers, self._groups, strict=True):
            yield from self._numbered(number, group.unfinished())
        if self._breaches is not None:
            yield from self._breaches.unfinished(self._now, self.places)

    def _second(self, at_s: int) -> Second:
        steps = [group.step() for group in self._groups]
        values = np.concatenate([shown for shown, _ in steps])[self._kept]
        ended = [
            label
            for number, (_, labels) in zip(self._numbers, steps, strict=True)
            for label in self._numbered(number, labels)
        ]
        if self._breaches is not None:
            values[self._breaches.active(at_s, self.places), SIMULATED.index(HEART_RATE)] = BREACH_BPM
            ended += self._breaches.ended(at_s, self.places)
        return Second(at_s, values, ended)

    def _numbered(self, group: int, labels: Iterable[Label]) -> Iterator[Label]:
        """Yield the labels with the patient's place in the whole simulation; without those beyond the last patient."""
        for label in labels:
            place = group * GROUP + label.patient
            if place <= self._last_place:
                yield replace(label, patient=place)
