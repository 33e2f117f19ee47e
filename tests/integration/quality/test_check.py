"""A clean day passes the gate; a day with a constant device, swapped pressures or a third lost is stopped."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clinical.vitals import DBP, INDEX, SBP
from lakehouse.lake import Addition, Batch, Lake
from lakehouse.landed import DAY_MARK, DayIsOpen
from lakehouse.mart_tables import ALARM_BURDEN_DAILY, QUALITY_DAILY
from lakehouse.marts import Marts
from lakehouse.progress import unwatched
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ENTRIES, LIMITS_PROPOSED, READINGS
from quality.check import Verdict, run
from quality.lake_days import open_lake
from tests.integration.quality.days import PATIENTS, WARDS, Day, land, simulated, ward_of
from tests.integration.streaming.own_lake import with_own_lake
from tests.local_stack import ROOT, LocalStack

SYSTOLIC, DIASTOLIC = INDEX[SBP.name], INDEX[DBP.name]
CLEAN, CONSTANT, SWAPPED, LOST, EMPTY, LANDED, GROWING, ONE_LOST = (date(2026, 10, day) for day in range(1, 9))
BEHIND = date(2026, 10, 30)  # landing stands on it


@pytest.fixture(scope="module")
def own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    own = with_own_lake(settings, tmp_path_factory.mktemp("quality"))
    with Lake(own) as lake:
        lake.add(ENTRIES, lambda _: Addition(arrow_schema(ENTRIES).empty_table(), {DAY_MARK: BEHIND.toordinal()}))
    return own


@pytest.fixture(scope="module")
def clean() -> Day:
    return simulated()


@pytest.fixture
def found(own: Settings) -> Iterator[dict[date, Verdict]]:
    """Judged days; their findings leave the mart with the test."""
    judged: dict[date, Verdict] = {}
    yield judged
    with Marts(own, Service.BATCH) as marts:
        for day in judged:
            marts.replace_day(QUALITY_DAILY, day, [], table_name="readings")


def judge(settings: Settings, day: date, content: Day, found: dict[date, Verdict]) -> Verdict:
    land(settings, day, content)
    found[day] = run(settings, day, "readings", unwatched)
    return found[day]


def test_a_clean_day_passes(own: Settings, clean: Day, found: dict[date, Verdict]) -> None:
    verdict = judge(own, CLEAN, clean, found)
    assert verdict.stopped_by == []
    assert verdict.rows == clean.sent.sum()
    # The simulation has no nurse: nobody notes consciousness and oxygen, and the gate says so.
    assert {each.expectation for each in verdict.unmet} == {"news2_oxygen", "news2_consciousness"}
    pages = [page.read_text(encoding="utf-8") for page in verdict.docs.parent.rglob("validations/**/*.html")]
    assert any("heart_rate_bpm" in page for page in pages)
    with Marts(own, Service.BATCH) as marts:
        rows = marts.read(QUALITY_DAILY, CLEAN, table_name="readings")
    assert len(rows) == len(verdict.findings)
    assert {row["expectation"] for row in rows if not row["success"]} == {"news2_oxygen", "news2_consciousness"}


def test_a_device_that_sends_a_constant_stops_the_night(own: Settings, clean: Day, found: dict[date, Verdict]) -> None:
    def hang(day: Day) -> None:
        day.values[120:, 7] = day.values[119, 7]

    verdict = judge(own, CONSTANT, clean.changed(hang), found)
    assert "stuck_device" in verdict.stopped_by
    wards = [each.ward_id for each in verdict.findings if each.expectation == "stuck_device"]
    assert wards == [None, ward_of(7)]


def test_a_ward_with_swapped_pressures_stops_the_night(own: Settings, clean: Day, found: dict[date, Verdict]) -> None:
    def swap(day: Day) -> None:
        of_ward = [patient for patient in range(PATIENTS) if ward_of(patient) == WARDS[2]]
        for patient in of_ward:
            day.values[:, patient, [SYSTOLIC, DIASTOLIC]] = day.values[:, patient, [DIASTOLIC, SYSTOLIC]]

    verdict = judge(own, SWAPPED, clean.changed(swap), found)
    assert "ward_systolic_above_diastolic" in verdict.stopped_by
    findings = [each for each in verdict.findings if each.expectation == "ward_systolic_above_diastolic"]
    assert [(each.ward_id, each.observed) for each in findings] == [(None, 1.0), (WARDS[2], 1.0)]


def test_a_day_that_lost_three_readings_in_ten_is_stopped(
    own: Settings, clean: Day, found: dict[date, Verdict]
) -> None:
    def lose(day: Day) -> None:
        day.sent &= np.random.default_rng(1).random(day.sent.shape) >= 0.3

    verdict = judge(own, LOST, clean.changed(lose), found)
    assert {"day_completeness", "ward_completeness"} <= set(verdict.stopped_by)
    whole = next(each for each in verdict.findings if each.expectation == "day_completeness")
    assert whole.observed == pytest.approx(0.7, abs=0.02)


def test_one_patient_with_half_the_readings_lost_is_told(own: Settings, clean: Day, found: dict[date, Verdict]) -> None:
    def lose(day: Day) -> None:
        day.sent[1::2, 7] = False

    verdict = judge(own, ONE_LOST, clean.changed(lose), found)
    assert verdict.stopped_by == []
    whole = next(each for each in verdict.unmet if each.expectation == "device_completeness")
    assert (whole.unexpected_count, whole.total_count) == (1, PATIENTS)
    assert whole.observed == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("table", ["readings", "entries"])
def test_a_past_day_that_may_still_grow_is_not_judged(own: Settings, table: str) -> None:
    with pytest.raises(DayIsOpen, match=f"{BEHIND} is asked for"):
        run(own, BEHIND, table, unwatched)


def test_a_day_without_readings_is_stopped(own: Settings, found: dict[date, Verdict]) -> None:
    found[EMPTY] = run(own, EMPTY, "readings", unwatched)
    assert found[EMPTY].stopped_by == ["readings_landed"]


def test_a_proposal_beyond_the_policy_is_stopped(own: Settings) -> None:
    good = {"condition": "heart_rate_high", "decision": "loosened", "old_limit": 120.0, "new_limit": 124.0}
    bad = good | {"patient_id": "p2", "new_limit": 300.0}
    for day, rows in ((CLEAN, [good]), (CONSTANT, [good, bad])):
        with Lake(own) as lake:
            lake.append(LIMITS_PROPOSED, proposals(day, rows), Batch(f"test/{day}", 1))
    assert run(own, CLEAN, "limits_proposed", unwatched).stopped_by == []
    verdict = run(own, CONSTANT, "limits_proposed", unwatched)
    assert (verdict.rows, verdict.stopped_by) == (2, ["within_policy"])


def proposals(day: date, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of `limits_proposed`; what a row does not name is null, or empty where it may not be."""
    empty = {"text": "x", "bool": False, "int64": 1, "float64": 1.0}
    usual = {column.name: None if column.nullable else empty.get(column.type) for column in LIMITS_PROPOSED.columns}
    filled = [usual | {"day": day, "patient_id": "p1"} | row for row in rows]
    return pa.Table.from_pylist(filled, schema=arrow_schema(LIMITS_PROPOSED))


def test_marts_that_contradict_each_other_are_stopped(own: Settings) -> None:
    day = date(2026, 10, 8)
    assert run(own, day, "marts", unwatched).stopped_by == []
    burden = {
        "patient_id": "p1", "ward_id": "w1", "condition": "spo2_low", "priority": "medium", "alarms": 2,
        "open_alarms": 3, "in_alarm_s": 10.0, "not_acknowledged_alarms": 0, "not_acknowledged_pct": 0.0,
        "median_to_acknowledge_s": None, "non_actionable_alarms": 0, "non_actionable_pct": 0.0,
    }  # fmt: skip
    with Marts(own, Service.BATCH) as marts:
        try:
            marts.replace_day(ALARM_BURDEN_DAILY, day, [burden])
            verdict = run(own, day, "marts", unwatched)
        finally:
            marts.replace_day(ALARM_BURDEN_DAILY, day, [])
    assert set(verdict.stopped_by) == {"burden_is_of_episodes", "parts_within_whole"}


@pytest.mark.parametrize(("table", "day", "code"), [("entries", LANDED, 0), ("readings", EMPTY, 1)])
def test_the_command_says_so_by_its_exit_code_and_its_last_line(
    own: Settings, clean: Day, settings: Settings, table: str, day: date, code: int
) -> None:
    land(own, LANDED, clean)
    environment = LocalStack(settings.run).environment | {"WARDWATCH_HDFS__ROOT": own.hdfs.root}
    done = subprocess.run(
        [sys.executable, "-m", "quality", "check", table, "--date", str(day)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    summary = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == code, done.stderr
    assert (summary["table"], summary["date"], bool(summary["stopped_by"])) == (table, str(day), bool(code))
    assert Path(summary["docs"]).is_file()


def test_a_day_that_still_grows_is_judged_as_it_was_when_first_looked_at(own: Settings, clean: Day) -> None:
    land(own, GROWING, clean)
    with open_lake(own, "test-growing") as lake:
        before = lake.rows(READINGS, GROWING).count()
        with Lake(own) as writer:
            writer.append(READINGS, writer.read(READINGS, [("landed_date", "=", GROWING)]), Batch("test-growing", 1))
        assert lake.rows(READINGS, GROWING).count() == before
