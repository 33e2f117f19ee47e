"""Episodes summed up: by patient, condition and priority, and the patients with the most."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from batch.reports.burden import MOST_PATIENTS, burden_of, most_alarms

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def episode(**more: Any) -> dict[str, Any]:
    return {
        "day": DAY,
        "alert_id": "a",
        "patient_id": "p1",
        "ward_id": "w1",
        "condition": "spo2_low",
        "priority": "medium",
        "raised_at": AT,
        "closed_at": AT + timedelta(seconds=100),
        "in_alarm_s": 100.0,
        "to_acknowledge_s": None,
        "non_actionable": False,
    } | more


def test_a_row_sums_up_the_alarms_of_one_condition_and_priority() -> None:
    (row,) = burden_of(
        [
            episode(to_acknowledge_s=20.0),
            episode(to_acknowledge_s=40.0, in_alarm_s=50.0),
            episode(non_actionable=True, in_alarm_s=30.0),
            episode(closed_at=None, in_alarm_s=None),
        ]
    )
    assert row == {
        "day": DAY,
        "patient_id": "p1",
        "ward_id": "w1",
        "condition": "spo2_low",
        "priority": "medium",
        "alarms": 4,
        "open_alarms": 1,
        "in_alarm_s": 180.0,
        "not_acknowledged_alarms": 2,
        "not_acknowledged_pct": 50.0,
        "median_to_acknowledge_s": 30.0,
        "non_actionable_alarms": 1,
        "non_actionable_pct": 25.0,
    }


@pytest.mark.parametrize("name", ["patient_id", "ward_id", "condition", "priority"])
def test_what_differs_in_a_key_is_another_row(name: str) -> None:
    assert len(burden_of([episode(), episode(**{name: "another"})])) == 2


def test_nobody_acknowledged_means_no_median() -> None:
    assert burden_of([episode()])[0]["median_to_acknowledge_s"] is None


def test_no_episodes_are_no_rows() -> None:
    assert burden_of([]) == most_alarms([]) == []


def test_the_patient_with_the_most_alarms_comes_first_then_the_one_with_more_of_high_priority() -> None:
    rows = most_alarms(
        [
            episode(patient_id="one"),
            episode(patient_id="calm"), episode(patient_id="calm"),
            episode(patient_id="ill", priority="high"), episode(patient_id="ill", priority="high"),
        ]
    )  # fmt: skip
    assert [(row["rank"], row["patient_id"], row["alarms"], row["high_alarms"]) for row in rows] == [
        (1, "ill", 2, 2),
        (2, "calm", 2, 0),
        (3, "one", 1, 0),
    ]


def test_a_patient_is_shown_where_the_last_alarm_was_with_the_most_frequent_condition() -> None:
    later = AT + timedelta(hours=1)
    (row,) = most_alarms(
        [
            episode(), episode(condition="apnoea"), episode(condition="apnoea"),
            episode(ward_id="w2", raised_at=later, closed_at=None, in_alarm_s=None),
        ]
    )  # fmt: skip
    assert (row["ward_id"], row["top_condition"], row["in_alarm_s"]) == ("w2", "apnoea", 300.0)


def test_only_so_many_patients_are_listed() -> None:
    rows = most_alarms([episode(patient_id=f"p{number}") for number in range(MOST_PATIENTS + 5)])
    assert [row["rank"] for row in rows] == list(range(1, MOST_PATIENTS + 1))
