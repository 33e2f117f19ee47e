"""What the person who approves is shown, and what is counted."""

from __future__ import annotations

import math
from datetime import date

from batch.decided import Decided, Recalibration, told
from clinical.calibration import COMMON, DRIFT, STEP, TOO_LITTLE, Proposal
from clinical.policy import POLICY

HEART = "heart_rate_high"


def proposal(new: float, reason: str = COMMON, median: float = 112.0, *, drifts: bool = False) -> Proposal:
    return Proposal(HEART, 120, new, reason, 24, median, 5.0, drifts)


def of(proposals: dict[str, list[Proposal]], refused: dict[str, str] | None = None) -> Recalibration:
    return told(Decided(proposals, {}, refused or {}), date(2026, 3, 1), POLICY, erased_since=0)


def test_a_limit_that_is_looser_by_a_step_is_shown_with_its_reason() -> None:
    found = of({"p1": [proposal(135, STEP)], "p2": [proposal(121)]})
    assert (found.large_changes, found.proposed) == (1, 2)
    assert found.table.splitlines() == [
        "| patient | condition | old | new | why |",
        "| --- | --- | --- | --- | --- |",
        f"| p1 | {HEART} | 120 | 135 | {STEP} |",
    ]


def test_a_patient_who_drifts_is_shown_and_asks_for_nothing() -> None:
    found = of({"p1": [proposal(120, DRIFT, drifts=True)], "p2": [proposal(120, TOO_LITTLE, math.nan, drifts=True)]})
    assert (found.large_changes, found.drifting) == (0, 2)
    assert found.table.splitlines()[-2:] == [
        f"| p1 | {HEART} | 120 | 112 |",
        f"| p2 | {HEART} | 120 | too few readings |",
    ]


def test_what_the_gate_has_refused_is_not_asked_about() -> None:
    found = of({"p1": [proposal(135, STEP)]}, refused={"p1": "more alarms"})
    assert (found.large_changes, found.proposed, found.refused, found.table) == (0, 0, 1, "")


def test_every_large_change_is_shown_to_who_approves_it() -> None:
    found = of({f"p{number:04d}": [proposal(135, STEP)] for number in range(2000)})
    assert found.table.count(STEP) == found.large_changes == 2000
