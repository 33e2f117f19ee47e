"""Work beside the main thread of a process, and what becomes of the process when it fails."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)


class Background:
    """A thread that works until the block is left. A context manager.

    `work` is given an event that says when to stop. What it does not handle itself ends the process, as SIGTERM does:
    the supervisor starts it again, where a page behind which nothing works any more would only look alive. What is a
    single such thread derives from it.
    """

    def __init__(self, name: str, work: Callable[[Event], None]) -> None:
        self._work = work
        self._stop = Event()
        self._thread = Thread(target=self._guarded, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _guarded(self) -> None:
        try:
            self._work(self._stop)
        except Exception:  # whatever it is: nobody else would hear of it
            logger.exception("the thread %s has failed, and the process ends", self._thread.name)
            os.kill(os.getpid(), signal.SIGTERM)
