"""Alarms held against patients, per ward and per hour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from batch.reports.wards import KINDS, alarm_hours_of, patient_days_of, ward_burden_of

AT = datetime(2026, 11, 24, 8, 59, tzinfo=UTC)


def episode(patient_id: str = "p1", **more: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id, "ward_id": "w1", "condition": "spo2_low", "priority": "medium", "raised_at": AT,
        "in_alarm_s": 30.0, "acknowledged_at": None, "non_actionable": False,
    } | more  # fmt: skip


def ward_of(patient_id: str) -> str:
    return "w2" if patient_id.startswith("q") else "w1"


def test_a_patient_without_an_alarm_is_a_patient_of_the_day() -> None:
    episodes = [episode(), episode(priority="high", non_actionable=True, in_alarm_s=None), episode("q1")]
    rows = {row["patient_id"]: row for row in patient_days_of(episodes, ["p1", "p2"], ward_of)}
    assert set(rows) == {"p1", "p2", "q1"}
    assert rows["p1"] | {"in_top_tenth": None} == {
        "patient_id": "p1", "ward_id": "w1", "alarms": 2, "high_alarms": 1, "non_actionable_alarms": 1,
        "in_alarm_s": 30.0, "in_top_tenth": None,
    }  # fmt: skip
    assert (rows["p2"]["alarms"], rows["q1"]["ward_id"]) == (0, "w2")


def test_the_tenth_with_most_alarms_is_marked_and_is_one_of_few_patients() -> None:
    quiet = [f"p{number:02d}" for number in range(20)]
    top = [
        row["patient_id"]
        for row in patient_days_of([episode("p07"), episode("p07"), episode("p11")], quiet, ward_of)
        if row["in_top_tenth"]
    ]
    assert top == ["p07", "p11"]
    assert [row["in_top_tenth"] for row in patient_days_of([], ["p1", "p2"], ward_of)] == [True, False]


def test_every_ward_has_a_row_for_every_kind_of_alarm_so_that_rates_can_be_summed_up() -> None:
    episodes = [episode(), episode("q1", ward_id="w2", acknowledged_at=AT, non_actionable=True)]
    patients = patient_days_of(episodes, ["p1", "p2", "q1"], ward_of)
    rows = ward_burden_of(episodes, patients)
    assert {(row["ward_id"], row["condition"], row["priority"]) for row in rows} == {
        (ward, *kind) for ward in ("w1", "w2") for kind in KINDS
    }
    assert {(row["ward_id"], row["patient_days"]) for row in rows} == {("w1", 2), ("w2", 1)}
    told = {row["ward_id"]: row for row in rows if row["alarms"]}
    assert (told["w1"]["alarms"], told["w1"]["not_acknowledged_alarms"], told["w1"]["non_actionable_alarms"]) == (
        1,
        1,
        0,
    )
    assert (told["w2"]["alarms"], told["w2"]["not_acknowledged_alarms"], told["w2"]["non_actionable_alarms"]) == (
        1,
        0,
        1,
    )
    # The metric of the dashboards: of any choice of rows that has whole wards and days.
    kinds = len({(row["condition"], row["priority"]) for row in rows})
    assert sum(row["alarms"] for row in rows) * kinds / sum(row["patient_days"] for row in rows) == 2 / 3


def test_a_kind_that_the_catalogue_does_not_foresee_is_not_lost() -> None:
    odd = [episode(priority="low")]
    assert sum(row["alarms"] for row in ward_burden_of(odd, patient_days_of(odd, [], ward_of))) == 1


def test_alarms_are_counted_by_the_hour_in_which_they_were_raised() -> None:
    later = AT.replace(hour=9, minute=0)
    rows = alarm_hours_of([episode(), episode(), episode(raised_at=later)])
    assert [(row["hour"], row["priority"], row["alarms"]) for row in rows] == [(8, "medium", 2), (9, "medium", 1)]
