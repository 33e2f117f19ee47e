"""A patient's limits, by the fold itself: which are in force, and what it would say to new ones. Pure.

The messages that were accepted are folded again, so the board cannot disagree with the alarms about layers, versions,
bounds and expiry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np

from clinical.alarms import silence_fault
from clinical.alert import REASONS
from clinical.conditions import LIMIT_CONDITIONS
from clinical.rules import rules_of
from clinical.state import CLINICIAN, NIGHTLY
from lakehouse.entries import RECALIBRATION
from lakehouse.folding import AlarmFold
from lakehouse.log import TIME_STEP_MS, LogSlice, slice_of
from lakehouse.messages import Limits, Tick

DEFAULTS: Final = "defaults"
_RULES: Final = rules_of()


@dataclass(frozen=True, slots=True)
class InForce:
    """The limits of one condition, in the unit of its vital, and where they come from."""

    condition: str
    medium: float
    high: float
    version: int = 0  # 0 = defaults
    author: str = DEFAULTS
    reason: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A `limits` message that the fold has accepted, and when."""

    message: Limits
    received_at: datetime


def accepted(rows: Iterable[Mapping[str, Any]], since: datetime | None = None) -> list[Accepted]:
    """Return the messages of rows of `limits_by_patient`, in the order in which they were accepted.

    `since` is when the patient was discharged last: the fold has forgotten what was accepted before.
    """
    found = [
        Accepted(
            Limits(
                patient_id=row["patient_id"],
                version=row["version"],
                limits=msgspec.json.decode(row["limits"]),
                author=row["author"],
                reason=row["reason"] or "",
                expires_at=row["expires_at"],
            ),
            row["received_at"],
        )
        for row in rows
        if since is None or row["received_at"] > since
    ]
    return sorted(found, key=lambda each: (each.received_at, each.message.version))


def in_force(known: Sequence[Accepted], now: datetime) -> list[InForce]:
    """Return the limits of each condition of the catalogue, in its order."""
    if not known:
        return [InForce(condition.name, *condition.limit) for condition in LIMIT_CONDITIONS]
    record = _folded(known, (Tick(), now)).records[0]
    told = {(_layer(each.message), each.message.version): each.message for each in known}
    found = []
    for c, condition in enumerate(LIMIT_CONDITIONS):
        medium, high = record.limit[c].tolist()
        layers = [each for each in (CLINICIAN, NIGHTLY) if not np.isnan(record.set_limit[each, c, 0])]
        message = told.get((layers[0], int(record.set_version[layers[0], c]))) if layers else None
        if message is None:
            found.append(InForce(condition.name, medium, high))
        else:
            where_from = (message.version, message.author, message.reason, message.expires_at)
            found.append(InForce(condition.name, medium, high, *where_from))
    return found


def refusal(known: Sequence[Accepted], wanted: Limits, now: datetime) -> str | None:
    """Return why the fold would refuse new limits now; None where it would take them."""
    fold = _folded(known, (Tick(), now))
    events = fold.fold(_slice([(wanted, now)], fold.positions.get(0, 0)))
    return next((event.reason for event in events if event.step == "refuse"), None)


def silence_refusal(until: datetime, now: datetime) -> str | None:
    """Return why the fold would refuse a silence until then; None where it would take it."""
    reason = silence_fault(_RULES[0], _ms(until), _ms(now))
    return REASONS[reason] or None


def _folded(known: Sequence[Accepted], last: tuple[Tick, datetime]) -> AlarmFold:
    """Fold what was accepted, each after a tick of its time: what had expired by then no longer counts."""
    fold = AlarmFold()
    each_after_a_tick = (
        entry for each in known for entry in ((Tick(), each.received_at), (each.message, each.received_at))
    )
    fold.fold(_slice([*each_after_a_tick, last], 0))
    return fold


def _slice(entries: Sequence[tuple[Limits | Tick, datetime]], offset: int) -> LogSlice:
    count = len(entries)
    received_ms = np.array([_ms(at) for _, at in entries], dtype=np.int64)
    offsets = np.arange(offset, offset + count, dtype=np.int64)
    return slice_of(np.zeros(count, np.int32), offsets, received_ms, [message for message, _ in entries])


def _layer(message: Limits) -> int:
    return NIGHTLY if message.author == RECALIBRATION else CLINICIAN


def _ms(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000) // TIME_STEP_MS * TIME_STEP_MS
