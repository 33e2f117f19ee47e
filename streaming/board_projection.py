"""What the ward board shows, written beside the alarms: a document per ward, with latest vitals and open alerts.

A projection, not a record: a write that fails is tried again with the next refresh.
"""

from __future__ import annotations

import logging
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from threading import Event
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np

from clinical.conditions import CONDITIONS, PRIORITIES
from clinical.news2 import PARAMETERS
from clinical.rules import NEVER, SCORE
from clinical.vitals import VITALS
from lakehouse.cassandra import Cassandra
from lakehouse.folding import AlarmFold
from lakehouse.tables import NO_WARD, WARD_BOARD
from streaming.partitions import lane_name

_NAMES: Final = [vital.name for vital in VITALS]

logger = logging.getLogger(__name__)

EVERY_S: Final = 10.0


class BoardProjection:
    """Writes each ward every 10 s, where it has changed, in a thread beside the lane: while the lane waits for Spark.

    A context manager. Wards are spread over that time, so that no batch waits for more than one of them.
    """

    def __init__(self, cassandra: Cassandra, fold: AlarmFold) -> None:
        self._cassandra = cassandra
        self._lane = lane_name(fold.positions)
        self._fold = fold
        self._encoder = msgspec.json.Encoder()
        self._written: dict[int, tuple[int, ...]] = {}  # ward -> what its document was made of
        self._stop = Event()

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, "board")
        self._writing = self._pool.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown()

    def check(self) -> None:
        """Raise what has ended the thread, if anything has: a board that stands still must not look live."""
        if self._writing.done():
            self._writing.result()

    def _run(self) -> None:
        while not self._stop.is_set():
            wards = self._wards()
            for ward, rows in wards.items():
                self._write(ward, rows)
                self._stop.wait(EVERY_S / len(wards))
            if not wards:
                self._stop.wait(EVERY_S)

    def _wards(self) -> dict[int, list[int]]:
        """Return the rows of the patients of each ward; wards that have emptied stay, so that they are shown empty."""
        records = self._fold.records
        rows = np.flatnonzero(records["known"])
        wards: dict[int, list[int]] = {ward: [] for ward in list(self._written)}
        for row, ward in zip(rows.tolist(), records["ward"][rows].tolist(), strict=True):
            wards.setdefault(ward, []).append(row)
        return wards

    def _write(self, ward: int, rows: list[int]) -> None:
        records = self._fold.records
        made_of = (len(rows), *(int(records[name][rows].sum()) for name in ("heard_at", "seq", "level")))
        if self._written.get(ward) == made_of:
            return
        self._written[ward] = made_of
        ward_id = self._fold.place(ward) or NO_WARD
        row = {"ward_id": ward_id, "lane": self._lane, "written_at": datetime.now(UTC), "beds": self._document(rows)}
        future = self._cassandra.session.execute_async(self._cassandra.upsert(WARD_BOARD, row))
        future.add_errback(self._on_error, ward)

    def _on_error(self, error: Exception, ward: int) -> None:
        self._written.pop(ward, None)
        logger.warning("the board of ward %s is not written: %s; trying again", self._fold.place(ward), error)

    def _document(self, rows: list[int]) -> str:
        """Return what the board shows of some patients, as JSON. Times are ms since 1970, UTC.

        A vital is [value, measured at]. Taken column by column: bed by bed it cost
        a fifth of a core at 10,000 patients.
        """
        records = self._fold.records
        signals = records["signals"]
        columns = zip(
            rows,
            records["bed"][rows].tolist(),
            records["heard_at"][rows].tolist(),
            signals["value"][rows].tolist(),
            signals["valued_at"][rows].tolist(),
            records["score_missing"][rows].tolist(),
            np.any(records["level"][rows], axis=1).tolist(),
            strict=True,
        )
        beds = [
            {
                "patient_id": self._fold.patient_id(row),
                "bed": self._fold.place(bed),
                "heard_ms": heard_ms if heard_ms != NEVER else None,
                "vitals": {
                    name: (value, at_ms)
                    for name, value, at_ms in zip(_NAMES, values, valued_ms, strict=False)
                    if at_ms != NEVER
                },
                "news2": None if math.isnan(values[SCORE]) else int(values[SCORE]),
                "news2_missing": missing_names(missing),
                "alerts": self._alerts(row) if has_alerts else [],
            }
            for row, bed, heard_ms, values, valued_ms, missing, has_alerts in columns
        ]
        return self._encoder.encode(beds).decode()

    def _alerts(self, row: int) -> list[dict[str, Any]]:
        s = self._fold.records[row]
        return [
            {
                "condition": CONDITIONS[c],
                "priority": PRIORITIES[s.level[c]],
                "onset_ms": int(s.onset[c]),
                "acknowledged": bool(s.acknowledged[c]),
                "escalation": int(s.escalation[c]),
                "silenced_until_ms": int(s.silenced_until[c]) if s.silenced_until[c] != NEVER else None,
            }
            for c in np.flatnonzero(s.level).tolist()
        ]


@cache
def missing_names(mask: int) -> list[str]:
    """Return the NEWS2 parameters of a mask of missing ones."""
    return [name for k, name in enumerate(PARAMETERS) if mask >> k & 1]
