"""Rows of `audit`, written beside what people do: no click waits for the store, and a store that is away loses none."""

from __future__ import annotations

import json
import logging
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, Final

from lakehouse.cassandra import Cassandra
from lakehouse.cassandra_session import Row
from lakehouse.errors import StoreError
from lakehouse.settings import Service, Settings
from lakehouse.tables import AUDIT
from streaming.background import Background

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 10_000
PATIENCE_S: Final = 5.0
AGAIN_S: Final = 0.5
LOOK_S: Final = 0.2
# A browser may say anything, and a row that the store never takes would hold up all others.
LONGEST_DETAIL: Final = 10_000


class Audit(Background):
    """Writes rows in the order in which they were noted, each until the store has taken it. A context manager.

    A row is lost where ten thousand wait already, and where the process ends while the store is away: the log of the
    process then has it.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("audit", self._write)
        self._settings = settings
        self._waiting: Queue[Row] = Queue(MOST_WAITING)

    def note(
        self, by: str, action: str, outcome: str, *, patient_id: str | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Have a row written, as soon as the store takes it."""
        at = datetime.now(UTC)
        row = {
            "day": at.date(),
            "at": at,
            "entry_id": f"board-{uuid.uuid4()}",
            "patient_id": patient_id,
            "by": by,
            "action": action,
            "detail": json.dumps(detail, default=str)[:LONGEST_DETAIL] if detail else None,
            "outcome": outcome,
        }
        try:
            self._waiting.put_nowait(row)
        except Full:
            _say_lost(row)

    def _write(self, stop: Event) -> None:
        row: Row | None = None
        while True:
            try:
                with Cassandra(self._settings, Service.BOARD, patience_s=PATIENCE_S) as cassandra:
                    while row := row or self._next(stop):
                        cassandra.execute(cassandra.upsert(AUDIT, row))
                        row = None
                    return
            except StoreError as error:
                logger.warning("the table `audit` takes no rows: %s; trying again", error)
                if stop.wait(AGAIN_S):
                    break
        for lost in filter(None, (row, *self._waiting.queue)):
            _say_lost(lost)

    def _next(self, stop: Event) -> Row | None:
        """Wait for a row; None when told to stop and none is left."""
        while not (stop.is_set() and self._waiting.empty()):
            with suppress(Empty):
                return self._waiting.get(timeout=LOOK_S)
        return None


def _say_lost(row: Row) -> None:
    logger.error("a row of `audit` is lost: %s by %s at %s: %s", row["action"], row["by"], row["at"], row["outcome"])
