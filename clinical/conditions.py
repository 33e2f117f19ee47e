"""Catalogue of alarm conditions: every limit, delay and margin, with where it comes from.

A channel is one patient and one condition. Limit conditions come first, those of a vital together; then findings, then
technical conditions. The order is part of the saved state: append within a group only with a new state version.

Delays: a delay of 15 s before an SpO2 alarm removes about 70 % of alarms (Welch, Biomed Instrum Technol 2011), 14 to
19 s before any threshold alarm 50 to 67 % (Goerges, Anesth Analg 2009). High-priority limits wait less.

Margins, clearing times and bounds are project policy, for a hospital's clinicians to confirm.

A value equal to its limit is no alarm, but for the conditions that say `inclusive`: the founding rule says "above 120"
and "below 90". The bands of NEWS2 include their ends, so a limit that is taken from one alarms one chart step later
than the band begins; NEWS2 itself, which is watched as a condition of its own, scores by the bands as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from clinical.vitals import CONSCIOUSNESS, HEART_RATE, MAP, RESP_RATE, SBP, SENSED, SPO2, TEMPERATURE

NEWS2_TOTAL: Final = "news2"

LOW, MEDIUM, HIGH = 1, 2, 3
PRIORITIES: Final = ("", "low", "medium", "high")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCondition:
    """A vital beyond a limit. Pairs are (medium priority, high priority), in the unit of the vital.

    ``inclusive``: a value equal to the limit is beyond it already. ``bound``: no limit, whoever sets it, is looser.
    ``margin`` and ``clear_s``: a level is left when the value is back past its limit by the margin for that long.
    """

    name: str
    vital: str
    side: Literal["low", "high"]
    limit: tuple[float, float]
    delay_s: tuple[int, int]
    margin: float
    clear_s: int
    bound: tuple[float, float]
    source: str
    inclusive: bool = False

    def __post_init__(self) -> None:
        sign = 1 if self.side == "high" else -1
        if not (sign * self.limit[0] <= sign * self.limit[1] and sign * self.bound[0] <= sign * self.bound[1]):
            raise ValueError(f"{self.name}: the high-priority limit lies beyond the medium one; found {self}")
        if any(sign * limit > sign * bound for limit, bound in zip(self.limit, self.bound, strict=True)):
            raise ValueError(f"{self.name}: a default limit lies within its bound; found {self}")


@dataclass(frozen=True, slots=True)
class FindingCondition:
    """Something that an analyser finds in a signal; active or not."""

    name: str
    priority: int
    source: str


@dataclass(frozen=True, slots=True)
class TechnicalCondition:
    """A measurement that cannot be trusted or is not there. Low priority, medium after a while."""

    name: str
    vital: str | None
    source: str


LIMIT_CONDITIONS: Final = (
    LimitCondition(
        name="heart_rate_low", vital=HEART_RATE.name, side="low",
        limit=(45, 40), delay_s=(15, 5), margin=3, clear_s=10, bound=(35, 30),
        source="project policy: 45, within the NEWS2 band 41 to 50; CinC 2015: extreme bradycardia is below 40",
    ),
    LimitCondition(
        name="heart_rate_high", vital=HEART_RATE.name, side="high",
        limit=(120, 140), delay_s=(15, 5), margin=5, clear_s=10, bound=(150, 180),
        source="founding rule: above 120; CinC 2015: extreme tachycardia is above 140",
    ),
    LimitCondition(
        name="resp_rate_low", vital=RESP_RATE.name, side="low",
        limit=(8, 5), delay_s=(20, 15), margin=2, clear_s=10, bound=(6, 4),
        source="NEWS2: 8 or less scores 3; high: project policy; impedance respiration is noisy, so it waits longer",
    ),
    LimitCondition(
        name="resp_rate_high", vital=RESP_RATE.name, side="high",
        limit=(25, 35), delay_s=(30, 15), margin=3, clear_s=15, bound=(40, 50),
        source="NEWS2: 25 or more scores 3; high: project policy; impedance respiration is noisy, so it waits longer",
    ),
    LimitCondition(
        name="spo2_low", vital=SPO2.name, side="low",
        limit=(90, 85), delay_s=(15, 10), margin=2, clear_s=10, bound=(82, 78),
        source="founding rule: below 90; Welch 2011 for the delay; high: project policy",
    ),
    LimitCondition(
        name="sbp_low", vital=SBP.name, side="low",
        limit=(90, 80), delay_s=(15, 10), margin=5, clear_s=10, bound=(75, 65),
        source="NEWS2: 90 or less scores 3; high: project policy",
    ),
    LimitCondition(
        name="sbp_high", vital=SBP.name, side="high",
        limit=(180, 220), delay_s=(15, 10), margin=5, clear_s=10, bound=(210, 240),
        source="AHA 2017: hypertensive crisis from 180; NEWS2: 220 or more scores 3",
    ),
    LimitCondition(
        name="map_low", vital=MAP.name, side="low",
        limit=(65, 55), delay_s=(15, 10), margin=3, clear_s=10, bound=(55, 50),
        source="Surviving Sepsis Campaign 2021: MAP target 65; high: project policy",
    ),
    LimitCondition(
        name="temperature_low", vital=TEMPERATURE.name, side="low",
        limit=(35, 34), delay_s=(60, 60), margin=0.3, clear_s=60, bound=(34, 32),
        source="NEWS2: 35.0 or less scores 3; high: moderate hypothermia, ERC 2021",
    ),
    LimitCondition(
        name="temperature_high", vital=TEMPERATURE.name, side="high",
        limit=(39, 40), delay_s=(60, 60), margin=0.3, clear_s=60, bound=(40, 41),
        source="NEWS2: above 39.0 scores 2; high: project policy",
    ),
    LimitCondition(
        name="consciousness_reduced", vital=CONSCIOUSNESS.name, side="high", inclusive=True,
        limit=(1, 3), delay_s=(0, 0), margin=1, clear_s=0, bound=(1, 3),
        source="NEWS2: new confusion or V scores 3; P and U: project policy",
    ),
    LimitCondition(
        name="news2_high", vital=NEWS2_TOTAL, side="high", inclusive=True,
        limit=(5, 7), delay_s=(60, 60), margin=1, clear_s=60, bound=(7, 9),
        source="NEWS2: urgent response from 5, emergency response from 7",
    ),
)  # fmt: skip

FINDING_CONDITIONS: Final = (
    FindingCondition("asystole", HIGH, "CinC 2015: no QRS for 4 s"),
    FindingCondition("vf", HIGH, "CinC 2015: ventricular flutter or fibrillation for 4 s"),
    FindingCondition("vt", HIGH, "CinC 2015: five ventricular beats above 100 /min"),
    FindingCondition("extreme_brady", HIGH, "CinC 2015: below 40 /min for five beats"),
    FindingCondition("extreme_tachy", HIGH, "CinC 2015: above 140 /min for 17 beats"),
    FindingCondition("af", MEDIUM, "project policy: atrial fibrillation is told, not rushed"),
)

NO_DATA: Final = TechnicalCondition("no_data", None, "design: nothing received for 30 s or 3 periods")
CLOCK_SKEW: Final = TechnicalCondition("clock_skew", None, "IHE Consistent Time asks for 1 s; 30 s is beyond any drift")

TECHNICAL_CONDITIONS: Final = (
    NO_DATA,
    CLOCK_SKEW,
    *(TechnicalCondition(f"signal_lost_{v.name}", v.name, "design: no usable value for 30 s") for v in SENSED),
    *(TechnicalCondition(f"impossible_value_{v.name}", v.name, "design: impossible for over 10 s") for v in SENSED),
)

CONDITIONS: Final = (
    *(limit.name for limit in LIMIT_CONDITIONS),
    *(finding.name for finding in FINDING_CONDITIONS),
    *(technical.name for technical in TECHNICAL_CONDITIONS),
)
CHANNEL: Final = {name: place for place, name in enumerate(CONDITIONS)}

# Timing of what is not a limit, in seconds.
GAP_PERIODS: Final = 3  # a gap longer than this many periods ...
GAP_MIN_S: Final = 5  # ... and than this restarts a delay
NO_DATA_S: Final = 30
SIGNAL_LOST_S: Final = 30
IMPOSSIBLE_S: Final = 10
CLOCK_SKEW_S: Final = 30
TECHNICAL_MEDIUM_S: Final = 300  # a technical condition becomes medium
ESCALATION_S: Final = {MEDIUM: (600,), HIGH: (120, 300)}
# What was measured before a discharge and comes within this time brings nobody back; nor do limits of the night, which
# hold for less after the patient was seen last.
DISCHARGE_KEPT_S: Final = 96 * 3600
MAX_SILENCE_S: Final = 12 * 3600  # project policy: one shift
