"""The fold with names: ids, places in the log, saved states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import numpy as np
import pytest
import zstandard

from clinical.alert import STEPS
from clinical.conditions import PRIORITIES
from clinical.state import PATIENT
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent, Priority, Step, decode, encode
from lakehouse.folding import LAYOUT, AlarmFold, pack, warm_up
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Admission, Finding, Message, Reading, Tick, Vitals

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON_MS = 1_772_366_400_000
DAY_MINUTES = 24 * 60


def log(*rows: tuple[int, int, Message]) -> LogSlice:
    """Rows of partition, offset, message, received as many minutes after noon as the offset says."""
    partition, offset, messages = zip(*rows, strict=True)
    received_ms = NOON_MS + 60_000 * np.array(offset)
    return slice_of(np.array(partition, dtype=np.int32), np.array(offset), received_ms, messages)


def vt(patient: str = "p1", *, active: bool = True, measured_at: datetime = NOON) -> Finding:
    return Finding(patient_id=patient, code="vt", active=active, measured_at=measured_at)


def charted(measured_at: datetime) -> Reading:
    return Reading(patient_id="p1", measured_at=measured_at, period_s=3600, vitals=Vitals(heart_rate_bpm=130))


class TestEvent:
    def test_ids_are_derived_from_patient_condition_onset_and_step(self) -> None:
        (event,) = AlarmFold().fold(log((3, 17, vt())))
        assert event.alert_id == f"p1.vt.{NOON_MS}"
        assert event.event_id == f"p1.vt.{NOON_MS}.00000"
        assert (event.partition, event.offset) == (3, 17)

    def test_a_refusal_is_named_after_its_place_in_the_log(self) -> None:
        unknown = Finding(patient_id="p1", code="x", active=True, measured_at=NOON)
        (event,) = AlarmFold().fold(log((3, 17, unknown)))
        assert (event.event_id, event.alert_id) == ("p1.refused.3-17", None)

    def test_comes_back_from_its_bytes(self) -> None:
        (event,) = AlarmFold().fold(log((0, 0, vt())))
        assert decode(encode(event)) == event

    def test_of_a_reading_at_the_epoch_has_its_time(self) -> None:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        events = AlarmFold().fold(log((0, 0, charted(epoch))))
        assert [event.measured_at for event in events] == [epoch]

    def test_of_a_tick_was_measured_at_no_time(self) -> None:
        fold = AlarmFold()
        fold.fold(log((0, 0, charted(NOON))))
        later = log((0, 1, Tick()))._replace(received_ms=np.array([NOON_MS + 10_800_000]))
        assert [(e.condition, e.step, e.measured_at) for e in fold.fold(later)] == [
            ("no_data", "onset", None),
            ("heart_rate_high", "escalate", None),
        ]


class TestPositions:
    def test_stand_after_what_was_folded(self) -> None:
        fold = AlarmFold()
        fold.fold(log((0, 4, Tick()), (0, 5, vt()), (2, 0, Tick())))
        assert fold.positions == {0: 6, 2: 1}

    def test_an_entry_before_them_has_no_effect(self) -> None:
        fold = AlarmFold()
        fold.fold(log((0, 5, vt())))
        assert fold.fold(log((0, 5, vt(active=False, measured_at=NOON.replace(minute=1))))) == []
        assert fold.fold(log((0, 3, vt("p2")))) == []

    def test_an_offset_given_twice_in_one_stretch_has_its_effect_once(self) -> None:
        events = AlarmFold().fold(log((0, 5, vt("p1")), (0, 5, vt("p2")), (1, 5, vt("p3"))))
        assert [event.patient_id for event in events] == ["p1", "p3"]

    def test_partitions_do_not_touch_each_other(self) -> None:
        """Not even where a patient's id stands in two of them, as after a change of partitions."""
        events = AlarmFold().fold(log((0, 0, vt("p1")), (1, 0, vt("p1"))))
        assert [(event.partition, event.step) for event in events] == [(0, "onset"), (1, "onset")]

    def test_an_empty_stretch_changes_nothing(self) -> None:
        fold = AlarmFold()
        before = fold.to_bytes()
        assert fold.fold(log((0, 0, Tick())).take(np.zeros(1, np.bool_))) == []
        assert fold.to_bytes() == before


def test_many_patients_find_room() -> None:
    rows = [(0, offset, vt(f"p{offset}")) for offset in range(1000)]
    fold = AlarmFold()
    assert [event.patient_id for event in fold.fold(log(*rows))] == [f"p{offset}" for offset in range(1000)]
    assert fold.patients == len(fold.records) == 1000
    assert fold.patient_id(999) == "p999"


def test_rows_of_the_forgotten_are_used_again() -> None:
    """A lane lives for months: ten patients a day must not leave thousands of records."""
    fold = AlarmFold()
    told = []
    patients = [f"p{number}" for number in range(1000)]
    for number, patient in enumerate(patients):
        minute = number * DAY_MINUTES // 10
        came = vt(patient, measured_at=NOON + timedelta(minutes=minute))
        told += fold.fold(log((0, minute, came), (0, minute + 1, Admission(patient_id=patient, event="discharge"))))
    assert [(event.patient_id, event.step) for event in told] == [
        (patient, step) for patient in patients for step in ("onset", "discharge")
    ]
    assert len(fold.records) < 150


class TestSavedState:
    def folded(self) -> AlarmFold:
        fold = AlarmFold()
        fold.fold(log((0, 0, vt("p1")), (0, 1, charted(NOON)), (1, 0, vt("p2"))))
        return fold

    def test_comes_back_bit_for_bit(self) -> None:
        packed = self.folded().to_bytes()
        assert AlarmFold.from_bytes(packed).to_bytes() == packed

    def test_of_nobody_comes_back_too(self) -> None:
        packed = AlarmFold().to_bytes()
        restored = AlarmFold.from_bytes(packed)
        assert restored.to_bytes() == packed
        assert [event.step for event in restored.fold(log((0, 0, vt())))] == ["onset"]

    def test_goes_on_with_positions_counts_and_open_alerts(self) -> None:
        restored = AlarmFold.from_bytes(self.folded().to_bytes())
        assert (restored.positions, restored.counts) == (self.folded().positions, self.folded().counts)
        (event,) = restored.fold(log((0, 2, vt("p1", active=False, measured_at=NOON.replace(minute=1)))))
        assert (event.step, event.alert_id, event.event_id[-5:]) == ("clear", f"p1.vt.{NOON_MS}", "00001")

    def test_finds_room_for_more_patients(self) -> None:
        restored = AlarmFold.from_bytes(self.folded().to_bytes())
        assert len(restored.fold(log(*((2, offset, vt(f"q{offset}")) for offset in range(200))))) == 200

    def test_forgets_who_was_discharged_more_than_four_days_ago(self) -> None:
        gone = Admission(patient_id="p2", event="discharge")
        four_days = 4 * DAY_MINUTES
        for minutes, left in ((four_days - 1, 3), (four_days, 2)):
            fold = self.folded()
            later = msgspec.structs.replace(charted(NOON + timedelta(minutes=minutes)), patient_id="p3")
            fold.fold(log((1, 1, gone), (1, minutes + 1, later)))
            restored = AlarmFold.from_bytes(fold.to_bytes())
            assert (len(fold.records), len(restored.records)) == (3, left)
            assert restored.patient_id(0) == "p1"
            (event, *_) = restored.fold(log((1, minutes + 2, vt("p2", measured_at=NOON + timedelta(days=5)))))
            assert event.patient_id == "p2"

    def test_that_another_partition_is_further_makes_nobody_forgotten(self) -> None:
        fold = self.folded()
        gone = Admission(patient_id="p2", event="discharge")
        fold.fold(log((1, 1, gone), (0, 9 * DAY_MINUTES, charted(NOON + timedelta(days=9)))))
        assert len(AlarmFold.from_bytes(fold.to_bytes()).records) == 2

    def test_a_snapshot_is_of_its_moment(self) -> None:
        fold = self.folded()
        before = fold.snapshot()
        fold.fold(log((0, 2, vt("p1", active=False, measured_at=NOON.replace(minute=1)))))
        after = fold.snapshot()
        assert AlarmFold.from_bytes(pack(*before)).snapshot() == before
        assert (before[0] != after[0], before[1] != after[1]) == (True, True)

    def test_that_is_damaged_is_refused(self) -> None:
        packed = self.folded().to_bytes()
        plain = zstandard.decompress(packed)
        damaged = [
            b"",
            b"x" * 100,
            packed[: len(packed) // 2],
            *(
                zstandard.compress(plain[:length])
                for length in (0, 4, 8, 30, len(plain) - 1, len(plain) - PATIENT.itemsize)
            ),
            zstandard.compress(b"\xff" * 8 + plain[8:]),
        ]
        for each in damaged:
            with pytest.raises(RecoveryError, match=r"a saved state must .* run `python -m streaming rebuild`"):
                AlarmFold.from_bytes(each)

    def test_of_another_layout_is_refused(self) -> None:
        plain = zstandard.decompress(self.folded().to_bytes()).replace(LAYOUT.encode(), b"0123456789abcdef")
        with pytest.raises(RecoveryError, match="found 0123456789abcdef"):
            AlarmFold.from_bytes(zstandard.compress(plain))


def test_warming_up_leaves_nothing_behind() -> None:
    warm_up()
    assert AlarmFold().positions == {}


def test_steps_and_priorities_of_the_contract_are_those_of_the_fold() -> None:
    assert get_args(Step) == STEPS
    assert get_args(Priority) == PRIORITIES[1:]
    assert {field.name for field in msgspec.structs.fields(AlertEvent)} >= {"alert_id", "event_id", "onset_at"}
