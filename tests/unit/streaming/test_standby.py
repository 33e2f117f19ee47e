"""What the standby holds, and when it takes over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest

from lakehouse.events import AlertEvent, Priority, Pulse
from lakehouse.messages import Command
from streaming.sink import MOST_EVENTS_A_PART, Request
from streaming.standby import Held, Watch

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(partition: int, offset: int, patient_id: str = "p1", priority: Priority | None = None) -> AlertEvent:
    return AlertEvent(
        event_id=f"{partition}-{offset}", patient_id=patient_id, step="onset", priority=priority, received_at=NOON,
        partition=partition, offset=offset,
    )  # fmt: skip


def request(partition: int, offset: int) -> Request:
    return Request(partition, offset, NOON, Command(patient_id="p1", action="acknowledge", by="nurse"))


def pulse(writer: Literal["alarms", "standby"] = "alarms", lane: str = "0-3") -> Pulse:
    return Pulse(writer=writer, lane=lane, at=NOON, positions={})


def places(held: Held, until_s: float = 100.0, urgent_until_s: float = 100.0) -> list[tuple[int, int]]:
    outcome = held.take(until_s, urgent_until_s)
    return [(e.partition, e.offset) for e in outcome.events] + [(r.partition, r.offset) for r in outcome.requests]


class TestHeld:
    def test_gives_all_it_holds_once_in_the_order_of_the_log(self) -> None:
        held = Held()
        held.add([event(0, 3), event(0, 4)], [request(0, 2)], 100.0)
        held.add([event(0, 7)], [], 100.0)
        assert len(held) == 4
        assert places(held) == [(0, 3), (0, 4), (0, 7), (0, 2)]
        assert (len(held), places(held)) == (0, [])

    def test_forgets_what_stands_before_the_positions_of_the_lane(self) -> None:
        held = Held()
        held.add([event(0, 3), event(0, 4)], [request(0, 3), request(0, 4)], 100.0)
        held.drop_before({0: 4})
        assert places(held) == [(0, 4), (0, 4)]

    def test_keeps_the_partitions_apart(self) -> None:
        held = Held()
        held.add([event(0, 3), event(1, 3)], [], 100.0)
        held.drop_before({1: 10})
        assert places(held) == [(0, 3)]

    def test_keeps_what_the_lane_has_said_nothing_of(self) -> None:
        held = Held()
        held.add([event(2, 0)], [request(2, 0)], 100.0)
        held.drop_before({})
        assert places(held) == [(2, 0), (2, 0)]

    def test_gives_what_it_has_held_long_enough_and_keeps_the_rest(self) -> None:
        held = Held()
        held.add([event(0, 3), event(1, 1)], [], 100.0)
        held.add([event(0, 4)], [], 101.0)
        assert places(held, 99.9, 99.9) == []
        assert sorted(places(held, 100.0, 100.0)) == [(0, 3), (1, 1)]
        assert places(held, 101.0, 101.0) == [(0, 4)]

    def test_gives_all_of_a_patient_in_high_priority_sooner_than_the_rest(self) -> None:
        held = Held()
        held.add([event(0, 3, "p1", "medium"), event(0, 4, "p2", "medium"), event(0, 5, "p2", "high")], [], 100.0)
        held.add([event(0, 6, "p2", "high")], [], 109.0)
        assert places(held, 92.0, 100.0) == [(0, 4), (0, 5)]
        assert places(held, 100.0, 108.0) == [(0, 3)]
        assert len(held) == 1

    def test_gives_a_part_at_a_time_the_most_urgent_first(self) -> None:
        held = Held()
        lesser = [event(0, offset, f"p{offset}", "low") for offset in range(MOST_EVENTS_A_PART + 10)]
        held.add([*lesser, event(0, len(lesser), "q1", "high")], [], 100.0)
        first = places(held)
        assert (len(first), first[0]) == (MOST_EVENTS_A_PART, (0, len(lesser)))
        assert len(places(held)) == 11
        assert len(held) == 0

    def test_says_up_to_where_it_holds_nothing(self) -> None:
        held = Held()
        held.add([event(0, 3), event(0, 5)], [], 100.0)
        assert held.out({0: 9, 1: 4}) == {0: 3, 1: 4}
        held.drop_before({0: 4})
        assert held.out({0: 9, 1: 4}) == {0: 5, 1: 4}
        held.drop_before({0: 6})
        assert held.out({0: 9, 1: 4}) == {0: 9, 1: 4}


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
