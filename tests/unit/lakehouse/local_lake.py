"""The lake in a folder of the local disk, and rows for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa

from clinical.vitals import INDEX, VITALS
from lakehouse.contract import LakeTable
from lakehouse.lake import Batch, Lake
from lakehouse.messages import Tick, encode
from lakehouse.packing import pack
from lakehouse.settings import Settings
from lakehouse.tables import BASELINES, ENTRIES, READINGS


class LocalLake(Lake):
    """Has the tables that the log and the baselines are in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Settings(), patience_s=0)
        self._folder = folder
        for table in (READINGS, ENTRIES, BASELINES):
            self.ensure(table)

    def url(self, table: LakeTable) -> str:
        return str(self._folder / table.name)

    def land_ticks(self, day: date, offsets: Mapping[int, Sequence[int]]) -> None:
        """Land ticks, one a second from the day's begin on: partition -> offsets."""
        for partition, places in offsets.items():
            n = len(places)
            columns = {
                "kind": ["tick"] * n, "patient_id": pa.nulls(n, pa.string()), "received_at": _seconds(day, n),
                "partition": [partition] * n, "offset": list(places), "body": [encode(Tick()).decode()] * n,
            }  # fmt: skip
            self._land(ENTRIES, day, columns)

    def land_heart_rates(self, day: date, begin: int, beats: Sequence[float]) -> None:
        """Land readings of patient p1 in partition 0, one a second from the day's begin on."""
        n = len(beats)
        values = np.full((n, len(VITALS)), np.nan)
        values[:, INDEX["heart_rate_bpm"]] = beats
        packed = pack(values)
        columns = {
            "patient_id": ["p1"] * n, "device_id": ["m"] * n, "measured_at": _seconds(day, n),
            "received_at": _seconds(day, n), "partition": [0] * n, "offset": list(range(begin, begin + n)),
            "period_s": [1.0] * n, "raw": pa.nulls(n, pa.string()),
        }  # fmt: skip
        self._land(READINGS, day, columns | {name: packed[name] for name in packed.column_names})

    def _land(self, table: LakeTable, day: date, columns: Mapping[str, object]) -> None:
        rows = pa.table({"landed_date": [day] * len(columns["offset"])} | dict(columns))  # type: ignore[arg-type]
        self.append(table, rows, Batch(uuid4().hex, 1))


def _seconds(day: date, n: int) -> list[datetime]:
    midnight = datetime.combine(day, time.min, UTC)
    return [midnight + timedelta(seconds=each) for each in range(n)]
