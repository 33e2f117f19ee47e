"""The limits policy: how far the medium-priority limits of one patient may follow that patient. Every number is here.

High-priority limits are never personalised, and neither is the early-warning score: the Royal College of Physicians
(NEWS2, 2017) leaves its triggers to a clinician's judgement. Consciousness has no limit to move.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from clinical.conditions import LIMIT_CONDITIONS, LimitCondition
from clinical.vitals import VITALS

HOUR_S: Final = 3600
MEDIAN: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalLimit:
    """What may be done to the medium-priority limit of one condition, in the unit of its vital.

    ``step``: by so much, at most, is a limit looser than that of the night before. ``least_spread``: a spread is never
    taken for smaller, since a monitor shows whole numbers and one quiet night says little about the next.
    """

    condition: str
    step: float
    least_spread: float

    def __post_init__(self) -> None:
        if not (self.step > 0 and self.least_spread > 0):
            raise ValueError(f"{self.condition}: step and least spread are above 0; found {self}; correct them")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsPolicy:
    """The rules of calibration.

    A medium-priority limit on the high side is ``min(max(default, m + nearest * s), m + farthest * s)``, mirrored on
    the low side: the default, moved only where it is nearer to the patient's median `m` than ``nearest`` spreads `s`,
    or farther from it than ``farthest``.

    Attributes
    ----------
    quiet_share
        A tightened limit lies beyond this share of the clean readings: it would hardly have alarmed so far.
    warning_share
        A loosened limit leaves at least this share of the way from `m` to the hard bound: what slowly goes there is
        told of in time, whatever the spread.
    days
        How many days, the closed one included, a baseline is made of.
    least_readings, least_span_s
        Of a vital with fewer readings, or none so far apart, nothing is concluded.
    spread_quantile
        The spread on a side is the distance from the median to this quantile (to its mirror on the low side), in units
        of the standard normal distribution.
    before_s, after_s
        So long before a high-priority alert on a vital or a finding, and after it, a reading is no sign of how the
        patient usually is. An alert of the early-warning score does not count: the gravely ill have it all day.
    alert_days
        An alert that began longer ago than that is taken for over.
    drift_nights, room_parts, drift_slack, drift_threshold
        The drift guard: a CUSUM (Page, Biometrika 1954) of the medians of so many nights, counted in parts of the room
        between the first one's and the hard bound, less the slack of each night. Above the threshold nothing is
        loosened.
    valid_s
        Personal limits that nobody renews end after this time.
    events_s
        In a backtest, a high-priority condition that lasts so long must be found by the new limits, and no later.
    more_alarms
        A proposal with which a patient has more alarms a day than with the limits in force, by more than this, is
        refused.
    """

    personal: tuple[PersonalLimit, ...]
    nearest: float
    farthest: float
    spread_quantile: float
    quiet_share: float
    warning_share: float
    days: int
    least_readings: int
    least_span_s: int
    before_s: int
    after_s: int
    alert_days: int
    drift_nights: int
    room_parts: float
    drift_slack: float
    drift_threshold: float
    valid_s: int
    events_s: int
    more_alarms: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.nearest < self.farthest:
            raise ValueError(f"a policy needs 0 < nearest < farthest; found {self.nearest} and {self.farthest}")
        if not MEDIAN < self.spread_quantile < 1:
            raise ValueError(f"the quantile of a spread lies between 0.5 and 1; found {self.spread_quantile}")
        known = {condition.name for condition in LIMIT_CONDITIONS}
        unknown = [limit.condition for limit in self.personal if limit.condition not in known]
        if unknown:
            raise ValueError(f"a personal limit is of a condition of the catalogue; found {unknown}; correct the name")

    @property
    def digest(self) -> str:
        """A digest of this policy and of the catalogues under it: what it says, a proposal can be made again with."""
        return hashlib.sha256(repr((self, LIMIT_CONDITIONS, VITALS)).encode()).hexdigest()[:16]


def hard_bound(condition: LimitCondition) -> float:
    """Return where a warning comes too late: the bound of the condition, or its high-priority limit if that is nearer.

    In the unit of the condition's vital.
    """
    sign = 1 if condition.side == "high" else -1
    return sign * min(sign * condition.bound[0], sign * condition.limit[1])


def loosest(condition: LimitCondition) -> float:
    """Return the loosest medium-priority limit: a margin short of the hard bound.

    Where the default itself lies in the margin, nothing may be loosened.
    """
    sign = 1 if condition.side == "high" else -1
    return sign * max(sign * hard_bound(condition) - condition.margin, sign * condition.limit[0])


POLICY: Final = LimitsPolicy(
    personal=(
        PersonalLimit(condition="heart_rate_low", step=5, least_spread=4),
        PersonalLimit(condition="heart_rate_high", step=15, least_spread=4),
        PersonalLimit(condition="resp_rate_low", step=2, least_spread=2),
        PersonalLimit(condition="resp_rate_high", step=7, least_spread=2),
        PersonalLimit(condition="spo2_low", step=3, least_spread=1),
        PersonalLimit(condition="sbp_low", step=5, least_spread=6),
        PersonalLimit(condition="sbp_high", step=20, least_spread=6),
        PersonalLimit(condition="map_low", step=7, least_spread=4),
        PersonalLimit(condition="temperature_low", step=0.5, least_spread=0.2),
        PersonalLimit(condition="temperature_high", step=0.5, least_spread=0.2),
    ),
    nearest=3.0,
    farthest=4.5,
    spread_quantile=0.95,
    quiet_share=0.999,
    warning_share=0.2,
    days=3,
    least_readings=12,
    least_span_s=6 * HOUR_S,
    before_s=HOUR_S // 2,
    after_s=HOUR_S // 2,
    alert_days=7,
    drift_nights=14,
    room_parts=10,
    drift_slack=1.0,
    drift_threshold=5.0,
    valid_s=48 * HOUR_S,
    events_s=60,
    more_alarms=1.0,
    source=(
        "nearest, farthest, quantile, warning share: studied on CinC 2012 set a (docs/decisions.md), to warn no later "
        "than the defaults with as few alarms as possible; steps reach the loosest limit in one to three nights; least "
        "spreads: what a monitor's display and one quiet night leave open; the rest: project policy"
    ),
)
