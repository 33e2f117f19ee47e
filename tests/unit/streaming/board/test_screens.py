"""Which patient of which ward is shown to whom, and what is said while it is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.settings import Settings
from streaming.board.login import Role, User
from streaming.board.reader import Patient, Ward
from streaming.board.screens import NotYet, Screens, clock_ms
from streaming.board.tail import Tail
from streaming.board.tiles import Bed, Stay


class Reader:
    """Wards and patients as read; those not named have not been read yet."""

    def __init__(self) -> None:
        self.wards: frozenset[str] = frozenset()
        self.error = ""
        self.read: dict[str, list[Bed]] = {}
        self.kept: dict[str, Patient] = {}

    def ward(self, ward_id: str) -> Ward:
        now_ms = clock_ms()
        beds = self.read.get(ward_id)
        return Ward(since_ms=now_ms) if beds is None else Ward(beds, [], now_ms, now_ms, is_read=True)

    def patient(self, patient_id: str) -> Patient:
        return self.kept.get(patient_id, Patient(since_ms=clock_ms()))


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(Settings(run=tmp_path))


@pytest.fixture
def screens(tail: Tail, reader: Reader, tmp_path: Path) -> Screens:
    care_teams = tmp_path / "care_teams.yaml"
    care_teams.write_text("default: [duty@h.example]\nwards:\n  icu: {first: [icu@h.example]}\n")
    return Screens(tail, reader, care_teams)  # type: ignore[arg-type]


def nurse(*wards: str) -> User:
    return User(role=Role.NURSE, wards=wards, password="$argon2id$")


def test_a_patient_of_the_ward_one_looks_at_is_found_while_other_wards_are_not_read(
    screens: Screens, reader: Reader
) -> None:
    reader.read["ward-b"] = [Bed("p1", "7")]

    found = screens.patient("p1", nurse("ward-a", "ward-b"), "ward-b")
    assert found is not None
    assert (found.ward_id, found.tile.bed) == ("ward-b", "7")


def test_a_patient_is_looked_for_in_all_wards_before_one_has_to_wait(screens: Screens, reader: Reader) -> None:
    reader.read["ward-b"] = [Bed("p1", "7")]

    found = screens.patient("p1", nurse("ward-a", "ward-b"))
    assert found is not None
    with pytest.raises(NotYet):
        screens.patient("p2", nurse("ward-a", "ward-b"))


def test_who_lies_in_none_of_the_wards_is_not_there(screens: Screens, reader: Reader) -> None:
    reader.read |= {"ward-a": [], "ward-b": []}
    assert screens.patient("p1", nurse("ward-a", "ward-b")) is None


def test_where_the_log_has_put_a_patient_counts_before_any_hint(screens: Screens, reader: Reader, tail: Tail) -> None:
    reader.read |= {"ward-a": [Bed("p1", "1")], "ward-b": []}
    tail.stays["p1"] = Stay("ward-b", "2")

    found = screens.patient("p1", nurse("ward-a", "ward-b"), "ward-a")
    assert found is not None
    assert (found.ward_id, found.tile.bed) == ("ward-b", "2")
    assert screens.patient("p1", nurse("ward-a"), "ward-a") is None


@pytest.mark.parametrize("wards", [("ward-a",), ("*",)])
def test_while_the_store_is_away_nobody_is_said_not_to_be_there(
    screens: Screens, reader: Reader, wards: tuple[str, ...]
) -> None:
    reader.error = "no host is up"
    with pytest.raises(NotYet) as not_yet:
        screens.patient("p1", nurse(*wards))
    assert any("STORE" in fault for fault in not_yet.value.faults)

    reader.read["ward-a"] = []
    with pytest.raises(NotYet):
        screens.patient("p1", nurse(*wards))


def test_limits_that_were_never_read_are_not_known(screens: Screens, reader: Reader) -> None:
    assert screens.kept("p1") is None
    reader.kept["p1"] = Patient(is_read=True)
    assert screens.kept("p1") == ([], [])
