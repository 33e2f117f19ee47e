"""Personal limits on CinC 2012: alarms of the second day by limits from the first, and the warning before a ramp's end.

Survivors. Limits are made from hours 0 to 23, alarms are counted in hours 24 to 47. A ramp goes from a patient's own
median to the hard bound within 10 h; its lead is the time from the first alarm of its condition to its end. Everything
was designed on set a; set b is what is reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from batch.propose_limits import propose_from
from bench.charts import DAY_MS, RAMP_MS, T0_MS, Charts, Ramp, charts_of, ramps_of, read
from bench.report import Report
from clinical.calibration import CONDITION
from clinical.conditions import LIMIT_CONDITIONS, LimitCondition
from clinical.policy import POLICY, LimitsPolicy, loosest
from clinical.rules import rules_of
from clinical.vitals import INDEX, VITALS
from lakehouse.entries import RECALIBRATION
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.messages import Limit, Limits
from lakehouse.settings import Settings

DAY2_MS: Final = T0_MS + DAY_MS
WARNING_H: Final = 2.0
PERSONAL: Final = [CONDITION[limit.condition] for limit in POLICY.personal]
VITAL_CONDITIONS: Final = frozenset(condition.name for condition in PERSONAL)
HARD: Final = {condition: condition.bound[0] for condition in PERSONAL}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one choice of limits leads to."""

    alarms: float  # a patient-day, of the conditions that may be personal
    all_alarms: float  # with consciousness and NEWS2
    share: float  # of ramps with at least WARNING_H
    lead_h: float
    hard: frozenset[tuple[str, str, int]]  # patient, condition, when high priority was reached

    def row(self, name: str, default: Outcome) -> tuple[str, ...]:
        """Return a row of the table."""
        return (
            name,
            f"{self.alarms:.2f}",
            f"{self.alarms / default.alarms - 1:+.1%}",
            f"{self.all_alarms:.2f}",
            f"{self.share:.3f}",
            f"{self.lead_h:.2f}",
            str(len(default.hard - self.hard)),
        )


@dataclass(frozen=True, slots=True)
class Protocol:
    """One set of patients, with their ramps."""

    charts: Charts
    ramps: list[Ramp]
    ramp_charts: Charts

    @classmethod
    def of(cls, charts: Charts, bounds: Mapping[LimitCondition, float] = HARD) -> Protocol:
        """Make the ramps of some patients' first day."""
        ramps = ramps_of(charts.of_day(0), bounds)
        return cls(charts, ramps, charts_of(ramps))

    def judge(self, limits: Mapping[str, Limits], rules: np.recarray | None = None) -> Outcome:
        """Count alarms and warnings with these limits, by patient; and with other rules, where there are any."""
        events = AlarmFold(rules).fold(self.charts.log(limits, DAY2_MS))
        onsets = [event for event in events if event.step == "onset" and _ms(event) >= DAY2_MS]
        of_vitals = sum(event.condition in VITAL_CONDITIONS for event in onsets)
        of_limits = sum(event.condition in CONDITION for event in onsets)
        leads = self._leads(limits, rules)
        patients = len(self.charts.patient_ids)
        return Outcome(
            alarms=of_vitals / patients,
            all_alarms=of_limits / patients,
            share=float(np.mean(leads >= WARNING_H)),
            lead_h=float(np.mean(leads)),
            hard=frozenset(
                (event.patient_id, event.condition or "", _measured_ms(event))
                for event in events
                if event.step in {"onset", "worsen"}
                and event.priority == "high"
                and event.condition in VITAL_CONDITIONS
                and _measured_ms(event) >= DAY2_MS
            ),
        )

    def _leads(self, limits: Mapping[str, Limits], rules: np.recarray | None) -> np.ndarray:
        """Return the hours from the first alarm to the end of each ramp; 0 without one."""
        given = {ramp.name: limits[ramp.patient_id] for ramp in self.ramps if ramp.patient_id in limits}
        log = self.ramp_charts.log({name: replaced(each, name) for name, each in given.items()})
        first: dict[str, int] = {}
        for event in AlarmFold(rules).fold(log):
            if event.step == "onset" and event.patient_id.endswith(f".{event.condition}"):
                first.setdefault(event.patient_id, _ms(event))
        ends = T0_MS + RAMP_MS
        return np.array([(ends - first.get(ramp.name, ends)) / 3_600_000 for ramp in self.ramps])


def replaced(limits: Limits, patient_id: str) -> Limits:
    """Return the same limits for another patient."""
    return Limits(
        patient_id=patient_id, version=limits.version, limits=limits.limits, author=limits.author, reason=limits.reason
    )


def _ms(event: AlertEvent) -> int:
    return 0 if event.onset_at is None else round(event.onset_at.timestamp() * 1000)


def _measured_ms(event: AlertEvent) -> int:
    return 0 if event.measured_at is None else round(event.measured_at.timestamp() * 1000)


def ours(charts: Charts, policy: LimitsPolicy = POLICY) -> dict[str, Limits]:
    """Return the limits that `propose-limits` makes of the first day."""
    log = charts.of_day(0).log()
    return {message.patient_id: message for message in propose_from(lambda: [log], policy).messages(policy)}


def plain(charts: Charts, factor: float) -> dict[str, Limits]:
    """Return the plain rule: median and so many MAD either way, within the policy's bounds, and nothing else."""
    day = charts.of_day(0)
    found = {}
    for patient, patient_id in enumerate(day.patient_ids):
        pairs: dict[str, Limit | None] = {}
        for condition in PERSONAL:
            values = day.of(patient, condition.vital)
            if len(values) >= POLICY.least_readings:
                side = 1 if condition.side == "high" else -1
                median = float(np.median(values))
                mad = max(1.4826 * float(np.median(np.abs(values - median))), VITALS[INDEX[condition.vital]].chart_step)
                wanted = side * min(side * (median + side * factor * mad), side * loosest(condition))
                pairs[condition.name] = [round(wanted, 1), None]
        found[patient_id] = Limits(patient_id=patient_id, version=1, limits=pairs, author=RECALIBRATION)
    return found


def loosened(share: float) -> np.recarray:
    """Return the rules with every default moved by a share of the way to the loosest limit of the policy."""
    return rules_of(
        [
            replace(c, limit=(c.limit[0] + share * (loosest(c) - c.limit[0]), c.limit[1])) if c in PERSONAL else c
            for c in LIMIT_CONDITIONS
        ]
    )


def without_hysteresis() -> np.recarray:
    """Return the rules where an alert ends as soon as a value is back within its limit."""
    return rules_of([replace(c, margin=0.0, clear_s=0) for c in LIMIT_CONDITIONS])


def run(_: int) -> Report:
    """Judge every choice of limits on set b."""
    protocol = Protocol.of(read(Settings.load().data, "b"))
    default = protocol.judge({})
    choices: list[tuple[str, Outcome]] = [
        ("default limits, no hysteresis", protocol.judge({}, without_hysteresis())),
        ("default limits (the fold's rules)", default),
        *((f"defaults loosened by {share:.0%} of what policy allows", protocol.judge({}, loosened(share)))
          for share in (0.25, 0.5, 0.75, 1.0)),
        *((f"median +- {factor} MAD", protocol.judge(plain(protocol.charts, factor))) for factor in (2, 3, 4, 5, 6)),
    ]  # fmt: skip
    personal = protocol.judge(ours(protocol.charts))
    rows = [outcome.row(name, default) for name, outcome in choices]
    return Report(
        title=f"Personal limits, CinC 2012 set b, {len(protocol.charts.patient_ids):,} survivors, second day",
        columns=("limits", "alarms/day", "change", "with NEWS2", f"share >= {WARNING_H:g} h", "lead h", "hard lost"),
        rows=[*rows, personal.row("personal limits (ours)", default)],
        figures={
            "alarms_default": round(default.alarms, 3),
            "alarms_personal": round(personal.alarms, 3),
            "fewer": round(1 - personal.alarms / default.alarms, 4),
            "share_default": round(default.share, 4),
            "share_personal": round(personal.share, 4),
            "lead_h_default": round(default.lead_h, 3),
            "lead_h_personal": round(personal.lead_h, 3),
            "hard_events": len(default.hard),
            "hard_events_lost": len(default.hard - personal.hard),
        },
        notes=(
            f"{len(protocol.ramps):,} ramps, each from a patient's own median to the bound of a condition, in 10 h.",
            "Limits from the first 24 h by the command `propose-limits`; designed on set a, never on b.",
        ),
    )
