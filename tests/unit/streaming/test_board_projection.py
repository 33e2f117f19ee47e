"""What the board is told, and when it is written again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from lakehouse.contract import CassandraTable
from lakehouse.folding import AlarmFold
from lakehouse.log import slice_of
from lakehouse.messages import Admission, Message, Reading, Vitals
from streaming import board_projection
from streaming.board_projection import BoardProjection, missing_names
from waiting import until

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


class FakeCassandra:
    """Keeps the rows that it is sent; each may be refused, as by a database that is away."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.found: list[str] = []  # wards that have a document of before
        self.refusals = 0
        self.session = self

    def upsert(self, table: CassandraTable, row: dict[str, Any]) -> dict[str, Any]:
        assert set(row) == set(table.names)
        return row

    def execute_async(self, row: dict[str, Any]) -> FakeFuture:
        self.rows.append(row)
        self.refusals -= 1
        return FakeFuture(ConnectionError("away") if self.refusals >= 0 else None)

    def partition_keys(self, _table: CassandraTable) -> list[dict[str, Any]]:
        return [{"ward_id": ward_id} for ward_id in self.found]

    def wards(self) -> list[str]:
        return [row["ward_id"] for row in self.rows]

    def beds(self, ward_id: str) -> list[dict[str, Any]]:
        """Return the newest document of a ward."""
        written: list[dict[str, Any]] = json.loads([r["beds"] for r in self.rows if r["ward_id"] == ward_id][-1])
        return written


class FakeFuture:
    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def add_errback(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._error is not None:
            call(self._error, *arguments)


class Ward:
    """A fold that is fed second by second, and the board beside it."""

    def __init__(self) -> None:
        self.fold = AlarmFold()
        self.fold.positions = {0: 0}
        self.cassandra = FakeCassandra()

    def take(self, *messages: Message, second: float = 0) -> None:
        place = self.fold.positions[0]
        offsets = np.arange(place, place + len(messages))
        received_ms = np.full(len(messages), int((NOON + timedelta(seconds=second)).timestamp() * 1000))
        self.fold.fold(slice_of(np.zeros(len(messages), np.int32), offsets, received_ms, messages))

    def admit(self, patient_id: str, ward_id: str, bed: str = "1") -> None:
        self.take(Admission(patient_id=patient_id, event="admit", ward_id=ward_id, bed=bed))

    def measure(
        self,
        patient_id: str,
        second: float,
        heart_rate_bpm: float,
        spo2_pct: float | None = None,
        received_second: float | None = None,
    ) -> None:
        at, vitals = NOON + timedelta(seconds=second), Vitals(heart_rate_bpm=heart_rate_bpm, spo2_pct=spo2_pct)
        received = second if received_second is None else received_second
        self.take(Reading(patient_id=patient_id, measured_at=at, vitals=vitals), second=received)

    @contextmanager
    def board(self) -> Iterator[FakeCassandra]:
        with BoardProjection(self.cassandra, self.fold) as board:  # type: ignore[arg-type]
            yield self.cassandra
            board.check()


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch) -> Ward:
    monkeypatch.setattr(board_projection, "EVERY_S", 0.05)
    return Ward()


def test_a_bed_shows_the_latest_vitals_each_with_its_time(ward: Ward) -> None:
    ward.admit("p1", "icu", "7")
    ward.measure("p1", 1, heart_rate_bpm=80, spo2_pct=97)
    ward.measure("p1", 2, heart_rate_bpm=82)
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["icu"], 5)
    (bed,) = cassandra.beds("icu")
    assert (bed["patient_id"], bed["bed"], bed["heard_ms"]) == ("p1", "7", NOON_MS + 2000)
    assert bed["vitals"] == {"heart_rate_bpm": [82, NOON_MS + 2000], "spo2_pct": [97, NOON_MS + 1000]}


def test_a_reading_that_comes_late_is_as_old_as_its_device_says(ward: Ward) -> None:
    ward.admit("p1", "icu")
    ward.measure("p1", 1, heart_rate_bpm=80, received_second=300)
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["icu"], 5)
    assert cassandra.beds("icu")[0]["heard_ms"] == NOON_MS + 1000


def test_a_score_is_told_with_its_time(ward: Ward) -> None:
    ward.admit("p1", "icu")
    ward.admit("p2", "icu")
    ward.measure("p1", 1, heart_rate_bpm=120)
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["icu"], 5)
    scored, never = cassandra.beds("icu")
    assert (scored["news2"], scored["scored_ms"]) == (2, NOON_MS + 1000)
    assert (never["news2"], never["scored_ms"]) == (None, None)


def test_what_has_not_changed_is_not_written_again(ward: Ward) -> None:
    ward.admit("p1", "icu")
    ward.admit("p2", "ward-a")
    ward.measure("p1", 1, heart_rate_bpm=80)
    ward.measure("p2", 1, heart_rate_bpm=80)
    with ward.board() as cassandra:
        assert until(lambda: sorted(cassandra.wards()) == ["icu", "ward-a"], 5)
        ward.measure("p2", 2, heart_rate_bpm=81)
        assert until(lambda: len(cassandra.rows) == 3, 5)
        assert not until(lambda: len(cassandra.rows) > 3, 0.5)
    assert cassandra.wards()[2] == "ward-a"


def test_a_ward_that_has_emptied_is_shown_empty(ward: Ward) -> None:
    ward.admit("p1", "icu")
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["icu"], 5)
        ward.take(Admission(patient_id="p1", event="discharge"), second=5)
        assert until(lambda: cassandra.beds("icu") == [], 5)


def test_a_ward_that_has_emptied_while_no_lane_ran_is_shown_empty(ward: Ward) -> None:
    ward.cassandra.found = ["ward-a", "icu"]
    ward.cassandra.refusals = 1
    ward.admit("p1", "icu")
    with ward.board() as cassandra:
        assert until(lambda: sorted(cassandra.wards()) == ["icu", "ward-a", "ward-a"], 5)
        assert not until(lambda: len(cassandra.rows) > 3, 0.5)
    assert cassandra.beds("ward-a") == []
    assert [bed["patient_id"] for bed in cassandra.beds("icu")] == ["p1"]


def test_a_patient_whom_nobody_has_placed_lies_in_the_ward_of_the_unassigned(ward: Ward) -> None:
    ward.measure("p1", 1, heart_rate_bpm=80)
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["unassigned"], 5)


def test_a_write_that_fails_is_tried_again(ward: Ward) -> None:
    ward.admit("p1", "icu")
    ward.cassandra.refusals = 2
    with ward.board() as cassandra:
        assert until(lambda: cassandra.wards() == ["icu"] * 3, 5)
        assert not until(lambda: len(cassandra.rows) > 3, 0.5)


def test_a_board_that_stands_still_does_not_look_live(ward: Ward) -> None:
    ward.admit("p1", "icu")
    ward.cassandra.session = None  # type: ignore[assignment]
    board = BoardProjection(ward.cassandra, ward.fold)  # type: ignore[arg-type]
    with board:
        assert until(board._writing.done, 5)
        with pytest.raises(AttributeError):
            board.check()


def test_missing_parameters_of_news2_are_named() -> None:
    assert missing_names(0) == []
    assert len(missing_names(0b11)) == 2
