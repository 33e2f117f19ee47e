"""The heartbeat of a process: one small JSON file, replaced in one step, that `make status` shows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

EVERY_S: Final = 0.9  # what beats once a second is written each time
Counter: TypeAlias = int | float | str | None


class Heartbeat:
    """Tells that a process lives, what it is doing, and how far it is.

    The file is ``{"at": time, "pid": number, "state": word, counters...}``. It is written at most once a second, and at
    once when the state changes; a reader never sees half of it. A full disk must not stop an alarm: an unwritable
    heartbeat is left out, and its age then tells.

    Parameters
    ----------
    path
        ``run/heartbeats/NAME.json``; its folder is made if need be.
    monotonic
        The clock that spaces the writes, in seconds.
    """

    def __init__(self, path: Path, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._monotonic = monotonic
        self._state: str | None = None
        self._written = float("-inf")

    def beat(self, state: str, **counters: Counter) -> None:
        """Report a state such as ``starting``, ``running``, ``waiting`` or ``stopped``, and any counters."""
        now = self._monotonic()
        if state == self._state and now - self._written < EVERY_S:
            return
        self._state, self._written = state, now
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        document = json.dumps({"at": at, "pid": os.getpid(), "state": state, **counters})
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(document + "\n", encoding="utf-8")
            unfinished.replace(self._path)
