"""What a night's calibration decided: the counts for its last line, and the tables for the person who approves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from batch.backtest import Comparison, Key
from clinical.calibration import UNCHANGED, Proposal
from clinical.policy import LimitsPolicy


class Decided(NamedTuple):
    """The proposals of all patients, what trying them out showed, and whom the gate refused and why."""

    proposals: dict[str, list[Proposal]]
    compared: dict[Key, Comparison]
    refused: dict[str, str]

    def accepted(self) -> Iterator[tuple[str, Proposal]]:
        """Yield patient and proposal, without the patients whom the gate refused."""
        for patient_id, proposals in self.proposals.items():
            if patient_id not in self.refused:
                yield from ((patient_id, each) for each in proposals)

    def drifting(self) -> Iterator[tuple[str, Proposal]]:
        """Yield patient and proposal where the nightly median drifts, whatever became of the limit."""
        for patient_id, proposals in self.proposals.items():
            yield from ((patient_id, each) for each in proposals if each.drifts)


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What a night's calibration decided. Counts are of limits; `refused`, `drifting` and `erased_since` of patients.

    Alarms are those of the accepted limits in the backtest, a patient-day; None where there was nothing to fold. What
    an earlier calibration of the day said of patients who were erased since then cannot be repeated.
    """

    day: date
    patients: int
    proposed: int
    unchanged: int
    refused: int
    large_changes: int
    drifting: int
    erased_since: int
    alarms_before_per_patient_day: float | None
    alarms_after_per_patient_day: float | None
    events_missed: int
    table: str  # Markdown, of the large changes, and of the patients who drift

    def summary(self) -> dict[str, Any]:
        """Return it for the last line of the job."""
        return asdict(self)


def told(decided: Decided, day: date, policy: LimitsPolicy, erased_since: int) -> Recalibration:
    """Return the counts, and what the person who approves must see: the large changes, and who drifts."""
    accepted = list(decided.accepted())
    large = [(patient_id, each) for patient_id, each in accepted if each.is_large(policy)]
    drifting = list(decided.drifting())
    tables = [
        table_of(
            ("patient", "condition", "old", "new", "why"),
            [(patient_id, e.condition, f"{e.old:g}", f"{e.new:g}", e.reason) for patient_id, e in large],
        ),
        table_of(
            ("drifts towards the hard bound, to be looked at", "condition", "limit", "usual value"),
            [(patient_id, e.condition, f"{e.new:g}", _usual(e)) for patient_id, e in drifting],
        ),
    ]
    tried = {key: each for key, each in decided.compared.items() if key.patient_id not in decided.refused}
    patient_days = sum({key.patient_id: each.days for key, each in tried.items()}.values())
    before, after = (
        sum(each.alarms[which] for each in tried.values()) / patient_days if patient_days else None for which in (0, 1)
    )
    return Recalibration(
        day=day,
        patients=len(decided.proposals),
        proposed=sum(each.decision != UNCHANGED for _, each in accepted),
        unchanged=sum(each.decision == UNCHANGED for _, each in accepted),
        refused=len(decided.refused),
        large_changes=len(large),
        drifting=len({patient_id for patient_id, _ in drifting}),
        erased_since=erased_since,
        alarms_before_per_patient_day=before,
        alarms_after_per_patient_day=after,
        events_missed=sum(each.missed for each in tried.values()),
        table="\n\n".join(table for table in tables if table),
    )


def table_of(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table of all rows: nobody approves what is not shown. Empty without a row."""
    if not rows:
        return ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows))


def _usual(proposal: Proposal) -> str:
    return "too few readings" if np.isnan(proposal.median) else f"{proposal.median:g}"
