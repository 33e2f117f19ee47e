"""Has pictures drawn by a process of its own, and waits for none longer than a mail may wait.

Drawing needs matplotlib and tens of ms of a processor; in the notifier's own process both would stand between an alarm
and its mail. The artist gives way (nice 10), ends when the notifier is gone, and is replaced when it dies.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from streaming.notify.strip import Strip

logger = logging.getLogger(__name__)

WAIT_S: Final = 0.5
MOST_WAITING: Final = 2  # who waits here sends no other mail meanwhile
RETRY_S: Final = 30.0


class Artist:
    """Draws one picture after the other. A context manager; `draw` may be called from several threads."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self.wait_s = wait_s
        self._turn = threading.Lock()
        self._waiting = threading.Semaphore(MOST_WAITING)
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None
        self._started_at = float("-inf")
        self._owed = 0  # pictures that came too late, and stand in the pipe before ours

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pipe is not None:
            self._pipe.close()  # the artist ends when nobody is at the other end
        if self._process is not None:
            self._process.terminate()
            self._process.join(5)

    @property
    def pid(self) -> int | None:
        """Process id of whoever draws."""
        return self._process.pid if self._process is not None else None

    def draw(self, strip: Strip) -> bytes | None:
        """Return the picture as a PNG, or None where it would come too late."""
        until = time.monotonic() + self.wait_s
        if not self._waiting.acquire(blocking=False):
            return None
        try:
            if not self._turn.acquire(timeout=self.wait_s):
                return None
            try:
                return self._drawn(strip, until)
            finally:
                self._turn.release()
        finally:
            self._waiting.release()

    def _drawn(self, strip: Strip, until: float) -> bytes | None:
        try:
            if self._pipe is None:
                raise EOFError("it is gone")
            while self._owed:
                if not self._pipe.poll(0):
                    return None  # it is behind: ours would be late, too
                self._pipe.recv_bytes()
                self._owed -= 1
            self._pipe.send(strip)
            self._owed += 1
            if not self._pipe.poll(max(until - time.monotonic(), 0)):
                return None
            self._owed -= 1
            return self._pipe.recv_bytes() or None
        except (OSError, EOFError) as error:
            self._replace(error)
            return None

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the notifier's connections
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_draw_for_ever, args=(theirs,), name="artist", daemon=True)
        self._process.start()
        theirs.close()
        self._owed, self._started_at = 0, time.monotonic()

    def _replace(self, error: BaseException) -> None:
        if self._pipe is not None:
            logger.warning(
                "mails have no pictures: the process that draws them has ended (%s); starting another", error
            )
            self._pipe.close()
            self._pipe = None
        if time.monotonic() - self._started_at > RETRY_S:
            self._start()


def _draw_for_ever(pipe: Connection) -> None:
    """Answer each strip with its picture; with nothing where it cannot be drawn."""
    os.nice(10)
    from streaming.notify.picture import draw  # noqa: PLC0415  only here: the notifier carries no matplotlib

    while True:
        try:
            strip = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            picture = draw(strip)
        except Exception:  # a mail goes without its picture, whatever is wrong with that
            logger.exception("the trend of an alarm cannot be drawn")
            picture = b""
        pipe.send_bytes(picture)
