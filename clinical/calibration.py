"""One patient's history -> proposed limits. Pure: the same history and the same policy give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from clinical.conditions import LIMIT_CONDITIONS, LimitCondition
from clinical.histograms import NOTHING, Histogram
from clinical.policy import MEDIAN, POLICY, LimitsPolicy, PersonalLimit, hard_bound, loosest
from clinical.vitals import HEART_RATE, INDEX, PULSE_RATE, VITALS, Vital

CONDITION: Final = {condition.name: condition for condition in LIMIT_CONDITIONS}

UNCHANGED, TIGHTENED, LOOSENED = "unchanged", "tightened", "loosened"

# Why a limit is what it is. The first that applies is told.
CLINICIAN: Final = "a clinician's limit is in force"
TOO_LITTLE: Final = "too few readings for a baseline: the default"
DRIFT: Final = "the nightly median drifts towards the hard bound: frozen, to be looked at"
CROSSED: Final = "low and high limits would cross: left as they are"
STEP: Final = "one step looser than the night before"
BOUND: Final = "as loose as policy allows"
NO_ROOM: Final = "too near to the hard bound to be loosened: the default"
NEAR: Final = "the default is too near to the patient's usual values"
FAR: Final = "the default is too far from the patient's usual values"
COMMON: Final = "the default suits the patient"


@dataclass(frozen=True, slots=True)
class History:
    """What calibration knows of one patient.

    Attributes
    ----------
    clean
        Vital name -> values of the last days that no alert or artefact is known to have touched.
    nightly
        Vital name -> medians of the policy's nights, oldest first, the closed day last; NaN = one without a baseline.
    in_force
        Condition -> medium-priority limit of the nightly layer; without those that are at their default.
    by_clinician
        Conditions for which a clinician's limit is in force.
    """

    clean: Mapping[str, Histogram]
    nightly: Mapping[str, Sequence[float]]
    in_force: Mapping[str, float]
    by_clinician: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one condition, in the unit of its vital, and why.

    `median` and `spread` are NaN where there is no baseline.
    """

    condition: str
    old: float
    new: float
    reason: str
    readings: int
    median: float
    spread: float
    drifts: bool

    @property
    def decision(self) -> str:
        """Say what happens to the limit."""
        if self.new == self.old:
            return UNCHANGED
        looser = sign(CONDITION[self.condition]) * (self.new - self.old) > 0
        return LOOSENED if looser else TIGHTENED

    @property
    def is_personal(self) -> bool:
        """Whether the limit differs from the default."""
        return self.new != CONDITION[self.condition].limit[0]

    def is_large(self, policy: LimitsPolicy = POLICY) -> bool:
        """Say whether a person looks at it first: looser by a whole step of the policy."""
        step = next(limit.step for limit in policy.personal if limit.condition == self.condition)
        return self.decision == LOOSENED and abs(self.new - self.old) >= step


def sign(condition: LimitCondition) -> int:
    """Return +1 for the high side, -1 for the low side: times this, looser is larger."""
    return 1 if condition.side == "high" else -1


def propose(history: History, policy: LimitsPolicy = POLICY) -> list[Proposal]:
    """Propose the medium-priority limits of one patient, one for each condition of the policy, in its order."""
    proposals = [_propose(CONDITION[limit.condition], limit, history, policy) for limit in policy.personal]
    by_vital: dict[tuple[str, str], Proposal] = {}
    for proposal in proposals:
        condition = CONDITION[proposal.condition]
        by_vital[condition.vital, condition.side] = proposal
    return [_uncrossed(proposal, by_vital) for proposal in proposals]


def _uncrossed(proposal: Proposal, by_vital: Mapping[tuple[str, str], Proposal]) -> Proposal:
    vital = CONDITION[proposal.condition].vital
    low, high = by_vital.get((vital, "low")), by_vital.get((vital, "high"))
    if low is None or high is None or low.new < high.new:
        return proposal
    return _replaced(proposal, _held(CONDITION[proposal.condition], proposal.old), CROSSED)


def _propose(condition: LimitCondition, limit: PersonalLimit, history: History, policy: LimitsPolicy) -> Proposal:
    default = condition.limit[0]
    side = sign(condition)
    old = history.in_force.get(condition.name, default)
    held = _held(condition, old)
    clean = baseline(condition, history)
    nightly = history.nightly.get(source_of(condition, history), ())
    known = is_enough(clean, policy)
    median = clean.quantile(MEDIAN) if known else float("nan")
    spread = spread_of(condition, clean, limit, policy) if known else float("nan")
    drifts = has_drifted(condition, nightly, policy)
    found = Proposal(condition.name, old, held, CLINICIAN, clean.readings, median, spread, drifts)
    if condition.name in history.by_clinician:
        return found
    wanted, reason = follow(condition, limit, clean, policy) if known else (default, TOO_LITTLE)
    if drifts and side * wanted > side * held:
        return _replaced(found, held, DRIFT)
    stepped = old + side * limit.step
    if side * wanted > side * stepped:
        wanted, reason = stepped, STEP
    return _replaced(found, wanted, reason)


def _held(condition: LimitCondition, old: float) -> float:
    """Return a limit that stays: as it was, or as loose as a policy allows that has become stricter meanwhile."""
    side = sign(condition)
    return side * min(side * old, side * loosest(condition))


def _replaced(found: Proposal, new: float, reason: str) -> Proposal:
    return Proposal(found.condition, found.old, new, reason, found.readings, found.median, found.spread, found.drifts)


def baseline(condition: LimitCondition, history: History) -> Histogram:
    """Return the values that a condition's limit follows: not those beyond the high-priority limits of the vital."""
    clean = history.clean.get(source_of(condition, history), NOTHING)
    return clean.within(*_HIGH_PRIORITY[condition.vital])


def source_of(condition: LimitCondition, history: History) -> str:
    """Return the vital that tells of a patient: the pulse where there is no heart rate, as in the fold."""
    if condition.vital == HEART_RATE.name and not history.clean.get(HEART_RATE.name, NOTHING).readings:
        return PULSE_RATE.name
    return condition.vital


def _between(vital: Vital) -> tuple[float, float]:
    low, high = -np.inf, np.inf
    for condition in LIMIT_CONDITIONS:
        if condition.vital == vital.name and condition.side == "high":
            high = condition.limit[1]
        elif condition.vital == vital.name:
            low = condition.limit[1]
    return low, high


_HIGH_PRIORITY: Final = {vital.name: _between(vital) for vital in VITALS}


def is_enough(clean: Histogram, policy: LimitsPolicy) -> bool:
    """Say whether a baseline can be concluded from these values."""
    return clean.readings >= policy.least_readings and clean.last_ms - clean.first_ms >= policy.least_span_s * 1000


def spread_of(condition: LimitCondition, clean: Histogram, limit: PersonalLimit, policy: LimitsPolicy) -> float:
    """Return the spread of the values on the side of a condition, as a standard deviation would be of normal ones."""
    share = policy.spread_quantile
    away = clean.quantile(share) - clean.quantile(MEDIAN)
    if condition.side == "low":
        away = clean.quantile(MEDIAN) - clean.quantile(1 - share)
    return max(limit.least_spread, away / NormalDist().inv_cdf(share))


def follow(
    condition: LimitCondition, limit: PersonalLimit, clean: Histogram, policy: LimitsPolicy
) -> tuple[float, str]:
    """Return the limit that suits a patient, on the chart's step, and why; within the bounds of the policy."""
    side = sign(condition)
    default = condition.limit[0]
    median, spread = clean.quantile(MEDIAN), spread_of(condition, clean, limit, policy)
    quiet = clean.quantile(policy.quiet_share if side > 0 else 1 - policy.quiet_share)
    step = VITALS[INDEX[condition.vital]].chart_step
    near = on_chart(median + side * policy.nearest * spread, step)
    far = on_chart(median + side * policy.farthest * spread, step)
    wanted = on_chart(side * min(max(side * default, side * near), max(side * far, side * quiet)), step)
    bound = loosest_for(condition, median, policy)
    if side * wanted > side * bound:
        return bound, BOUND if bound != default else NO_ROOM
    if wanted == default:
        return default, COMMON
    return wanted, NEAR if side * wanted > side * default else FAR


def loosest_for(condition: LimitCondition, median: float, policy: LimitsPolicy) -> float:
    """Return the loosest limit that leaves enough of the way to the hard bound; never tighter than the default."""
    side = sign(condition)
    step = VITALS[INDEX[condition.vital]].chart_step
    hard = side * hard_bound(condition)
    in_time = hard - policy.warning_share * (hard - side * median)
    on_step = round(float(np.floor(round(in_time / step, 6))) * step, 1)  # towards the patient
    return side * max(side * condition.limit[0], min(side * loosest(condition), on_step))


def on_chart(value: float, step: float) -> float:
    """Return a value rounded half up to the chart's step, to the tenth that a limit has."""
    return round(float(np.floor(value / step + 0.5)) * step, 1)


def has_drifted(condition: LimitCondition, nightly: Sequence[float], policy: LimitsPolicy) -> bool:
    """Say whether nightly medians drift towards the hard bound of a condition.

    A CUSUM of their distance from the first night's, in parts of the room that this left up to the hard bound: the same
    share of the way to it counts the same for every patient, however near a patient is to it at the beginning.
    """
    medians = [median for median in nightly if not np.isnan(median)]
    if not medians:
        return False
    side = sign(condition)
    first, *later = medians
    room = side * (condition.bound[0] - first)
    if room <= 0:
        return True
    drift = 0.0
    for median in later:
        drift = max(0.0, drift + side * (median - first) / room * policy.room_parts - policy.drift_slack)
    return drift > policy.drift_threshold
