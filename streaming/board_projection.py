"""What the ward board shows, written beside the alarms: a document per ward, with latest vitals and scores.

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
from typing import Final, Self

import msgspec
import numpy as np

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

    A context manager. Wards are spread over that time, so that no batch waits for more than one of them. A ward of
    which the store has a document from before is written, too, if only as empty: its patients may have gone meanwhile.
    """

    def __init__(self, cassandra: Cassandra, fold: AlarmFold) -> None:
        self._cassandra = cassandra
        self._lane = lane_name(fold.positions)
        self._fold = fold
        self._encoder = msgspec.json.Encoder()
        # ward -> what its document was made of; None where the store's is not ours, or may not have been written
        self._written: dict[str, tuple[int, ...] | None] = {}
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
        self._written = {row["ward_id"]: None for row in self._cassandra.partition_keys(WARD_BOARD)}
        while not self._stop.is_set():
            wards = self._wards()
            for ward, rows in wards.items():
                self._write(ward, rows)
                self._stop.wait(EVERY_S / len(wards))
            if not wards:
                self._stop.wait(EVERY_S)

    def _wards(self) -> dict[str, list[int]]:
        """Return the rows of the patients of each ward; wards that have emptied stay, so that they are shown empty."""
        records = self._fold.records
        rows = np.flatnonzero(records["known"])
        wards: dict[str, list[int]] = {ward_id: [] for ward_id in list(self._written)}
        for row, ward in zip(rows.tolist(), records["ward"][rows].tolist(), strict=True):
            wards.setdefault(self._fold.place(ward) or NO_WARD, []).append(row)
        return wards

    def _write(self, ward_id: str, rows: list[int]) -> None:
        records = self._fold.records
        made_of = (len(rows), *(int(records[name][rows].sum()) for name in ("heard_at", "seq", "level")))
        if self._written.get(ward_id) == made_of:
            return
        self._written[ward_id] = made_of
        row = {"ward_id": ward_id, "lane": self._lane, "written_at": datetime.now(UTC), "beds": self._document(rows)}
        future = self._cassandra.session.execute_async(self._cassandra.upsert(WARD_BOARD, row))
        future.add_errback(self._on_error, ward_id)

    def _on_error(self, error: Exception, ward_id: str) -> None:
        self._written[ward_id] = None
        logger.warning("the board of ward %s is not written: %s; trying again", ward_id, error)

    def _document(self, rows: list[int]) -> str:
        """Return what the board shows of some patients, as JSON. Times are ms since 1970, UTC.

        A vital is [value, measured at]; that, like `heard_ms` and `scored_ms`, by the alarm clock: the earlier of the
        device's time and the broker's. Taken column by column: bed by bed it cost a fifth of a core at 10,000 patients.
        """
        records = self._fold.records
        signals = records["signals"][rows]
        clocks = np.minimum(signals["measured_at"], signals["seen_at"])
        heard_at = np.maximum(clocks.max(axis=1, initial=NEVER), records["blank_clock"][rows])
        columns = zip(
            rows,
            records["bed"][rows].tolist(),
            heard_at.tolist(),
            signals["value"].tolist(),
            signals["valued_at"].tolist(),
            records["score_missing"][rows].tolist(),
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
                "scored_ms": valued_ms[SCORE] if valued_ms[SCORE] != NEVER else None,
            }
            for row, bed, heard_ms, values, valued_ms, missing in columns
        ]
        return self._encoder.encode(beds).decode()


@cache
def missing_names(mask: int) -> list[str]:
    """Return the NEWS2 parameters of a mask of missing ones."""
    return [name for k, name in enumerate(PARAMETERS) if mask >> k & 1]
