"""One night of limits on real stores: proposed, tried out, published, accepted by the fold, and taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch import publish as publishing
from batch.publish import NothingToPublish, Published
from batch.recalibrate import Recalibration, recalibrate
from clinical.policy import POLICY
from lakehouse.errors import RecoveryError
from lakehouse.kafka import LogWriter
from lakehouse.lake import Lake
from lakehouse.messages import Reading, Vitals, encode
from lakehouse.progress import unwatched
from lakehouse.settings import Service, Settings
from lakehouse.tables import BASELINES, LIMITS_PROPOSED
from tests.integration.batch.test_prove import Hospital
from tests.integration.streaming.own_lake import with_own_lake

CHARTED = [110, 112, 108, 113, 109, 111, 112, 110, 121, 107, 110, 112] * 2  # an hour each
CONDITION = "heart_rate_high"


@pytest.fixture
def hospital(settings: Settings, tmp_path: Path) -> Hospital:
    """A hospital after a day of charts and its proof."""
    hospital = Hospital(with_own_lake(settings, tmp_path, ["bedside", "alerts"]))
    now = datetime.now(UTC)
    with LogWriter(hospital.settings, Service.MONITORS) as log:
        for hour, beats in enumerate(CHARTED):
            at = now - timedelta(hours=len(CHARTED) - hour)
            reading = Reading(
                patient_id=hospital.patient_id, measured_at=at, period_s=3600, vitals=Vitals(heart_rate_bpm=beats)
            )
            log.send("bedside", hospital.patient_id.encode(), encode(reading))
    hospital.tick()
    hospital.raise_alarms()
    return hospital


def calibrated(hospital: Hospital) -> Recalibration:
    day = hospital.day()
    assert hospital.prove().is_clean
    return recalibrate(hospital.settings, day, unwatched, today=day + timedelta(days=1))


def rows(hospital: Hospital) -> dict[str, dict[str, Any]]:
    """The decisions about this test's patient, by condition."""
    with Lake(hospital.settings) as lake:
        found = lake.read(LIMITS_PROPOSED, [("patient_id", "=", hospital.patient_id)]).to_pylist()
    assert len({row["condition"] for row in found}) == len(found)
    return {row["condition"]: row for row in found}


def publish(hospital: Hospital) -> Published:
    done = publishing.publish(hospital.settings, hospital.day(), datetime.now(UTC))
    hospital.tick()
    events = hospital.raise_alarms()
    assert not [event for event in events if event.step == "refuse" and event.patient_id == hospital.patient_id]
    return done


def in_force(hospital: Hospital) -> float:
    fold = hospital.fold
    row = next(row for row in range(len(fold.records)) if fold.patient_id(row) == hospital.patient_id)
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
    taken_back = publishing.roll_back(hospital.settings, hospital.day(), "dr-a", patient_id=hospital.patient_id)
    assert taken_back.published == 1
    hospital.raise_alarms()
    assert in_force(hospital) == 120
    again = publishing.roll_back(hospital.settings, hospital.day(), "dr-a", patient_id=hospital.patient_id)
    assert again.published == 0


def test_a_ward_can_be_rolled_back_by_itself(hospital: Hospital) -> None:
    calibrated(hospital)
    publish(hospital)
    with pytest.raises(NothingToPublish):
        publishing.roll_back(hospital.settings, hospital.day(), "dr-a", ward_id="another ward")


def test_a_day_that_is_not_proven_is_not_calibrated(hospital: Hospital) -> None:
    with pytest.raises(RecoveryError, match="batch prove --date 2001-01-01"):
        recalibrate(hospital.settings, date(2001, 1, 1), unwatched)


def test_limits_of_long_ago_are_not_published(hospital: Hospital) -> None:
    with pytest.raises(NothingToPublish, match="calibrate a later day"):
        publishing.publish(hospital.settings, date(2001, 1, 1), datetime.now(UTC))
