"""What the standby holds, and when it takes over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest

from lakehouse.events import AlertEvent, Pulse
from lakehouse.messages import Command
from streaming.sink import Request
from streaming.standby import Held, Watch

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(partition: int, offset: int) -> AlertEvent:
    return AlertEvent(
        event_id=f"{partition}-{offset}", patient_id="p1", step="onset", received_at=NOON, partition=partition,
        offset=offset,
    )  # fmt: skip


def request(partition: int, offset: int) -> Request:
    return Request(partition, offset, NOON, Command(patient_id="p1", action="acknowledge", by="nurse"))


def pulse(writer: Literal["alarms", "standby"] = "alarms", lane: str = "0-3") -> Pulse:
    return Pulse(writer=writer, lane=lane, at=NOON, positions={})


def places(held: Held) -> list[tuple[int, int]]:
    outcome = held.take()
    return [(e.partition, e.offset) for e in outcome.events] + [(r.partition, r.offset) for r in outcome.requests]


class TestHeld:
    def test_gives_all_it_holds_once_in_the_order_of_the_log(self) -> None:
        held = Held()
        held.add([event(0, 3), event(0, 4)], [request(0, 2)])
        held.add([event(0, 7)], [])
        assert len(held) == 4
        assert places(held) == [(0, 3), (0, 4), (0, 7), (0, 2)]
        assert (len(held), places(held)) == (0, [])

    def test_forgets_what_stands_before_the_positions_of_the_lane(self) -> None:
        held = Held()
        held.add([event(0, 3), event(0, 4)], [request(0, 3), request(0, 4)])
        held.drop_before({0: 4})
        assert places(held) == [(0, 4), (0, 4)]

    def test_keeps_the_partitions_apart(self) -> None:
        held = Held()
        held.add([event(0, 3), event(1, 3)], [])
        held.drop_before({1: 10})
        assert places(held) == [(0, 3)]

    def test_keeps_what_the_lane_has_said_nothing_of(self) -> None:
        held = Held()
        held.add([event(2, 0)], [request(2, 0)])
        held.drop_before({})
        assert places(held) == [(2, 0), (2, 0)]


class TestWatch:
    def test_counts_the_silence_since_the_last_pulse_of_the_lane(self) -> None:
        now = [100.0]
        watch = Watch("0-3", lambda: now[0])
        now[0] = 101.5
        assert watch.silent_s == pytest.approx(1.5)
        assert watch.hear(pulse())
        assert watch.silent_s == 0
        now[0] = 104.0
        assert watch.silent_s == pytest.approx(2.5)

    @pytest.mark.parametrize(
        "other", [pulse(writer="standby"), pulse(lane="0-1")], ids=["of a standby", "of another lane"]
    )
    def test_no_other_pulse_breaks_the_silence(self, other: Pulse) -> None:
        now = [100.0]
        watch = Watch("0-3", lambda: now[0])
        now[0] = 103.0
        assert not watch.hear(other)
        assert watch.silent_s == pytest.approx(3.0)
