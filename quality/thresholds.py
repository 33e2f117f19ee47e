"""Every number with which the gate compares a day, what a failure means, and why the number is what it is.

A rule that fails with severity `stop` ends the night for what depends on the table: limits stay as they are. A rule of
severity `warn` is reported, and the night goes on. Where a number is a judgement of ours the reason says what it must
lie between; none is fitted to a recording that is kept aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from clinical.conditions import CLOCK_SKEW_S
from clinical.news2 import PARAMETERS

Severity: TypeAlias = Literal["stop", "warn"]
Subject: TypeAlias = Literal["day", "wards", "devices"]

# ------------------------------------------------------------------------------------------- what is counted as what

# A monitor measures by itself, at least every five minutes; what comes at longer intervals is charted by a person, as
# it suits the person, and nothing is missing between two charts.
MONITORED_PERIOD_S: Final = 300
# Gateways deliver within seconds. What comes later than a minute had no part in an alarm in time.
LATE_S: Final = 60
AHEAD_S: Final = CLOCK_SKEW_S
# An hour without a reading at the end of a day is silence. Less may be a wash, a walk or an examination, and the alarm
# `no_data` has told the ward long before.
SILENT_S: Final = 3600
# A living pulse changes within minutes: heart rate varies with every breath. In 28 recordings of BIDMC at 1 Hz it stood
# still for 2 minutes at most, in 32 hours of MIMIC-II at one reading a minute for ten readings; respiration and SpO2
# stood still for whole recordings. Half an hour at one a minute, or ten minutes at more, is a display that hangs.
FLAT_READINGS: Final = 30
FLAT_S: Final = 600
# Shares of a handful say nothing: one walk to the bathroom would stop a ward of two.
LEAST_DEVICES: Final = 5
LEAST_PAIRS: Final = 30
# Who was admitted longer ago has no ward here: longer stays are rare, and each further day costs its files.
LOOK_BACK_DAYS: Final = 30
# Share of a column's values that must lie within what is possible; columns that are never null must do so always.
POSSIBLE_SHARE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One number of the day, of each ward or of each device, and what it must be.

    Attributes
    ----------
    name
        As the mart `quality_daily` and the Data Docs call it.
    of
        What has the number: the day as a whole, each ward, each device of a patient.
    column
        The statistic, as `quality.shares` or the gate of the table computes it. Where it is null there
        was too little to judge, and the rule holds.
    at_least, at_most
        What it must be, both included; exactly one is given.
    """

    name: str
    of: Subject = "day"
    column: str
    at_least: float | None = None
    at_most: float | None = None
    severity: Severity
    reason: str

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"a rule has one bound; {self.name} has {self.at_least} and {self.at_most}; give one")
        if not self.reason.endswith("."):
            raise ValueError(f"a rule says why, in a sentence; {self.name} has {self.reason!r}; write one")

    @property
    def bound(self) -> float:
        """The number with which the statistic is compared."""
        return self.at_most if self.at_least is None else self.at_least  # type: ignore[return-value]


_LOST: Final = "A fifth lost is beyond probes and cables that come off (a few percent), and well below a third."
_SWAPPED: Final = "Diastolic at or above systolic is impossible but for an artefact; artefacts are a few in a thousand."


READINGS_RULES: Final = (
    Rule(
        name="readings_landed", column="rows", at_least=1, severity="stop",
        reason="A day without a single reading proves nothing, and every other rule would hold of it.",
    ),
    Rule(name="day_completeness", column="completeness", at_least=0.8, severity="stop", reason=_LOST),
    Rule(name="ward_completeness", of="wards", column="completeness", at_least=0.8, severity="stop", reason=_LOST),
    Rule(
        name="device_completeness", of="devices", column="completeness", at_least=0.8, severity="warn",
        reason="Limits of this patient are made from what is left; one bad cable must not stop those of all others.",
    ),
    Rule(
        name="day_completeness_good", column="completeness", at_least=0.95, severity="warn",
        reason="One reading in twenty lost is more than a working network loses.",
    ),
    Rule(name="day_values_present", column="values_present", at_least=0.8, severity="stop", reason=_LOST),
    Rule(name="ward_values_present", of="wards", column="values_present", at_least=0.8, severity="stop", reason=_LOST),
    Rule(
        name="day_systolic_above_diastolic", column="swapped_share", at_most=0.05, severity="stop", reason=_SWAPPED,
    ),
    Rule(
        name="ward_systolic_above_diastolic", of="wards", column="swapped_share", at_most=0.05, severity="stop",
        reason=_SWAPPED,
    ),
    Rule(
        name="device_systolic_above_diastolic", of="devices", column="swapped_share", at_most=0.5, severity="stop",
        reason="A device that mostly says so has its channels swapped; it would move this patient's limits.",
    ),
    Rule(
        name="stuck_device", of="devices", column="stuck_hours", at_most=0, severity="stop",
        reason="A pulse and everything else that moves, unchanged for an hour: a display that hangs, or a test signal.",
    ),
    Rule(
        name="flat_pulse", column="flat_pulse_share", at_most=0.01, severity="stop",
        reason="A pulse alone may stand still where a pacemaker sets it; that is so in few patients, not in many.",
    ),
    Rule(
        name="duplicates", column="duplicate_share", at_most=0.05, severity="stop",
        reason="The alarms ignore a repetition, but a baseline would weigh it twice; retries are a few in a thousand.",
    ),
    Rule(
        name="quarantined", column="quarantine_share", at_most=0.05, severity="stop",
        reason="One message in twenty unreadable: a sender speaks another contract, and its patients are not watched.",
    ),
    Rule(
        name="quarantined_few", column="quarantine_share", at_most=0.001, severity="warn",
        reason="A working sender breaks no rule at all.",
    ),
    Rule(
        name="late", column="late_share", at_most=0.05, severity="warn",
        reason="Late readings are stored and counted but never fed to an alarm: look at the gateway that held them.",
    ),
    Rule(
        name="clock_skew", column="ahead_share", at_most=0.001, severity="warn",
        reason="A clock that runs ahead raises an alarm of its own; here it says that it went on.",
    ),
    Rule(
        name="silent_devices", column="silent_share", at_most=0.05, severity="warn",
        reason="Patients who leave are discharged; many who are not, and are silent, are devices without a network.",
    ),
    Rule(
        name="log_watched", column="watched_share", at_least=0.95, severity="warn",
        reason="Minutes in which nothing at all was received, no tick either: the log or the landing was down.",
    ),
    Rule(
        name="patients_placed", column="placed_share", at_least=0.95, severity="warn",
        reason="A patient without a ward has no care team, and is in no ward's figures.",
    ),
    *(
        Rule(
            name=f"news2_{parameter}", column=f"news2_{parameter}_share", at_least=0.5, severity="warn",
            reason="NEWS2 has seven parameters; without this one most scores of the day are lower bounds.",
        )
        for parameter in PARAMETERS
    ),
)  # fmt: skip

ENTRIES_RULES: Final = (
    Rule(
        name="known_kinds", column="unknown_kinds", at_most=0, severity="stop",
        reason="Landing writes only kinds that the decoder knows; another one was not written by it.",
    ),
    Rule(
        name="patients_named", column="unnamed", at_most=0, severity="stop",
        reason="Every message but a tick is about one patient.",
    ),
    Rule(
        name="ticks", column="ticked_share", at_least=0.95, severity="warn",
        reason="Without ticks, silence is not noticed; the clock writes one a second to every partition.",
    ),
)  # fmt: skip

LIMITS_PROPOSED_RULES: Final = (
    Rule(
        name="conditions_known", column="unknown_conditions", at_most=0, severity="stop",
        reason="A limit of a condition that the catalogue does not have would be refused by the speed layer.",
    ),
    Rule(
        name="within_policy", column="beyond_policy", at_most=0, severity="stop",
        reason="No limit is looser than a margin short of the hard bound, whatever computed it.",
    ),
    Rule(
        name="decisions_agree", column="decisions_unlike_limits", at_most=0, severity="stop",
        reason="A person approves by the word: what is called unchanged must not loosen.",
    ),
    Rule(
        name="one_proposal_each", column="repeated_proposals", at_most=0, severity="stop",
        reason="Of two limits for the same condition nobody could say which is meant.",
    ),
)  # fmt: skip

MARTS_RULES: Final = (
    Rule(
        name="burden_is_of_episodes", column="alarms_apart", at_most=0, severity="stop",
        reason="Each episode is counted once in the burden; another sum means that one of the two is of another day.",
    ),
    Rule(
        name="parts_within_whole", column="parts_beyond_whole", at_most=0, severity="stop",
        reason="Alarms that nobody acknowledged, that are open, or that cleared by themselves are some of all alarms.",
    ),
)  # fmt: skip
