"""What the ward board shows, written beside the alarms: one document per ward with latest vitals and open alerts.

A projection, not a record: a write that fails is tried again with the next refresh, at most 2 s later.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import numpy as np

from clinical.alert import Patient
from clinical.conditions import CONDITIONS, PRIORITIES
from clinical.news2 import PARAMETERS
from clinical.rules import NEVER, SCORE
from clinical.vitals import VITALS
from lakehouse.cassandra import Cassandra
from lakehouse.folding import AlarmFold
from lakehouse.tables import NO_WARD, WARD_BOARD

logger = logging.getLogger(__name__)

EVERY_S: Final = 2.0
MOST_WARDS_A_CALL: Final = 16  # so that no batch of the lane waits for the board


class BoardProjection:
    """Spreads the wards over the calls of `refresh`; each is written at most every 2 s, and only when it changed."""

    def __init__(self, cassandra: Cassandra, fold: AlarmFold) -> None:
        self._cassandra = cassandra
        self._fold = fold
        self._encoder = msgspec.json.Encoder()
        self._waiting: deque[tuple[int, list[int]]] = deque()
        self._began_at = 0.0
        self._written: dict[int, tuple[int, ...]] = {}  # ward -> what its document was made of

    def refresh(self) -> None:
        """Write some wards that are due."""
        now = time.monotonic()
        if not self._waiting and now - self._began_at >= EVERY_S:
            self._began_at = now
            self._waiting.extend(self._wards().items())
        for _ in range(min(MOST_WARDS_A_CALL, len(self._waiting))):
            self._write(*self._waiting.popleft())

    def _wards(self) -> dict[int, list[int]]:
        """Return the rows of the patients of each ward; wards that have emptied stay, so that they are shown empty."""
        records = self._fold.records
        rows = np.flatnonzero(records["known"])
        wards: dict[int, list[int]] = {ward: [] for ward in self._written}
        for row, ward in zip(rows.tolist(), records["ward"][rows].tolist(), strict=True):
            wards.setdefault(ward, []).append(row)
        return wards

    def _write(self, ward: int, rows: list[int]) -> None:
        records = self._fold.records[rows]
        made_of = (len(rows), *(int(records[name].sum()) for name in ("heard_at", "seq", "level")))
        if self._written.get(ward) == made_of:
            return
        self._written[ward] = made_of
        document = self._encoder.encode([self._bed(row) for row in rows]).decode()
        ward_id = self._fold.place(ward) or NO_WARD
        row = {"ward_id": ward_id, "written_at": datetime.now(UTC), "beds": document}
        future = self._cassandra.session.execute_async(self._cassandra.upsert(WARD_BOARD, row))
        future.add_errback(self._on_error, ward)

    def _on_error(self, error: Exception, ward: int) -> None:
        self._written.pop(ward, None)
        logger.warning("the board of ward %s is not written: %s; trying again", self._fold.place(ward), error)

    def _bed(self, row: int) -> dict[str, Any]:
        """Return what the board shows of one patient. Times are ms since 1970, UTC."""
        s = self._fold.records[row]
        signals = s.signals
        measured = signals["valued_at"] != NEVER
        return {
            "patient_id": self._fold.patient_id(row),
            "bed": self._fold.place(int(s.bed)),
            "heard_ms": int(s.heard_at) if s.heard_at != NEVER else None,
            "vitals": {
                vital.name: [float(signals["value"][v]), int(signals["valued_at"][v])]
                for v, vital in enumerate(VITALS)
                if measured[v]
            },
            "news2": None if np.isnan(signals["value"][SCORE]) else int(signals["value"][SCORE]),
            "news2_missing": [name for k, name in enumerate(PARAMETERS) if int(s.score_missing) >> k & 1],
            "alerts": [self._alert(s, c) for c in np.flatnonzero(s.level).tolist()],
        }

    def _alert(self, s: Patient, c: int) -> dict[str, Any]:
        return {
            "condition": CONDITIONS[c],
            "priority": PRIORITIES[s.level[c]],
            "onset_ms": int(s.onset[c]),
            "acknowledged": bool(s.acknowledged[c]),
            "escalation": int(s.escalation[c]),
            "silenced_until_ms": int(s.silenced_until[c]) if s.silenced_until[c] != NEVER else None,
        }
