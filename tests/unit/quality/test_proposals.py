"""What no calibration may propose is counted."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from clinical.conditions import LIMIT_CONDITIONS
from clinical.policy import loosest
from quality.proposals import COLUMNS, contradictions

HIGH = next(condition for condition in LIMIT_CONDITIONS if condition.name == "heart_rate_high")
LOW = next(condition for condition in LIMIT_CONDITIONS if condition.name == "spo2_low")


def counted(*rows: tuple[Any, ...]) -> dict[str, float]:
    found = contradictions(pd.DataFrame(list(rows), columns=list(COLUMNS)))
    return {str(name): float(value) for name, value in found.iloc[0].items() if value}


def test_what_the_policy_allows_is_no_contradiction() -> None:
    assert not counted(
        ("p1", HIGH.name, "loosened", HIGH.limit[0], loosest(HIGH)),
        ("p1", LOW.name, "loosened", LOW.limit[0], loosest(LOW)),
        ("p2", HIGH.name, "unchanged", 120.0, 120.0),
        ("p2", LOW.name, "tightened", LOW.limit[0], LOW.limit[0] + 1),
    )


@pytest.mark.parametrize(("condition", "step"), [(HIGH, 1), (LOW, -1)])
def test_a_limit_beyond_the_policy_is_found_on_both_sides(condition: Any, step: float) -> None:
    row = ("p1", condition.name, "loosened", condition.limit[0], loosest(condition) + step)
    assert counted(row) == {"beyond_policy": 1}


def test_a_loosened_limit_that_is_called_unchanged_is_found() -> None:
    assert counted(("p1", HIGH.name, "unchanged", 120.0, 121.0)) == {"decisions_unlike_limits": 1}


def test_a_second_proposal_and_an_unknown_condition_are_found() -> None:
    row = ("p1", HIGH.name, "unchanged", 120.0, 120.0)
    assert counted(row, row, ("p1", "mood_low", "unchanged", 1.0, 1.0)) == {
        "repeated_proposals": 1,
        "unknown_conditions": 1,
    }


def test_no_proposals_are_no_contradiction() -> None:
    assert not counted()
