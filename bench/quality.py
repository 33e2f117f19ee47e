"""The quality gate: how long each of its passes takes over a day of readings in the lake, on HDFS."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import uuid4

import numpy as np
import pyarrow as pa

from bench.report import Report
from clinical.vitals import INDEX, VITALS
from lakehouse.hdfs import Hdfs, ensure_folders
from lakehouse.lake import Batch, Lake
from lakehouse.packing import pack
from lakehouse.settings import Settings
from lakehouse.tables import LANDED, READINGS
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.physiology import GROUP
from streaming.bedside.simulation import Script, Simulation

PATIENTS: Final = 4 * GROUP
ROWS: Final = 10_000_000
FULL_DAY: Final = 86_400_000  # 1,000 patients at 1 Hz
SECONDS_A_BATCH: Final = 200  # what landing commits at once: some 200,000 rows
DAY: Final = date(2026, 1, 5)
_STARTED_AT: Final = datetime(2026, 1, 5, tzinfo=UTC)
_TRANSIT_US: Final = 200_000
PASSES: Final = ("contract", "devices", "duplicates", "minutes", "admissions", "rules")


def run(_seconds: int) -> Report:
    """Land ten million simulated readings in an own lake, and judge them as the night does."""
    from quality.judge import Judge  # noqa: PLC0415  ten seconds, which no other benchmark should pay
    from quality.lake_gate import judge_readings  # noqa: PLC0415

    settings = _own_lake(Settings.load())
    rows = _land(settings)
    marks = [time.perf_counter()]
    with TemporaryDirectory() as folder:
        judge = Judge(DAY, Path(folder) / "readings" / DAY.isoformat())
        judged = judge_readings(settings, DAY, judge, lambda _: marks.append(time.perf_counter()))
        judge.publish()
    with Hdfs(settings) as hdfs:
        hdfs.delete("lake")
    took = dict(zip(PASSES, np.diff(marks).tolist(), strict=True))
    total = marks[-1] - marks[0]
    if judged.rows != rows:
        raise RuntimeError(f"every row is judged; {judged.rows} of {rows} were; look at the lake")
    return Report(
        title=f"The quality gate over {rows:,} readings of {PATIENTS:,} patients at 1 Hz",
        columns=("pass", "seconds", "million rows/s"),
        rows=[(name, f"{seconds:.1f}", f"{rows / seconds / 1e6:.2f}") for name, seconds in took.items()],
        figures={"rows": rows, "seconds": round(total, 1), "full_day_seconds": round(total * FULL_DAY / rows)}
        | {f"{name}_seconds": round(seconds, 1) for name, seconds in took.items()},
        notes=(
            (
                "`contract` includes the start of Spark; `full_day_seconds` is for 86 million readings, taken as "
                "proportional to the rows."
            ),
        ),
    )


def _own_lake(settings: Settings) -> Settings:
    own = settings.model_copy(
        update={"hdfs": settings.hdfs.model_copy(update={"root": f"/bench-quality-{uuid4().hex}"})}
    )
    ensure_folders(own)
    with Lake(own) as lake:
        for table in LANDED:
            lake.ensure(table)
    return own


def _land(settings: Settings) -> int:
    """Append simulated readings, batch by batch, as landing does. Returns how many."""
    script = Script(patients=PATIENTS, seconds=ROWS // PATIENTS)
    ids = np.array(script.patient_ids)
    columns = [INDEX[vital.name] for vital in SIMULATED]
    waiting: list[np.ndarray] = []
    written = 0
    with Lake(settings) as lake:
        for second in Simulation(script, _STARTED_AT):
            values = np.full((PATIENTS, len(VITALS)), np.nan)
            values[:, columns] = second.values
            waiting.append(values)
            if len(waiting) == SECONDS_A_BATCH:
                lake.append(READINGS, _rows(ids, second.at_s + 1 - len(waiting), waiting), Batch("bench", written))
                written += PATIENTS * len(waiting)
                waiting = []
    return written


def _rows(ids: np.ndarray, first_s: int, values: list[np.ndarray]) -> pa.Table:
    patients, seconds = len(ids), len(values)
    at_us = np.repeat(np.arange(first_s, first_s + seconds), patients) * 1_000_000
    measured = at_us + int(_STARTED_AT.timestamp()) * 1_000_000
    device = pa.array(np.tile(ids, seconds))
    packed = pack(np.concatenate(values))
    columns = {
        "landed_date": pa.array([DAY]).take(pa.array(np.zeros(len(device), np.int32))),
        "patient_id": device,
        "device_id": device,
        "measured_at": pa.array(measured).cast(pa.timestamp("us", tz="UTC")),
        "received_at": pa.array(measured + _TRANSIT_US).cast(pa.timestamp("us", tz="UTC")),
        "partition": pa.array(np.zeros(len(device), np.int32)),
        "offset": pa.array(np.arange(len(device)) + first_s * patients),
        "period_s": pa.array(np.ones(len(device))),
        "raw": pa.nulls(len(device), pa.string()),
    }
    return pa.table(columns | {name: packed[name] for name in packed.column_names})
