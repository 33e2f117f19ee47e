"""One task for each recipient: waits for what is due, has it delivered, and tries again without holding up others."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final, Protocol, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_exponential_jitter

from lakehouse.errors import AccessError
from lakehouse.events import AlertEvent
from streaming.notify.courier import ClaimedElsewhere, Courier
from streaming.notify.mail_server import RefusedForNow, ServerAway
from streaming.notify.storm import Queue
from streaming.notify.teams import Storm

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 15.0  # so that everything goes out soon after a mail server is back
GIVE_UP_S: Final = 3600.0
FAULTY_TRIES: Final = 3
CROWD: Final = 32  # mails in hand, beyond which the hospital has a storm even if no recipient has


class Delivered(Protocol):
    """What is called when a mail is done with."""

    def __call__(self, recipient: str, events: Sequence[AlertEvent], *, told: bool) -> None:
        """Take note of it."""


class Dispatcher:
    """Brings events to recipients in order. To be used from one event loop; deliveries run in the executor's threads.

    Parameters
    ----------
    courier
        Delivers, blocking.
    storm
        When mails are merged.
    threads, urgent
        Where mails are brought on their way; those that tell of high priority have threads of their own.
    delivered
        Called when a mail is accepted, or given up: then `told` is False.
    give_up_s
        How long a server may refuse one mail for now. A server that is away is waited for without end.
    """

    def __init__(
        self,
        courier: Courier,
        storm: Storm,
        threads: Executor,
        urgent: Executor,
        delivered: Delivered,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._courier = courier
        self._storm = storm
        self._threads = threads
        self._urgent = urgent
        self._under_way = 0
        self._delivered = delivered
        self._give_up_s = give_up_s
        self._queues: dict[str, Queue] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.troubles: dict[str, str] = {}  # recipient -> why it is being tried again

    def put(self, recipient: str, event: AlertEvent) -> None:
        """Let a recipient be told."""
        if recipient not in self._tasks:
            self._queues[recipient] = Queue(self._storm)
            self._news[recipient] = asyncio.Event()
            self._tasks[recipient] = asyncio.create_task(self._serve(recipient))
        self._queues[recipient].put(event, time.monotonic())
        self._news[recipient].set()

    def check(self) -> None:
        """Raise what has ended a recipient's task: a permission that is lacking, or a mail that cannot be given up."""
        for task in self._tasks.values():
            if task.done():
                task.result()

    async def stop(self) -> None:
        """Stop waiting and retrying. What is under way in a thread ends by itself; the rest is read again next time."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _serve(self, recipient: str) -> None:
        waiting = self._queues[recipient]
        while True:
            await self._until_due(recipient)
            events = waiting.take(time.monotonic(), crowded=self._crowded)
            if events:
                told = await self._deliver(recipient, events)
                self._delivered(recipient, events, told=told)

    @property
    def _crowded(self) -> bool:
        return self._under_way >= CROWD

    async def _until_due(self, recipient: str) -> None:
        news = self._news[recipient]
        news.clear()
        now = time.monotonic()
        due_at = self._queues[recipient].due_at(now, crowded=self._crowded)
        if due_at is not None and due_at <= now:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due_at is None else due_at - now):
                await news.wait()

    async def _deliver(self, recipient: str, events: Sequence[AlertEvent]) -> bool:
        """Have a mail delivered; whether it was. One that cannot even be tried is given up, and holds up no other."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=wait_exponential_jitter(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S, jitter=FIRST_WAIT_S),
            stop=_Patience(self._give_up_s),
            before_sleep=lambda state: self._say_waiting(recipient, len(events), state),
            reraise=True,
        )
        threads = self._urgent if any(event.priority == "high" for event in events) else self._threads
        try:
            return await retrying(self._in_thread, threads, self._courier.deliver, recipient, events)
        except RefusedForNow as error:
            await self._in_thread(threads, self._courier.give_up, recipient, events, str(error))
            return False
        except AccessError:
            raise
        except Exception as error:  # whatever ails this mail: it must not keep the others from being told
            if len(events) > 1:  # not all of them need be at fault
                return all([await self._deliver(recipient, [event]) for event in events])
            logger.exception("the mail about %s to %s cannot be made", events[0].event_id, recipient)
            await self._in_thread(threads, self._courier.write_off, recipient, events[0], repr(error))
            return False
        finally:
            self.troubles.pop(recipient, None)

    async def _in_thread(self, threads: Executor, function: Callable[..., Result], *arguments: object) -> Result:
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)
        finally:
            self._under_way -= 1

    def _say_waiting(self, recipient: str, count: int, state: RetryCallState) -> None:
        error = str(state.outcome.exception()) if state.outcome else ""
        first = self.troubles.get(recipient) != error
        self.troubles[recipient] = error
        logger.log(
            logging.WARNING if first else logging.DEBUG,
            "%d alert steps for %s wait (try %d): %s", count, recipient, state.attempt_number, error,
        )  # fmt: skip


def _may_pass(error: BaseException) -> bool:
    """Whether a mail is tried again: also after a fault of its own, which may be a whim of the moment."""
    return isinstance(error, Exception) and not isinstance(error, AccessError)


class _Patience:
    """Stops when refusals for now have followed each other for too long; any other trouble begins that count again.

    It also stops when a mail has failed several times by a fault of its own: everything but a server that is away, and
    another notifier that has it in hand.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None
        self._faults = 0

    def __call__(self, state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(error, RefusedForNow):
            self._since = None
            self._faults += not isinstance(error, ServerAway | ClaimedElsewhere)
            return self._faults >= FAULTY_TRIES
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return now - self._since >= self._seconds
