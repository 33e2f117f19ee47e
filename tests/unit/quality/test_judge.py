"""Great Expectations decides; findings say what it decided, for the table and for each ward."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from lakehouse.contract import Column, MartTable
from quality.judge import Judge
from quality.render import of_contract, of_rules
from quality.thresholds import READINGS_RULES, Rule

DAY = date(2026, 11, 23)
TABLE = MartTable(
    name="counts",
    doc="Counts.",
    columns=(
        Column("day", "date", "Day."),
        Column("ward_id", "text", "Ward."),
        Column("alarms", "int64", "Alarms.", possible=(0, 1000)),
        Column("share_pct", "float64", "Share.", True, "%", (0, 100)),
    ),
    key=("day", "ward_id"),
)
SHARE = Rule(name="complete", of="wards", column="completeness", at_least=0.8, severity="stop", reason="Because.")


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(DAY, tmp_path / "quality" / "counts" / DAY.isoformat())


def test_rows_that_keep_their_contract_meet_all_of_it(judge: Judge) -> None:
    rows = pd.DataFrame({"day": [DAY] * 2, "ward_id": ["a", "b"], "alarms": [0, 7], "share_pct": [None, 5.0]})
    findings = judge.contract("contract", rows, of_contract(TABLE))
    assert [each.expectation for each in findings if not each.success] == []
    assert {each.expectation: each.total_count for each in findings}["share_pct_possible"] == 1


def test_a_null_and_an_impossible_value_are_counted(judge: Judge) -> None:
    rows = pd.DataFrame({"day": [DAY] * 2, "ward_id": ["a", None], "alarms": [0, -7], "share_pct": [1.0, 5.0]})
    unmet = {each.expectation: each for each in judge.contract("c", rows, of_contract(TABLE)) if not each.success}
    assert set(unmet) == {"ward_id_never_null", "alarms_possible"}
    assert (unmet["alarms_possible"].unexpected_count, unmet["alarms_possible"].observed) == (1, 0.5)
    assert (unmet["ward_id_never_null"].unexpected_count, unmet["ward_id_never_null"].total_count) == (1, 2)


def test_a_lost_column_is_found_and_what_depends_on_it_says_why(judge: Judge) -> None:
    rows = pd.DataFrame({"day": [DAY], "ward_id": ["a"], "share_pct": [1.0]})
    unmet = {each.expectation: each for each in judge.contract("c", rows, of_contract(TABLE)) if not each.success}
    assert set(unmet) == {"columns", "alarms_never_null", "alarms_possible"}
    assert "could not be judged" in unmet["alarms_possible"].detail


def test_a_failing_ward_is_told_beside_the_whole(judge: Judge) -> None:
    wards = pd.DataFrame({"ward_id": ["a", "b", "c"], "completeness": [1.0, 0.7, None]})
    whole, ward = judge.statistics("wards", wards, of_rules([SHARE]))
    assert (whole.ward_id, whole.success, whole.observed, whole.threshold) == (None, False, 0.7, 0.8)
    assert (whole.unexpected_count, whole.total_count) == (1, 2)
    assert (ward.ward_id, ward.success, ward.observed, ward.unexpected_count) == ("b", False, 0.7, 1)


def test_what_is_too_little_to_judge_holds(judge: Judge) -> None:
    wards = pd.DataFrame({"ward_id": ["a"], "completeness": [None]}).astype({"completeness": float})
    (whole,) = judge.statistics("wards", wards, of_rules([SHARE]))
    assert (whole.success, whole.observed, whole.total_count) == (True, None, 0)


def test_a_device_is_named_in_the_log_and_nowhere_else(judge: Judge, caplog: pytest.LogCaptureFixture) -> None:
    devices = pd.DataFrame(
        {"patient_id": ["p77", "p2"], "device_id": ["d", "e"], "ward_id": ["a", "a"], "stuck_hours": [3, 0]}
    )
    stuck = [rule for rule in READINGS_RULES if rule.name == "stuck_device"]
    findings = judge.statistics("devices", devices, of_rules(stuck))
    assert [(each.ward_id, each.unexpected_count, each.total_count) for each in findings] == [(None, 1, 2), ("a", 1, 2)]
    assert "device d of patient p77 has stuck_hours = 3" in caplog.text
    page = judge.publish()
    pages = [each.read_text(encoding="utf-8") for each in page.parent.rglob("*.html")]
    assert any("stuck_hours" in text for text in pages)
    assert not any("p77" in text for text in pages)


def test_a_second_publication_replaces_the_first_and_days_are_linked(tmp_path: Path) -> None:
    site = tmp_path / "quality" / "counts" / DAY.isoformat()
    for _ in range(2):
        judge = Judge(DAY, site)
        judge.statistics("wards", pd.DataFrame({"ward_id": ["a"], "completeness": [1.0]}), of_rules([SHARE]))
        assert judge.publish() == site / "index.html"
    assert len(list(site.glob("validations/**/*.html"))) == 1
    assert f"counts/{DAY}/index.html" in (tmp_path / "quality" / "index.html").read_text(encoding="utf-8")
