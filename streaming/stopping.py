"""How a process of the speed layer ends: at the next good moment after SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
from threading import Event

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals() -> Event:
    """Return an event that SIGTERM and SIGINT set, instead of ending the process in the middle of something.

    A second signal ends it as usual: waiting for a Kafka that is away can be given up.
    """
    stop = Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def request(_number: int, _frame: object) -> None:
        stop.set()
        for number, handler in before.items():
            signal.signal(number, handler)

    for number in SIGNALS:
        signal.signal(number, request)
    return stop
