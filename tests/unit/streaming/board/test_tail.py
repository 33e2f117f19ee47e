"""What the log's tail makes of admissions, pulses and refusals; no broker is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lakehouse.events import AlertEvent, Pulse, encode
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Admission, Tick
from lakehouse.settings import Settings
from streaming.board.changes import NEVER
from streaming.board.tail import Tail
from streaming.board.tiles import Stay
from tests.unit.streaming.board.builders import NOW, NOW_MS


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(Settings(run=tmp_path))


def pulse(positions: dict[int, int]) -> bytes:
    return encode(Pulse(writer="alarms", lane="0-1", at=NOW, positions=positions))


def test_an_admission_a_transfer_and_a_discharge_say_where_a_patient_lies(tail: Tail) -> None:
    tail._admit(Admission(patient_id="p1", event="admit", ward_id="icu", bed="1"), 1)
    tail._admit(Admission(patient_id="p1", event="transfer", bed="2"), 2)
    assert tail.stays["p1"] == Stay("icu", "2")

    tail._admit(Admission(patient_id="p1", event="discharge"), 3)
    assert tail.stays["p1"] == Stay(None, None, 3)
    tail._admit(Admission(patient_id="p1", event="admit", ward_id="ward-a", bed="5"), 4)
    assert tail.stays["p1"] == Stay("ward-a", "5", discharged_ms=3)


def ticks(partition: int, offset: int, *received_ms: int) -> LogSlice:
    """Return ticks of a partition from an offset on."""
    count = len(received_ms)
    offsets = np.arange(offset, offset + count, dtype=np.int64)
    return slice_of(np.full(count, partition, np.int32), offsets, np.array(received_ms), [Tick()] * count)


def test_the_partition_that_is_worst_off_speaks_for_all(tail: Tail) -> None:
    tail._begin({0: (0, 10), 1: (0, 10)}, {0: (0, 0)})
    tail._take(ticks(0, 10, NOW_MS))
    tail._take(ticks(1, 10, NOW_MS - 7_000))
    tail._take_alert(pulse({0: 11}))
    assert (tail.signs().log_ms, tail.signs().alarms_ms) == (NOW_MS - 7_000, 0)

    tail._take_alert(pulse({1: 11}))
    assert tail.signs().alarms_ms == NOW_MS - 7_000


def test_a_lane_that_gives_signs_and_is_behind_the_log_has_alarms_that_are_late(tail: Tail) -> None:
    tail._begin({0: (0, 100)}, {0: (0, 0)})
    for second in range(120):
        tail._take(ticks(0, 100 + second, NOW_MS + second * 1000))

    for place in (100, 101, 105):
        tail._take_alert(pulse({0: place}))
    assert tail.signs().alarms_ms == NOW_MS + 5_000

    tail._take_alert(pulse({0: 220}))
    assert tail.signs().alarms_ms == NOW_MS + 119_000


def test_a_lane_that_is_behind_the_boards_own_start_has_given_no_sign_yet(tail: Tail) -> None:
    tail._begin({0: (0, 100)}, {0: (0, 0)})
    tail._take(ticks(0, 100, NOW_MS))
    tail._take_alert(pulse({0: 7}))
    assert tail.signs().alarms_ms == 0


def test_after_an_outage_the_board_goes_on_where_it_was(tail: Tail) -> None:
    tail._begin({0: (0, 10)}, {0: (0, 20)})
    tail._take(ticks(0, 10, NOW_MS))
    tail.stays["p1"] = Stay("icu", "1")
    tail._begin({0: (0, 500)}, {0: (0, 600)})

    assert (tail._next, tail._next_alerts) == ({0: 11}, {0: 20})
    assert tail.stays["p1"] == Stay("icu", "1")
    assert tail.signs().log_ms == NOW_MS


def test_where_the_records_that_were_missed_are_gone_nothing_that_followed_from_older_ones_stays(tail: Tail) -> None:
    tail._begin({0: (0, 10)}, {0: (0, 20)})
    tail._take(ticks(0, 10, NOW_MS))
    tail.stays["p1"] = Stay("icu", "1")
    tail._take_alert(pulse({0: 11}))
    tail._take_alert(pulse({0: 11}))
    assert tail.outcome((0, 10)) == "accepted"
    tail._begin({0: (200, 500)}, {0: (300, 600)})

    assert (tail._next, tail._next_alerts) == ({0: 500}, {0: 600})
    assert tail.stays == {}
    assert tail.outcome((0, 10)) == "is not known: the board was cut off from the log"
    assert tail.signs().alarms_ms == 0


def test_a_command_is_accepted_a_pulse_after_the_one_that_passed_it(tail: Tail) -> None:
    tail._take_alert(pulse({1: 5}))
    assert tail.outcome((1, 5)) is None
    tail._take_alert(pulse({1: 6}))
    assert tail.outcome((1, 5)) is None
    tail._take_alert(pulse({1: 6}))
    assert tail.outcome((1, 5)) == "accepted"


def test_a_refusal_is_told_with_its_reason(tail: Tail) -> None:
    refusal = AlertEvent(
        event_id="p1.refused.1-5", patient_id="p1", step="refuse", received_at=NOW, reason="no such alert is open",
        partition=1, offset=5,
    )  # fmt: skip
    tail._take_alert(encode(refusal))
    assert tail.outcome((1, 5)) == "refused: no such alert is open"


def test_an_event_is_a_change_of_its_patient_and_its_wards(tail: Tail) -> None:
    moved = AlertEvent(
        event_id="p1.spo2_low.1.00000", alert_id="p1.spo2_low.1", patient_id="p1", ward_id="icu", from_ward_id="ward-a",
        step="transfer", received_at=NOW, partition=0, offset=0,
    )  # fmt: skip
    tail._take_alert(encode(moved))

    assert all(tail.changes.of(subject) != NEVER for subject in ("p1", "icu", "ward-a"))
    assert tail.changes.of("ward-b") == NEVER


def test_what_is_no_alert_message_is_passed_over(tail: Tail) -> None:
    tail._take_alert(b"{")
    assert tail.signs().alarms_ms == 0
