"""One night of limits on real stores: proposed, tried out, published, accepted by the fold, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from batch import prove as proving
from batch import publish as publishing
from batch.backtest import MORE
from batch.decided import Recalibration
from batch.prove import Difference
from batch.publish import NotApproved, NothingToPublish, Published
from batch.recalibrate import NotFit, NotProven, recalibrate
from clinical.policy import POLICY
from lakehouse.cassandra import Cassandra
from lakehouse.kafka import LogWriter
from lakehouse.lake import Batch, Lake
from lakehouse.mart_tables import QUALITY_DAILY
from lakehouse.marts import Marts
from lakehouse.messages import Admission, Reading, Vitals, encode
from lakehouse.progress import unwatched
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import AUDIT, BASELINES, ERASURES, LIMITS_PROPOSED
from tests.integration.batch.test_prove import Hospital
from tests.integration.streaming.own_lake import with_own_lake

CHARTED = [110, 112, 108, 113, 109, 111, 112, 110, 121, 107, 110, 112] * 2  # an hour each
CONDITION = "heart_rate_high"
# Five minutes each: calm, but for an hour around a high-priority alert, which no baseline is made of.
RESTLESS = [70] * 200 + [115, 70] * 3 + [145] + [70, 115] * 3 + [70] * 75


@pytest.fixture
def hospital(settings: Settings, tmp_path: Path) -> Hospital:
    """A hospital after a day of charts and its proof."""
    hospital = Hospital(with_own_lake(settings, tmp_path, ["bedside", "alerts"]))
    chart(hospital, hospital.patient_id)
    return hospital


def chart(
    hospital: Hospital, patient_id: str, ward_id: str = "w", beats: Sequence[int] = CHARTED, period_s: int = 3600
) -> None:
    """Admit a patient and write a day of charts; the alarms of that are raised."""
    now, key = datetime.now(UTC), patient_id.encode()
    with LogWriter(hospital.settings, Service.MONITORS) as log:
        log.send("bedside", key, encode(Admission(patient_id=patient_id, event="admit", ward_id=ward_id, bed="1")))
        for row, beat in enumerate(beats):
            at, vitals = now - timedelta(seconds=period_s * (len(beats) - row)), Vitals(heart_rate_bpm=beat)
            reading = Reading(patient_id=patient_id, measured_at=at, period_s=period_s, vitals=vitals)
            log.send("bedside", key, encode(reading))
    hospital.tick()
    hospital.raise_alarms()


def calibrated(hospital: Hospital) -> Recalibration:
    day = hospital.day()
    proof = hospital.prove()
    assert proof.is_clean
    proving.keep(hospital.settings, proof)
    return recalibrate(hospital.settings, day, unwatched, today=day + timedelta(days=1))


def rows(hospital: Hospital, patient_id: str | None = None) -> dict[str, dict[str, Any]]:
    """The decisions about a patient, that of this test unless named, by condition."""
    with Lake(hospital.settings) as lake:
        found = lake.read(LIMITS_PROPOSED, [("patient_id", "=", patient_id or hospital.patient_id)]).to_pylist()
    assert len({row["condition"] for row in found}) == len(found)
    return {row["condition"]: row for row in found}


def publish(hospital: Hospital) -> Published:
    done = publishing.publish(hospital.settings, hospital.day(), datetime.now(UTC))
    hospital.tick()
    events = hospital.raise_alarms()
    assert not [event for event in events if event.step == "refuse" and event.patient_id == hospital.patient_id]
    return done


def roll_back(hospital: Hospital, **whom: str) -> Published:
    return publishing.roll_back(hospital.settings, hospital.day(), "dr-a", datetime.now(UTC), **whom)


def in_force(hospital: Hospital, patient_id: str | None = None) -> float:
    fold, wanted = hospital.fold, patient_id or hospital.patient_id
    row = next(row for row in range(len(fold.records)) if fold.patient_id(row) == wanted)
    return float(fold.records[row]["limit"][1, 0])  # of heart_rate_high, medium


def test_every_decision_is_a_row_with_what_it_was_made_from(hospital: Hospital) -> None:
    done = calibrated(hospital)
    found = rows(hospital)
    assert set(found) == {limit.condition for limit in POLICY.personal}
    heart = found[CONDITION]
    assert (heart["decision"], heart["old_limit"], heart["readings"], heart["median_value"]) == (
        "loosened",
        120,
        24,
        110.5,
    )
    assert (heart["policy"], heart["refusal"], heart["events_missed"]) == (POLICY.digest, None, 0)
    assert (heart["alarms_before_per_patient_day"], heart["alarms_after_per_patient_day"]) == (2, 0)
    assert found["spo2_low"]["decision"] == "unchanged"
    assert done.proposed >= 1


def test_a_second_run_replaces_the_first_and_says_the_same(hospital: Hospital) -> None:
    first, told = calibrated(hospital), rows(hospital)
    assert calibrated(hospital) == first
    assert rows(hospital) == told
    with Lake(hospital.settings) as lake:
        stored = lake.read(BASELINES, [("patient_id", "=", hospital.patient_id)]).to_pylist()
    assert [(row["vital"], row["readings"]) for row in stored] == [("heart_rate_bpm", 24)]


def test_published_limits_are_in_force_and_can_be_taken_back(hospital: Hospital) -> None:
    calibrated(hospital)
    proposed = rows(hospital)[CONDITION]["new_limit"]
    assert publish(hospital).published == 1
    assert in_force(hospital) == proposed
    assert publish(hospital) == Published(published=0, already=1, refused=0)
    assert roll_back(hospital, patient_id=hospital.patient_id).published == 1
    hospital.raise_alarms()
    assert in_force(hospital) == 120
    assert roll_back(hospital, patient_id=hospital.patient_id).published == 0


def test_a_night_that_is_had_twice_on_one_day_takes_one_step(hospital: Hospital) -> None:
    calibrated(hospital)
    first = rows(hospital)[CONDITION]
    publish(hospital)
    again = calibrated(hospital)
    second = rows(hospital)[CONDITION]
    assert (second["old_limit"], second["new_limit"]) == (first["old_limit"], first["new_limit"])
    assert again.proposed >= 1
    assert publish(hospital).published == 0


def test_all_who_got_new_limits_can_be_rolled_back_together(hospital: Hospital) -> None:
    neighbour = f"{hospital.patient_id}.2"
    chart(hospital, neighbour)
    calibrated(hospital)
    assert publish(hospital).published == 2
    assert roll_back(hospital).published == 2
    hospital.raise_alarms()
    assert (in_force(hospital), in_force(hospital, neighbour)) == (120, 120)


def test_a_ward_can_be_rolled_back_by_itself(hospital: Hospital) -> None:
    neighbour = f"{hospital.patient_id}.2"
    chart(hospital, neighbour, ward_id="another")
    calibrated(hospital)
    proposed = rows(hospital)[CONDITION]["new_limit"]
    assert publish(hospital).published == 2
    done = roll_back(hospital, ward_id="another")
    hospital.raise_alarms()
    assert done == Published(published=1, already=0, refused=0)
    assert (in_force(hospital), in_force(hospital, neighbour)) == (proposed, 120)
    with pytest.raises(NothingToPublish):
        roll_back(hospital, ward_id="a third")


def test_the_gate_refuses_a_patient_who_would_have_more_alarms_and_lets_the_others_through(hospital: Hospital) -> None:
    restless = f"{hospital.patient_id}.2"
    chart(hospital, restless, beats=RESTLESS, period_s=300)
    done = calibrated(hospital)
    found = rows(hospital, restless)
    heart = found[CONDITION]
    assert (heart["decision"], heart["alarms_before_per_patient_day"]) == ("tightened", 1)
    assert heart["alarms_after_per_patient_day"] > 1 + POLICY.more_alarms
    assert {row["refusal"] for row in found.values()} == {MORE}
    assert done.refused == 1
    assert publish(hospital) == Published(published=1, already=0, refused=1)
    assert (in_force(hospital), in_force(hospital, restless)) == (rows(hospital)[CONDITION]["new_limit"], 120)


def test_a_patient_who_is_named_keeps_the_old_limits_and_a_wrong_name_publishes_nothing(hospital: Hospital) -> None:
    neighbour = f"{hospital.patient_id}.2"
    chart(hospital, neighbour)
    calibrated(hospital)
    now = datetime.now(UTC)
    with pytest.raises(NothingToPublish, match="nothing was for nobody"):
        publishing.publish(hospital.settings, hospital.day(), now, keep_old=[neighbour, "nobody"])
    hospital.raise_alarms()
    assert in_force(hospital) == 120
    done = publishing.publish(hospital.settings, hospital.day(), now, keep_old=[neighbour])
    assert done == Published(published=1, already=0, refused=0, kept_old=1)
    with Cassandra(hospital.settings, Service.BATCH) as cassandra:
        noted = [row for row in cassandra.select(AUDIT, {"day": now.date()}) if row["patient_id"] == neighbour]
    assert [(row["by"], row["action"], row["outcome"]) for row in noted] == [("batch", "keep_old_limits", "accepted")]
    hospital.raise_alarms()
    assert (in_force(hospital), in_force(hospital, neighbour)) == (rows(hospital)[CONDITION]["new_limit"], 120)


def test_a_day_that_nobody_has_proven_is_not_calibrated(hospital: Hospital) -> None:
    with pytest.raises(NotProven, match="batch prove --date 2001-01-01"):
        recalibrate(hospital.settings, date(2001, 1, 1), unwatched)


def test_a_day_that_the_quality_gate_has_stopped_is_not_calibrated(hospital: Hospital) -> None:
    finding = {
        "expectation": "stuck_device", "column": None, "ward_id": None, "severity": "stop", "success": False,
        "observed": 1.0, "threshold": 0.0, "unexpected_count": 1, "total_count": 1, "detail": "m-1",
    }  # fmt: skip
    with Marts(hospital.settings, Service.BATCH) as marts:
        marts.replace_day(QUALITY_DAILY, hospital.day(), [finding], table_name="readings")
    try:
        with pytest.raises(NotFit, match="did not meet stuck_device"):
            calibrated(hospital)
    finally:
        with Marts(hospital.settings, Service.BATCH) as marts:
            marts.replace_day(QUALITY_DAILY, hospital.day(), [], table_name="readings")
    assert rows(hospital) == {}


def test_large_changes_need_somebodys_word(hospital: Hospital) -> None:
    calibrated(hospital)
    with Lake(hospital.settings) as lake:
        found = lake.read(LIMITS_PROPOSED)
        lake.delete(LIMITS_PROPOSED, "true")
        large = pa.array([True] * len(found))
        changed = found.set_column(found.schema.get_field_index("large"), "large", large)
        lake.append(LIMITS_PROPOSED, changed, Batch("large", 1))
    with pytest.raises(NotApproved, match="--by NAME"):
        publishing.publish(hospital.settings, hospital.day(), datetime.now(UTC))
    assert publishing.publish(hospital.settings, hospital.day(), datetime.now(UTC), "dr-a").published == 1


def test_a_day_whose_proof_found_a_difference_is_not_calibrated(hospital: Hospital) -> None:
    proof = hospital.prove()  # its states are kept all the same
    fault = Difference("lake", "missing", "p.hr.1.00000", "p", 0, 7, "gone")
    proving.keep(hospital.settings, proof._replace(differences=[fault]))
    with pytest.raises(NotProven, match="1 are missing"):
        recalibrate(hospital.settings, hospital.day(), unwatched, today=hospital.day() + timedelta(days=1))
    assert rows(hospital) == {}


def test_a_calibration_made_again_says_that_patients_were_erased_since(hospital: Hospital) -> None:
    assert calibrated(hospital).erased_since == 0
    later = hospital.day() + timedelta(days=1)
    row = {"day": later, "erased_at": datetime.now(UTC), "patient_digest": "of somebody", "rows_erased": 9}
    with Lake(hospital.settings) as lake:
        lake.append(ERASURES, pa.Table.from_pylist([row], arrow_schema(ERASURES)), Batch("erase/somebody", 1))
    assert calibrated(hospital).erased_since == 1


def test_a_day_that_is_filled_in_long_after_publishes_nothing_and_succeeds(hospital: Hospital) -> None:
    calibrated(hospital)
    two_nights_later = datetime.now(UTC) + timedelta(days=4)
    done = publishing.publish(hospital.settings, hospital.day(), two_nights_later)
    assert (done.published, done.already, done.refused) == (0, 0, 0)
    assert f"limits of {hospital.day()} ended" in (done.why_nothing or "")


def test_a_night_with_nobody_on_a_ward_publishes_nothing_and_one_that_was_never_calibrated_fails(
    settings: Settings, tmp_path: Path
) -> None:
    empty = Hospital(with_own_lake(settings, tmp_path, ["bedside", "alerts"]))
    empty.tick()
    empty.raise_alarms()
    with pytest.raises(NothingToPublish, match=f"recalibrate --date {empty.day()}"):
        publishing.publish(empty.settings, empty.day(), datetime.now(UTC))
    assert calibrated(empty).patients == 0
    done = publishing.publish(empty.settings, empty.day(), datetime.now(UTC))
    assert done == Published(0, 0, 0, why_nothing=f"nobody was on a ward at the end of {empty.day()}")


def test_limits_of_an_earlier_day_do_not_replace_those_of_a_later_one(hospital: Hospital) -> None:
    calibrated(hospital)
    publish(hospital)
    newest, yesterday = in_force(hospital), hospital.day() - timedelta(days=1)
    with Lake(hospital.settings) as lake:
        found = lake.read(LIMITS_PROPOSED).to_pylist()
        looser = [each | {"day": yesterday, "new_limit": each["new_limit"] + 1} for each in found]
        lake.append(LIMITS_PROPOSED, pa.Table.from_pylist(looser, arrow_schema(LIMITS_PROPOSED)), Batch("earlier", 1))
    done = publishing.publish(hospital.settings, yesterday, datetime.now(UTC))
    assert (done.published, done.already) == (0, 1)
    hospital.raise_alarms()
    assert in_force(hospital) == newest
