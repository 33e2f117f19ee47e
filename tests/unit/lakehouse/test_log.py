"""A stretch of the log, decoded: what is good in columns, what is bad with its row and reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from clinical.vitals import INDEX
from lakehouse.log import LogSlice, decode_log, slice_of, truncated_ms
from lakehouse.messages import Admission, Message, Reading, Tick, Vitals

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOON_MS = 1_772_366_400_000

READING = b'{"kind":"reading","patient_id":"p1","measured_at":"2026-03-01T12:00:00Z","vitals":{"spo2_pct":97}}'
TICK = b'{"kind":"tick"}'


def of(*messages: Message) -> LogSlice:
    n = len(messages)
    return slice_of(np.zeros(n, np.int32), np.arange(n), np.full(n, NOON_MS), messages)


def reading(measured_at: datetime = NOON, period_s: float = 1, **vitals: float | str | bool) -> Reading:
    return Reading(patient_id="p1", measured_at=measured_at, period_s=period_s, vitals=Vitals(**vitals))  # type: ignore[arg-type]


def decode(*values: bytes | None, keys: list[bytes | None] | None = None) -> tuple[LogSlice, dict[int, str]]:
    n = len(values)
    log, bad = decode_log(np.zeros(n, np.int32), np.arange(10, 10 + n), np.full(n, NOON_MS), keys, values)
    return log, {record.row: record.reason for record in bad}


class TestTimes:
    @pytest.mark.parametrize(
        ("microseconds", "expected_ms"),
        [(0, 0), (99_999, 0), (100_000, 100), (199_999, 100), (300_000, 300), (700_000, 700), (999_999, 900)],
    )
    def test_are_truncated_to_a_tenth_of_a_second(self, microseconds: int, expected_ms: int) -> None:
        log = of(reading(NOON + timedelta(microseconds=microseconds)))
        assert log.measured_ms.tolist() == [NOON_MS + expected_ms]

    def test_before_the_epoch_are_truncated_downwards_too(self) -> None:
        assert truncated_ms(np.array([-0.05, -0.1, -86_400.0])).tolist() == [-100, -100, -86_400_000]

    def test_of_the_log_are_truncated_alike(self) -> None:
        log = slice_of(np.zeros(1, np.int32), np.zeros(1, np.int64), np.array([NOON_MS + 199]), [Tick()])
        assert log.received_ms.tolist() == [NOON_MS + 100]

    @pytest.mark.parametrize(
        ("text", "year"),
        [("0001-01-01T00:00:00+14:00", 1), ("9999-12-31T23:59:59-14:00", 9999), ("9999-12-31T23:59:59.999999Z", 9999)],
    )
    def test_that_a_zone_leads_out_of_what_can_be_told_stay_within(self, text: str, year: int) -> None:
        (ms,) = of(reading(datetime.fromisoformat(text))).measured_ms.tolist()
        assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).year == year

    def test_every_tenth_of_a_second_of_a_day_is_kept_exactly(self) -> None:
        tenths = np.arange(864_000) + NOON_MS // 100
        assert (truncated_ms(tenths / 10) == tenths * 100).all()


class TestValues:
    def test_stand_in_the_order_of_the_catalogue(self) -> None:
        (row,) = of(reading(heart_rate_bpm=80, consciousness="V", on_oxygen=True)).values
        assert row[INDEX["heart_rate_bpm"]] == 80
        assert row[INDEX["consciousness"]] == 2
        assert row[INDEX["on_oxygen"]] == 1
        assert np.isnan(row).sum() == len(row) - 3

    def test_are_kept_to_a_tenth(self) -> None:
        (row,) = of(reading(temperature_c=38.04, sbp_mmhg=11647)).values
        assert (row[INDEX["temperature_c"]], row[INDEX["sbp_mmhg"]]) == (38.0, 3000)

    def test_of_what_is_no_reading_are_none(self) -> None:
        log = of(Tick(), Admission(patient_id="p2", event="admit"), reading(heart_rate_bpm=80))
        assert log.is_reading.tolist() == [False, False, True]
        assert log.patient_ids == [None, "p2", "p1"]
        assert sorted(log.others) == [0, 1]
        assert np.isnan(log.values[:2]).all()

    def test_of_no_messages_are_no_rows(self) -> None:
        assert of().values.shape == (0, len(INDEX))

    def test_a_period_below_a_millisecond_is_none(self) -> None:
        assert of(reading(period_s=1e-9), reading(period_s=0.5)).period_ms.tolist() == [0, 500]


class TestDecodeLog:
    def test_bad_records_leave_the_good_ones_in_place(self) -> None:
        log, bad = decode(READING, b"{", TICK, None)
        assert log.offset.tolist() == [10, 12]
        assert log.patient_ids == ["p1", None]
        assert sorted(bad) == [1, 3]
        assert all(bad.values())

    def test_all_bad_is_an_empty_stretch(self) -> None:
        log, bad = decode(b"", b"x")
        assert len(log.offset) == 0
        assert sorted(bad) == [0, 1]

    def test_a_key_is_the_patients_id(self) -> None:
        _, bad = decode(READING, READING, READING, TICK, TICK, keys=[b"p1", b"p2", None, None, b"clock"])
        assert sorted(bad) == [1, 2]
        assert "a record's key is its patient_id; found b'p2'" in bad[1]


def test_take_keeps_rows_and_their_messages() -> None:
    log = of(Tick(), reading(heart_rate_bpm=80), Admission(patient_id="p2", event="admit"))
    kept = log.take(np.array([False, True, True]))
    assert kept.offset.tolist() == [1, 2]
    assert kept.patient_ids == ["p1", "p2"]
    assert kept.others == {1: log.others[2]}
