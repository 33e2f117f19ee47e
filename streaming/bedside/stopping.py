"""How a process of the bedside ends: at the next good moment after SIGTERM or Ctrl-C."""

from __future__ import annotations

import signal
from threading import Event


def stop_on_signals() -> Event:
    """Return an event that SIGTERM and SIGINT set, instead of ending the process in the middle of something."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
