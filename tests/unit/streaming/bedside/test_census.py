from __future__ import annotations

from pathlib import Path

from lakehouse.messages import Admission, decode
from streaming.bedside.census import admissions, discharge, places


def test_wards_fill_evenly() -> None:
    assert list(places(["icu", "ward-a"], 4)) == [("icu", "1"), ("ward-a", "1"), ("icu", "2"), ("ward-a", "2")]


def test_who_has_no_bed_lies_in_a_surge_ward() -> None:
    beds = list(places(["icu"], 50))
    assert beds[23:26] == [("icu", "24"), ("surge-1", "1"), ("surge-1", "2")]
    assert beds[49] == ("surge-2", "2")


def test_no_two_patients_share_a_bed() -> None:
    beds = list(places(["icu", "ward-a", "ward-b"], 500))
    assert len(set(beds)) == 500


def test_an_admission_says_ward_and_bed(tmp_path: Path) -> None:
    teams = tmp_path / "care_teams.yaml"
    teams.write_text("default: [duty@ward.example]\nwards:\n  icu-1: {first: [icu@ward.example]}\n")
    beds = admissions(teams, ["bidmc-25"])
    assert decode(beds["bidmc-25"]) == Admission(patient_id="bidmc-25", event="admit", ward_id="icu-1", bed="1")


def test_a_discharge_names_the_patient() -> None:
    assert decode(discharge("bidmc-25")) == Admission(patient_id="bidmc-25", event="discharge")
