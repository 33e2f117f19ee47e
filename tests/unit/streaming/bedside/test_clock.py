from __future__ import annotations

from threading import Event

from streaming.bedside.clock import wait_for_second


class Hands:
    """A clock that only the wait moves, and an event that waits on it."""

    def __init__(self, now: float, oversleeps: float = 0.0) -> None:
        self.now, self.oversleeps, self.stopped = now, oversleeps, Event()

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += seconds + self.oversleeps
        return self.stopped.is_set()

    def is_set(self) -> bool:
        return self.stopped.is_set()


def test_it_waits_for_the_next_full_second() -> None:
    hands = Hands(now=100.25)
    assert wait_for_second(hands, hands)  # type: ignore[arg-type]
    assert hands.now == 101.0


def test_waking_late_does_not_add_up() -> None:
    hands = Hands(now=100.0, oversleeps=0.125)
    for _ in range(5):
        wait_for_second(hands, hands)  # type: ignore[arg-type]
    assert hands.now == 105.125


def test_it_ends_when_it_is_stopped() -> None:
    stop = Event()
    stop.set()
    assert not wait_for_second(stop)
