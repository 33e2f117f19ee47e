"""What a ward looks like now: one tile a bed, worst first. Pure: rows and values in, tiles out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from clinical.conditions import PRIORITIES, TECHNICAL_CONDITIONS
from clinical.vitals import VITALS
from lakehouse.events import AlertEvent
from streaming.board import freshness
from streaming.board.freshness import Freshness
from streaming.board.history import Latest
from streaming.board.trends import Trend

TECHNICAL: Final = frozenset(condition.name for condition in TECHNICAL_CONDITIONS)

Trending = Callable[[str, str, int], Trend]


@dataclass(frozen=True, slots=True)
class Bed:
    """Who lies where, and the score that the alarms use, as the speed layer wrote it last. Times by the alarm clock."""

    patient_id: str
    bed: str | None = None
    heard_ms: int = 0
    vitals: Mapping[str, tuple[float, int]] = field(default_factory=dict)  # value, measured at
    news2: int | None = None
    news2_missing: tuple[str, ...] = ()
    scored_ms: int = 0


@dataclass(frozen=True, slots=True)
class Stay:
    """Where an admission message has put a patient, and since when (ms since 1970) he was gone before, or is."""

    ward_id: str | None
    bed: str | None
    discharged_ms: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """One vital on a tile."""

    value: float
    at_ms: int
    freshness: Freshness
    arrow: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One bed as the board shows it."""

    patient_id: str
    bed: str
    clinical: tuple[AlertEvent, ...]  # unanswered before answered, the worst first
    technical: tuple[AlertEvent, ...]
    vitals: Mapping[str, Shown]
    sparklines: Mapping[str, str]
    news2: int | None  # None also where it has become too old to be shown
    news2_missing: tuple[str, ...]
    scored_ms: int
    heard_ms: int

    @property
    def unanswered(self) -> AlertEvent | None:
        """The worst clinical alert that nobody has acknowledged and that is not silenced."""
        worst = next(iter(self.clinical), None)
        return None if worst is None or is_answered(worst) else worst

    @property
    def priority(self) -> str:
        """Of the worst clinical alert that is unanswered, else of the worst; empty where there is none."""
        return (self.clinical[0].priority or "") if self.clinical else ""


def is_answered(alert: AlertEvent) -> bool:
    """Whether a person has acknowledged or silenced an alert; a silence that ends is taken back by the speed layer."""
    return alert.acknowledged or alert.silenced_until is not None


def rank(alert: AlertEvent | None) -> int:
    """Return 3 for high priority, 2 for medium, 1 for low, 0 for no alert."""
    return PRIORITIES.index((alert.priority or "") if alert is not None else "")


def tiles(
    beds: Iterable[Bed],
    alerts: Iterable[AlertEvent],
    latest: Callable[[str], Latest | None],
    trend: Trending,
    now_ms: int,
) -> list[Tile]:
    """Return the tiles of a ward, worst first.

    Parameters
    ----------
    beds
        Who lies there. A patient who is not among them and has an alert there has a tile, too.
    alerts
        Open alerts of the ward; `by` is who acknowledged.
    latest, trend
        As `History.latest` and `Trends.of`.
    """
    of_patient: dict[str, list[AlertEvent]] = {}
    for alert in alerts:
        of_patient.setdefault(alert.patient_id, []).append(alert)
    known = {bed.patient_id: bed for bed in beds}
    unlisted = {
        patient_id: Bed(patient_id, open_[0].bed) for patient_id, open_ in of_patient.items() if patient_id not in known
    }
    found = [
        tile(bed, of_patient.get(patient_id, ()), latest(patient_id), trend, now_ms)
        for patient_id, bed in (known | unlisted).items()
    ]
    return sorted(found, key=urgency)


def occupied(ward_id: str, beds: Iterable[Bed], stays: Mapping[str, Stay]) -> list[Bed]:
    """Return who lies in a ward: as the speed layer wrote last, and as the log has said since."""
    found = {bed.patient_id: bed for bed in beds if _stays(ward_id, stays.get(bed.patient_id))}
    for patient_id, stay in stays.items():
        if stay.ward_id == ward_id:
            found[patient_id] = replace(found.get(patient_id, Bed(patient_id)), bed=stay.bed)
    return list(found.values())


def _stays(ward_id: str, stay: Stay | None) -> bool:
    if stay is None or (stay.ward_id is None and not stay.discharged_ms):
        return True
    return stay.ward_id == ward_id


def tile(bed: Bed, alerts: Sequence[AlertEvent], latest: Latest | None, trend: Trending, now_ms: int) -> Tile:
    """Return one bed's tile. Of each vital the newer of log and store is shown."""
    values = dict(bed.vitals)
    periods_ms: dict[str, int] = {}
    if latest is not None:
        newest = zip(VITALS, latest.values.tolist(), latest.at_ms.tolist(), latest.period_ms.tolist(), strict=True)
        for vital, value, at_ms, period_ms in newest:
            if at_ms and at_ms >= values.get(vital.name, (0.0, 0))[1]:
                values[vital.name] = (value, at_ms)
                periods_ms[vital.name] = period_ms
    trends = {name: trend(bed.patient_id, name, now_ms) for name in values}
    shown = {
        name: Shown(
            value,
            at_ms,
            freshness.of_value(name, at_ms, periods_ms.get(name, 0), now_ms),
            trends[name].arrow,
        )
        for name, (value, at_ms) in values.items()
    }
    score_freshness = freshness.of_score(bed.scored_ms, {name: at for name, (_, at) in bed.vitals.items()}, now_ms)
    asking_first = sorted(alerts, key=lambda alert: (is_answered(alert), -rank(alert), _onset(alert)))
    return Tile(
        patient_id=bed.patient_id,
        bed=bed.bed or "?",
        clinical=tuple(alert for alert in asking_first if alert.condition not in TECHNICAL),
        technical=tuple(alert for alert in asking_first if alert.condition in TECHNICAL),
        vitals=shown,
        sparklines={name: each.sparkline for name, each in trends.items() if each.sparkline},
        news2=None if score_freshness is Freshness.GONE else bed.news2,
        news2_missing=bed.news2_missing,
        scored_ms=bed.scored_ms,
        heard_ms=max(bed.heard_ms, latest.heard_ms if latest is not None else 0),
    )


def _onset(alert: AlertEvent) -> datetime:
    return alert.onset_at or alert.received_at


def urgency(shown: Tile) -> tuple[object, ...]:
    """Return the place of a tile among others: unanswered clinical alarms first, then answered ones, NEWS2, technical.

    Beds that are alike stand in the order of their numbers, so that tiles move only when something has happened.
    """
    return (
        -rank(shown.unanswered),
        -max(map(rank, shown.clinical), default=0),
        -(shown.news2 or 0),
        -max(map(rank, shown.technical), default=0),
        bed_order(shown.bed),
        shown.patient_id,
    )


def bed_order(bed: str) -> tuple[tuple[int, int, str], ...]:
    """Return the place of a bed: 2 before 10, and A2 before A10."""
    parts = re.findall(r"(\d+)|(\D+)", bed)
    return tuple((0, int(digits), "") if digits else (1, 0, text) for digits, text in parts)


def grid(count: int) -> tuple[int, int]:
    """Return columns and rows for so many tiles on a wide screen: 8 x 5 for 40, all of them without scrolling."""
    columns, rows = 4, 2
    while columns * rows < count:
        if columns * 4 >= rows * 7:  # a tile stays about as wide as it is high, a little wider
            rows += 1
        else:
            columns += 1
    return columns, rows
