"""The episodes of a group of patients as they run: when one begins, how far it is, what its label says at the end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from streaming.bedside.episodes import HARD, SIMULATED, Episode
from streaming.bedside.recordings.recording import Floats

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

DAY_S: Final = 86_400
NEVER: Final = -1
LOW_HARD, HIGH_HARD = np.array([HARD[vital] for vital in SIMULATED]).T


@dataclass(frozen=True, slots=True)
class Label:
    """One episode of one patient. Times are seconds since the start; `ends_s` is None for one that goes on.

    `hard_s` is the first second at which a value scoring 3 in NEWS2 was displayed; `peak` is the displayed value
    farthest in the episode's direction, by vital.
    """

    patient: int
    episode: Episode
    starts_s: int
    ends_s: int | None
    hard_s: int | None
    peak: dict[str, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """What the running episodes do to each patient in one second. Shapes (n,) and (n, 6)."""

    height: Floats  # 0 = nothing, 1 = at the target
    target: Floats
    moves: Flags
    lost: Flags
    restless: Floats


class Course:
    """At most one episode at a time for each patient, out of a list of kinds.

    Parameters
    ----------
    kinds
        What can happen.
    baseline
        Shape (n, 6): each patient's rest values; they say in which direction an episode goes.
    share
        Factor on each kind's `per_day`.
    """

    def __init__(self, kinds: Sequence[Episode], baseline: Floats, share: float) -> None:
        self._kinds = kinds
        self._chance = np.cumsum([share * kind.per_day / DAY_S for kind in kinds])
        self._targets = np.array([[kind.towards.get(v, np.nan) for v in SIMULATED] for kind in kinds])
        self._losses = np.array([[v in kind.lost for v in SIMULATED] for kind in kinds])
        self._spans = np.array([(kind.ramp_s, kind.hold_s, kind.fall_s) for kind in kinds], dtype=np.float64)
        self._restlessness = np.array([kind.restless for kind in kinds])
        self._baseline = baseline
        n = len(baseline)
        self._kind = np.full(n, NEVER)
        self._started = np.zeros(n, dtype=np.int64)
        self._ends = np.zeros((n, 3), dtype=np.int64)  # seconds after the start at which ramp, hold and fall are over
        self._hard = np.full(n, NEVER)
        self._peak = np.full(baseline.shape, np.nan)

    def step(self, now: int, random: np.random.Generator) -> Effect:
        """Begin what begins in this second, and say what all running episodes do."""
        draws = random.random((len(self._kind), 4))
        self._begin(now, draws)
        runs = self._kind != NEVER
        kind = np.where(runs, self._kind, 0)
        target = self._targets[kind]
        moves = runs[:, None] & ~np.isnan(target)
        return Effect(
            height=np.where(runs, self._height(now), 0.0),
            target=np.where(moves, target, 0.0),
            moves=moves,
            lost=runs[:, None] & self._losses[kind],
            restless=np.where(runs, self._restlessness[kind], 1.0),
        )

    def observe(self, now: int, shown: Floats) -> list[Label]:
        """Note what was displayed in this second; return the labels of the episodes whose last second it was."""
        runs = np.flatnonzero(self._kind != NEVER)
        if not len(runs):
            return []
        values = shown[runs]
        moved = ~np.isnan(self._targets[self._kind[runs]])
        upwards = self._targets[self._kind[runs]] > self._baseline[runs]
        peak = np.where(upwards, np.fmax(self._peak[runs], values), np.fmin(self._peak[runs], values))
        self._peak[runs] = np.where(moved, peak, np.nan)
        hard = (moved & ((values <= LOW_HARD) | (values >= HIGH_HARD))).any(axis=1)
        self._hard[runs[hard & (self._hard[runs] == NEVER)]] = now
        over = runs[now + 1 - self._started[runs] >= self._ends[runs, 2]]
        labels = [self._label(patient, now + 1) for patient in over.tolist()]
        self._kind[over] = NEVER
        return labels

    def unfinished(self) -> Iterator[Label]:
        """Yield the labels of what goes on."""
        for patient in np.flatnonzero(self._kind != NEVER).tolist():
            yield self._label(patient, None)

    def _begin(self, now: int, draws: Floats) -> None:
        begins = np.flatnonzero((self._kind == NEVER) & (draws[:, 0] < self._chance[-1]))
        if not len(begins):
            return
        kind = np.searchsorted(self._chance, draws[begins, 0], side="right")
        shortest, longest = self._spans[kind, :, 0], self._spans[kind, :, 1]
        parts = np.round(shortest + draws[begins, 1:] * (longest - shortest)).astype(np.int64)
        self._kind[begins] = kind
        self._started[begins] = now
        self._ends[begins] = np.cumsum(parts, axis=1)
        self._hard[begins] = NEVER
        self._peak[begins] = np.nan

    def _height(self, now: int) -> Floats:
        """Up from 0 to 1, along, and down again, with soft shoulders."""
        age = now - self._started + 1.0
        ramp, hold, fall = self._ends.T
        up = np.clip(age / np.maximum(ramp, 1), 0, 1)
        down = np.clip((fall - age) / np.maximum(fall - hold, 1), 0, 1)
        linear: Floats = np.where(age <= hold, up, down)
        return linear * linear * (3 - 2 * linear)

    def _label(self, patient: int, ends_s: int | None) -> Label:
        hard = int(self._hard[patient])
        peak = {
            vital.name: float(value)
            for vital, value in zip(SIMULATED, self._peak[patient].tolist(), strict=True)
            if not math.isnan(value)
        }
        return Label(
            patient=patient,
            episode=self._kinds[self._kind[patient]],
            starts_s=int(self._started[patient]),
            ends_s=ends_s,
            hard_s=None if hard == NEVER else hard,
            peak=peak,
        )
