"""Each recipient is served in order, tried again without holding up others, and given up when refused for too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from lakehouse.errors import AccessError, StoreError
from lakehouse.events import AlertEvent
from streaming.notify import dispatch
from streaming.notify.courier import Courier
from streaming.notify.dispatch import Dispatcher
from streaming.notify.mail_server import RefusedForNow, ServerAway
from streaming.notify.teams import Storm
from tests.unit.streaming.notify.builders import event

STORM = Storm()


class FakeCourier:
    """Raises what it is told to, then delivers."""

    def __init__(self, **failures: list[Exception]) -> None:
        self.failures = failures
        self.log: list[tuple[str, int, str]] = []

    def deliver(self, recipient: str, events: Sequence[AlertEvent]) -> bool:
        if self.failures.get(recipient):
            raise self.failures[recipient].pop(0)
        self.log.append((recipient, events[0].offset, "sent"))
        return True

    def give_up(self, recipient: str, events: Sequence[AlertEvent], _error: str) -> None:
        self.log.append((recipient, events[0].offset, "dead"))

    def write_off(self, recipient: str, event: AlertEvent, _error: str) -> None:
        self.log.append((recipient, event.offset, "dead"))


class Poisoned(FakeCourier):
    """Cannot make any mail that tells of the third event."""

    def deliver(self, recipient: str, events: Sequence[AlertEvent]) -> bool:
        if any(each.offset == 3 for each in events):
            raise ZeroDivisionError
        self.log += [(recipient, each.offset, "sent") for each in events]
        return True


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(dispatch, "LONGEST_WAIT_S", 0.05)


def dispatched(
    courier: FakeCourier, *puts: tuple[str, int], give_up_s: float = 60.0, storm: Storm = STORM
) -> list[tuple[str, int, str]]:
    """Let recipients be told, and return what the courier did once all is done."""
    done: list[tuple[str, int]] = []

    def delivered(recipient: str, events: Sequence[AlertEvent], *, told: bool) -> None:
        done.extend((recipient, each.offset) for each in events)
        assert told == all((recipient, each.offset, "dead") not in courier.log for each in events)

    async def run() -> None:
        with ThreadPoolExecutor(2) as threads:
            dispatcher = Dispatcher(cast("Courier", courier), storm, threads, threads, delivered, give_up_s)
            for recipient, number in puts:
                dispatcher.put(recipient, event(number=number))
            async with asyncio.timeout(10):
                while len(done) < len(puts):
                    dispatcher.check()
                    await asyncio.sleep(0.005)
            assert dispatcher.troubles == {}
            await dispatcher.stop()

    asyncio.run(run())
    return courier.log


def test_a_recipient_is_told_in_order() -> None:
    assert dispatched(FakeCourier(), ("a", 1), ("a", 2), ("a", 3)) == [("a", n, "sent") for n in (1, 2, 3)]


@pytest.mark.parametrize("trouble", [ServerAway, RefusedForNow])
def test_what_failed_is_tried_again_before_what_came_later(trouble: Callable[[str], Exception]) -> None:
    courier = FakeCourier(a=[trouble("no"), trouble("no")])
    assert dispatched(courier, ("a", 1), ("a", 2)) == [("a", 1, "sent"), ("a", 2, "sent")]


def test_one_recipient_in_trouble_holds_up_no_other() -> None:
    courier = FakeCourier(a=[RefusedForNow("later")] * 3)
    assert dispatched(courier, ("a", 1), ("b", 2)) == [("b", 2, "sent"), ("a", 1, "sent")]


def test_a_mail_that_is_refused_for_too_long_is_given_up_and_the_next_one_is_tried() -> None:
    courier = FakeCourier(a=[RefusedForNow("later")] * 2)
    assert dispatched(courier, ("a", 1), ("a", 2), give_up_s=0.0) == [("a", 1, "dead"), ("a", 2, "dead")]


def test_a_server_that_is_away_is_waited_for_however_long() -> None:
    courier = FakeCourier(a=[ServerAway("gone")] * 4)
    assert dispatched(courier, ("a", 1), give_up_s=0.0) == [("a", 1, "sent")]


def test_a_whim_of_the_moment_costs_no_mail() -> None:
    courier = FakeCourier(a=[ZeroDivisionError()] * 2)
    assert dispatched(courier, ("a", 1)) == [("a", 1, "sent")]


@pytest.mark.parametrize("error", [ZeroDivisionError(), StoreError("the key is too long")])
def test_a_mail_that_cannot_be_made_is_given_up_and_the_next_one_is_tried(error: Exception) -> None:
    courier = FakeCourier(a=[error] * 3)
    assert dispatched(courier, ("a", 1), ("a", 2)) == [("a", 1, "dead"), ("a", 2, "sent")]


def test_of_a_mail_that_lists_only_what_cannot_be_told_is_given_up() -> None:
    many = [("a", number) for number in range(1, 13)]  # more than a minute allows
    outcomes = dispatched(Poisoned(), *many, storm=Storm(hold_s=0, high_hold_s=0))
    assert sorted(outcomes) == [("a", number, "dead" if number == 3 else "sent") for _, number in many]


def test_a_permission_that_is_lacking_ends_it_all() -> None:
    with pytest.raises(AccessError):
        dispatched(FakeCourier(a=[AccessError("no")]), ("a", 1))
