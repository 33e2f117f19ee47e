"""Alarm burden at 1 Hz: from raw limits at the edges of NEWS2 to the full rules, and to personal limits.

200 simulated patients with labelled events. Personal limits are made from the first day by `propose-limits`;
everything is counted on the second. A hard event is a labelled deterioration in which a vital of it stays beyond its
high-priority limit for that limit's delay; a sustained one, in which a vital of it scores 3 in NEWS2 for 60 s without a
break. An event is found by an alert on a vital of it that is open at some time between that and its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from batch.propose_limits import propose_from
from bench.report import Report
from bench.simulated import DAY_S, T0_MS, Simulated, simulate
from clinical.calibration import CONDITION
from clinical.conditions import LIMIT_CONDITIONS, NEWS2_TOTAL, LimitCondition
from clinical.rules import rules_of
from clinical.vitals import Vital
from lakehouse.folding import AlarmFold
from lakehouse.messages import Limits
from streaming.bedside.episodes import HARD, SIMULATED

PATIENTS: Final = 200
SEED: Final = 4
SUSTAINED_S: Final = 60
DELAYS_S: Final = (0, 5, 10, 15, 20, 30, 45, 60)

# Where a vital begins to score 3 in NEWS2 (temperature: 2, on its high side), both sides included.
EDGES: Final = {
    "heart_rate_low": 40.0, "heart_rate_high": 131.0, "resp_rate_low": 8.0, "resp_rate_high": 25.0, "spo2_low": 91.0,
    "sbp_low": 90.0, "sbp_high": 220.0, "temperature_low": 35.0, "temperature_high": 39.1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    """When an alert was open, in seconds since the start."""

    patient_id: str
    vital: str
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Event:
    """A labelled event that must be found, from its first second at the level that counts to its end."""

    patient_id: str
    vitals: frozenset[str]
    begin_s: int
    end_s: int

    def is_found(self, alerts: Iterable[Alert]) -> bool:
        """Say whether one of a patient's alerts is on a vital of the event, and open while it lasts."""
        return any(
            alert.vital in self.vitals and alert.begin_s < self.end_s and alert.end_s > self.begin_s for alert in alerts
        )


def raw_edges() -> np.recarray:
    """Return rules that alarm in the second in which a vital reaches the edge, and are silent in the next."""
    return rules_of([_raw(c) for c in LIMIT_CONDITIONS])


def _raw(condition: LimitCondition) -> LimitCondition:
    edge = EDGES.get(condition.name)
    if edge is None:
        return replace(condition, delay_s=(0, 0), margin=0.0, clear_s=0)
    return replace(
        condition, limit=(edge, edge), bound=(edge, edge), inclusive=True, delay_s=(0, 0), margin=0.0, clear_s=0
    )


def delayed(delay_s: int) -> np.recarray:
    """Return the fold's rules with this delay before every alert on a vital, of either priority."""
    return rules_of([c if c.vital == NEWS2_TOTAL else replace(c, delay_s=(delay_s, delay_s)) for c in LIMIT_CONDITIONS])


def alerts_of(simulated: Simulated, rules: np.recarray | None, limits: Iterable[Limits] = ()) -> list[Alert]:
    """Fold the second day and return its alerts on limits."""
    fold = AlarmFold(rules)
    begun: dict[str, float] = {}
    alerts = []
    for part in simulated.log(DAY_S, 2 * DAY_S, limits):
        for event in fold.fold(part):
            if event.alert_id is None or event.condition not in CONDITION:
                continue
            at_s = event.received_at.timestamp() - T0_MS / 1000
            if event.step == "onset":
                begun[event.alert_id] = at_s
            elif event.step == "clear":
                vital = CONDITION[event.condition].vital
                alerts.append(Alert(event.patient_id, vital, begun.pop(event.alert_id), at_s))
    for alert_id, begin_s in begun.items():
        patient_id, condition, _ = alert_id.rsplit(".", 2)
        alerts.append(Alert(patient_id, CONDITION[condition].vital, begin_s, 2.0 * DAY_S))
    return alerts


@dataclass(frozen=True, slots=True)
class Level:
    """What a vital must reach, and for how long without a break: `low` or less, `high` or more."""

    low: float
    high: float
    seconds: int


def high_priority(vital: Vital) -> Level:
    """Return the high-priority limits of a vital: a tenth beyond them, for the longer of their delays."""
    own = [c for c in LIMIT_CONDITIONS if c.vital == vital.name]
    low = max((c.limit[1] - 0.1 for c in own if c.side == "low"), default=-np.inf)
    high = min((c.limit[1] + 0.1 for c in own if c.side == "high"), default=np.inf)
    return Level(low, high, max((c.delay_s[1] for c in own), default=0) + 1)


def scores_three(vital: Vital) -> Level:
    """Return the values of a vital that score 3 in NEWS2, for SUSTAINED_S."""
    return Level(*HARD[vital], SUSTAINED_S)


def events_of(simulated: Simulated, level_of: Callable[[Vital], Level]) -> list[Event]:
    """Return the labelled deteriorations of the second day in which a vital of theirs reaches a level."""
    events = []
    for label in simulated.labels:
        if label.episode.nature != "deterioration":
            continue
        begin_s = max(label.starts_s, DAY_S)
        end_s = min(2 * DAY_S if label.ends_s is None else label.ends_s, 2 * DAY_S)
        shown = simulated.values(label.patient, begin_s, end_s) if begin_s < end_s else np.empty((0, len(SIMULATED)))
        reached = [
            place
            for vital in label.episode.vitals
            if (place := first_run(shown[:, SIMULATED.index(vital)], level_of(vital))) is not None
        ]
        if reached:
            vitals = frozenset(vital.name for vital in label.episode.vitals)
            events.append(Event(simulated.patient_ids[label.patient], vitals, begin_s + min(reached), end_s))
    return events


def first_run(values: NDArray[np.float64], level: Level) -> int | None:
    """Return where the first unbroken run at a level begins that is long enough; None without one."""
    at_level = np.concatenate([[False], (values <= level.low) | (values >= level.high), [False]])
    begins, ends = np.flatnonzero(np.diff(at_level.astype(np.int8))).reshape(-1, 2).T
    long_enough = begins[ends - begins >= level.seconds]
    return int(long_enough[0]) if len(long_enough) else None


def share_found(events: Sequence[Event], alerts: Sequence[Alert]) -> tuple[int, int]:
    """Return how many events were found, and how many there are."""
    by_patient: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        by_patient[alert.patient_id].append(alert)
    return sum(event.is_found(by_patient[event.patient_id]) for event in events), len(events)


def run(_: int) -> Report:
    """Simulate, and count every choice of rules."""
    simulated = simulate(PATIENTS, 2, SEED)
    hard, sustained = events_of(simulated, high_priority), events_of(simulated, scores_three)
    limits = propose_from(lambda: simulated.log(0, DAY_S)).messages()
    choices = {
        "raw: at the edges of NEWS2, no delay, no hysteresis": alerts_of(simulated, raw_edges()),
        **{f"the rules with a delay of {each} s": alerts_of(simulated, delayed(each)) for each in DELAYS_S},
        "the full rules": alerts_of(simulated, None),
        "the full rules, personal limits": alerts_of(simulated, None, limits),
    }
    raw, personal = next(iter(choices.values())), list(choices.values())[-1]
    full = choices["the full rules"]
    rows = []
    for name, alerts in choices.items():
        found = [share_found(events, alerts) for events in (hard, sustained)]
        fewer = f"{len(alerts) / len(raw) - 1:+.1%}"
        rows.append((name, f"{len(alerts) / PATIENTS:.1f}", fewer, *(f"{of}/{all_}" for of, all_ in found)))
    return Report(
        title=f"Alarm burden, {PATIENTS} simulated patients, second day at 1 Hz",
        columns=("rules", "alerts a patient-day", "change", "hard events found", "sustained events found"),
        rows=rows,
        figures={
            "alerts_raw": len(raw),
            "alerts_full": len(full),
            "alerts_personal": len(personal),
            "fewer_full": round(1 - len(full) / len(raw), 4),
            "fewer_personal": round(1 - len(personal) / len(raw), 4),
            "hard_found": _share(hard, personal),
            "sustained_found": _share(sustained, personal),
            "hard_found_full": _share(hard, full),
            "sustained_found_full": _share(sustained, full),
        },
        notes=(
            "Alerts on limits, NEWS2 included. Deteriorations: one a patient-day on average, twice the usual.",
            f"{len(limits)} of {PATIENTS} patients have a personal limit.",
        ),
    )


def _share(events: Sequence[Event], alerts: Sequence[Alert]) -> float:
    found, of = share_found(events, alerts)
    return round(found / of, 4)
