"""What the log's tail makes of admissions, pulses and refusals; no broker is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.events import AlertEvent, Pulse, encode
from lakehouse.messages import Admission
from lakehouse.settings import Settings
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


def test_the_partition_that_is_worst_off_speaks_for_all(tail: Tail) -> None:
    tail._log_ms = {0: NOW_MS, 1: NOW_MS - 7_000}
    tail._take_alert(pulse({0: 10}), NOW_MS)
    assert (tail.signs().log_ms, tail.signs().pulse_ms) == (NOW_MS - 7_000, 0)

    tail._take_alert(pulse({1: 10}), NOW_MS - 500)
    assert tail.signs().pulse_ms == NOW_MS - 500


def test_a_command_is_accepted_a_pulse_after_the_one_that_passed_it(tail: Tail) -> None:
    tail._take_alert(pulse({1: 5}), NOW_MS)
    assert tail.outcome((1, 5)) is None
    tail._take_alert(pulse({1: 6}), NOW_MS)
    assert tail.outcome((1, 5)) is None
    tail._take_alert(pulse({1: 6}), NOW_MS)
    assert tail.outcome((1, 5)) == "accepted"


def test_a_refusal_is_told_with_its_reason(tail: Tail) -> None:
    refusal = AlertEvent(
        event_id="p1.refused.1-5", patient_id="p1", step="refuse", received_at=NOW, reason="no such alert is open",
        partition=1, offset=5,
    )  # fmt: skip
    tail._take_alert(encode(refusal), NOW_MS)
    assert tail.outcome((1, 5)) == "refused: no such alert is open"


def test_an_event_is_a_change_of_its_patient_and_its_wards(tail: Tail) -> None:
    moved = AlertEvent(
        event_id="p1.spo2_low.1.00000", alert_id="p1.spo2_low.1", patient_id="p1", ward_id="icu", from_ward_id="ward-a",
        step="transfer", received_at=NOW, partition=0, offset=0,
    )  # fmt: skip
    tail._take_alert(encode(moved), NOW_MS)

    assert all(tail.changed_s(subject) > 0 for subject in ("p1", "icu", "ward-a"))
    assert tail.changed_s("ward-b") == 0


def test_what_is_no_alert_message_is_passed_over(tail: Tail) -> None:
    tail._take_alert(b"{", NOW_MS)
    assert tail.signs().pulse_ms == 0
