"""Each event is decided about once, also where the topic repeats it; nothing is committed too early."""

from datetime import datetime, timedelta

import pytest

from lakehouse.errors import DecodeError
from lakehouse.events import AlertMessage, Pulse, encode
from streaming.notify.intake import Intake
from streaming.notify.teams import parse
from tests.unit.streaming.notify.builders import NIGHT, event

TEAMS = parse("{default: [duty@h], wards: {icu: {first: [nurse@h, physician@h]}}}")
ONSET = event()


def intake(*messages: AlertMessage) -> tuple[Intake, list[str]]:
    """Feed messages at offsets 0, 1, ...; return who is told."""
    reading = Intake(TEAMS, NIGHT)
    told = [
        recipient
        for offset, message in enumerate(messages)
        for recipient, _ in reading.take((0, offset), encode(message))
    ]
    return reading, told


def test_an_event_is_told_to_each_recipient() -> None:
    assert intake(ONSET)[1] == ["nurse@h", "physician@h"]


def test_a_repeated_event_is_told_once_and_both_records_wait_for_it() -> None:
    reading, told = intake(ONSET, ONSET)
    assert told == ["nurse@h", "physician@h"]
    reading.delivered("nurse@h", [ONSET])
    assert reading.progress.positions() == {}
    reading.delivered("physician@h", [ONSET])
    assert reading.progress.positions() == {0: 2}


def test_an_event_repeated_after_its_delivery_is_not_told_again() -> None:
    reading, _ = intake(ONSET)
    for recipient in ("nurse@h", "physician@h"):
        reading.delivered(recipient, [ONSET])
    assert reading.take((0, 1), encode(ONSET)) == []
    assert reading.progress.positions() == {0: 2}


def test_a_record_that_is_read_again_while_its_mails_are_under_way_waits_for_each_of_them() -> None:
    reading, _ = intake(ONSET)
    reading.progress.forget([0])  # a rebalance, after which this process has the partition again
    assert reading.take((0, 0), encode(ONSET)) == []
    reading.delivered("nurse@h", [ONSET])
    assert reading.progress.positions() == {}
    reading.delivered("physician@h", [ONSET])
    assert reading.progress.positions() == {0: 1}


def test_a_repeated_end_is_told_once() -> None:
    end = event(number=2, step="clear", alert_id=ONSET.alert_id)
    reading, told = intake(ONSET, end)
    assert told == ["nurse@h", "physician@h"] * 2
    for recipient in ("nurse@h", "physician@h"):
        reading.delivered(recipient, [ONSET, end])
    assert reading.take((0, 2), encode(end)) == []
    assert (reading.progress.positions(), +reading.counts) == ({0: 3}, {"events": 3})


def test_what_tells_nobody_is_counted_by_reason() -> None:
    silenced = event(number=2, silenced_until=NIGHT + timedelta(minutes=1))
    reading, told = intake(event(step="ease"), silenced, silenced)
    assert (told, reading.progress.positions()) == ([], {0: 3})
    assert +reading.counts == {"events": 3, "told nobody: step ease is not mailed": 1, "told nobody: silenced": 2}


def test_a_pulse_tells_nobody() -> None:
    pulse = Pulse(writer="alarms", lane="0-11", at=NIGHT, positions={0: 7})
    assert intake(pulse)[1] == []


WITHOUT_A_ZONE = encode(event(received_at=datetime(2026, 11, 24, 3)))  # noqa: DTZ001  that is the point


@pytest.mark.parametrize("value", [b"", b"{", b'{"kind":"event"}', b"\xff", WITHOUT_A_ZONE])
def test_a_record_that_is_none_of_ours_is_refused(value: bytes) -> None:
    with pytest.raises(DecodeError):
        Intake(TEAMS, NIGHT).take((0, 0), value)
