"""The limits that are in force, as the fold has accepted them; and the message that puts a proposal in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from clinical.calibration import UNCHANGED, Proposal
from clinical.conditions import LIMIT_CONDITIONS
from clinical.policy import LimitsPolicy
from clinical.state import CLINICIAN, NIGHTLY
from lakehouse.entries import RECALIBRATION
from lakehouse.folding import AlarmFold
from lakehouse.messages import LONGEST_TEXT, Limit, Limits


class InForce(NamedTuple):
    """The limits of one patient above the defaults.

    `nightly` are medium-priority limits that differ from the default, by condition; `version` is that of the nightly
    layer, -1 before the first.
    """

    version: int = -1
    nightly: dict[str, float] = {}  # noqa: RUF012  never written to
    by_clinician: frozenset[str] = frozenset()
    ward_id: str | None = None


def in_force(fold: AlarmFold, at_ms: int) -> dict[str, InForce]:
    """Return the limits in force at a time, by patient: what the fold has accepted, and what has not run out."""
    return {fold.patient_id(row): _of(fold, row, at_ms) for row in np.flatnonzero(fold.records["known"]).tolist()}


def _of(fold: AlarmFold, row: int, at_ms: int) -> InForce:
    record = fold.records[row]
    is_set = ~np.isnan(record["set_limit"][:, :, 0]) & (record["set_until"] > at_ms)
    nightly: dict[str, float] = {}
    for c, condition in enumerate(LIMIT_CONDITIONS):
        limit = float(record["set_limit"][NIGHTLY, c, 0])
        if is_set[NIGHTLY, c] and limit != condition.limit[0]:
            nightly[condition.name] = limit
    by_clinician = frozenset(c.name for c, is_so in zip(LIMIT_CONDITIONS, is_set[CLINICIAN], strict=True) if is_so)
    return InForce(int(record["layer_version"][NIGHTLY]), nightly, by_clinician, fold.place(int(record["ward"])))


def message_of(
    patient_id: str, proposals: Iterable[Proposal], version: int, made_at: datetime, policy: LimitsPolicy
) -> Limits:
    """Return the message that puts proposals in force until they run out.

    It states every personal condition, so that one version is all that there is to know; null is the default.
    """
    proposals = list(proposals)
    said = {each.condition: each.reason for each in proposals if each.decision != UNCHANGED or each.is_personal}
    return Limits(
        patient_id=patient_id,
        version=version,
        limits={each.condition: stated(each.new if each.is_personal else None) for each in proposals},
        author=RECALIBRATION,
        reason=why(policy.digest, said),
        expires_at=made_at + timedelta(seconds=policy.valid_s),
    )


def why(policy: str, reasons: Mapping[str, str], approved_by: str | None = None) -> str:
    """Return the reason of a message: by which policy, and why the limit of each of these conditions is what it is."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for condition, reason in sorted(reasons.items()):
        by_reason[reason].append(condition)
    said = "; ".join(f"{', '.join(conditions)}: {reason}" for reason, conditions in by_reason.items())
    approval = "" if approved_by is None else f", approved by {approved_by}"
    return f"recalibration by policy {policy}{approval}; {said}"[:LONGEST_TEXT]


def stated(medium: float | None) -> Limit:
    """Return the pair for a medium-priority limit: the high-priority one stays at its default."""
    return [medium, None]
