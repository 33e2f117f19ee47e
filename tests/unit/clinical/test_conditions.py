"""The catalogue of conditions holds together: every number has a source, no default is looser than policy."""

from __future__ import annotations

import dataclasses

import pytest

from clinical.conditions import (
    CHANNEL,
    CONDITIONS,
    FINDING_CONDITIONS,
    HIGH,
    LIMIT_CONDITIONS,
    MEDIUM,
    TECHNICAL_CONDITIONS,
    FindingCondition,
    LimitCondition,
    TechnicalCondition,
)
from clinical.vitals import VITALS

ALL = (*LIMIT_CONDITIONS, *FINDING_CONDITIONS, *TECHNICAL_CONDITIONS)
RANGES = {vital.name: vital.possible for vital in VITALS} | {"news2": (0.0, 20.0)}

every_condition = pytest.mark.parametrize("condition", ALL, ids=CONDITIONS)
every_limit = pytest.mark.parametrize("condition", LIMIT_CONDITIONS, ids=[c.name for c in LIMIT_CONDITIONS])


@every_condition
def test_each_says_where_it_comes_from(
    condition: LimitCondition | FindingCondition | TechnicalCondition,
) -> None:
    assert len(condition.source) > len("design")


@every_limit
def test_limits_and_bounds_can_be_reached(condition: LimitCondition) -> None:
    low, high = RANGES[condition.vital]
    assert all(low <= edge <= high for edge in (*condition.limit, *condition.bound))


@every_limit
def test_a_high_limit_waits_no_longer_than_a_medium_one(condition: LimitCondition) -> None:
    assert condition.delay_s[1] <= condition.delay_s[0]


@every_limit
def test_a_value_can_come_back_from_the_default_limit(condition: LimitCondition) -> None:
    low, high = RANGES[condition.vital]
    sign = 1 if condition.side == "high" else -1
    assert low <= condition.limit[0] - sign * condition.margin <= high


def test_the_two_sides_of_a_vital_leave_room_between_them() -> None:
    """A value can be back from one side without being beyond the other."""
    sides = {(c.vital, c.side): c for c in LIMIT_CONDITIONS}
    for (vital, side), low in sides.items():
        if side == "low" and (high := sides.get((vital, "high"))):
            assert low.limit[0] + low.margin < high.limit[0] - high.margin


def test_a_vital_has_at_most_one_condition_a_side() -> None:
    assert len({(c.vital, c.side) for c in LIMIT_CONDITIONS}) == len(LIMIT_CONDITIONS)


def test_names_are_unique_and_can_stand_in_an_alert_id() -> None:
    assert len(set(CONDITIONS)) == len(CONDITIONS) == len(CHANNEL)
    assert all(name.replace("_", "").isalnum() and name == name.lower() for name in CONDITIONS)


def test_findings_are_medium_or_high() -> None:
    assert {finding.priority for finding in FINDING_CONDITIONS} <= {MEDIUM, HIGH}


def test_the_founding_rule_stands() -> None:
    """Heart rate above 120 /min or SpO2 below 90 % is an anomaly."""
    by_name = {c.name: c for c in LIMIT_CONDITIONS}
    assert by_name["heart_rate_high"].limit[0] == 120
    assert by_name["spo2_low"].limit[0] == 90


@pytest.mark.parametrize(
    "change",
    [{"limit": (140, 120)}, {"bound": (180, 150)}, {"limit": (151, 160)}, {"limit": (120, 181)}],
)
def test_contradictions_fail_when_the_condition_is_built(change: dict[str, tuple[float, float]]) -> None:
    (heart_rate_high,) = (c for c in LIMIT_CONDITIONS if c.name == "heart_rate_high")
    with pytest.raises(ValueError, match="heart_rate_high: "):
        dataclasses.replace(heart_rate_high, **change)  # type: ignore[arg-type]
