"""Baselines and proposals of a whole day, from Parquet as the lake has it: 1,000 patients at 1 Hz, 10,000 a minute."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from batch.baselines import AS_NUMBERS, baseline_rows, count
from batch.patient_days import PatientDays, clean_of, nightly_of
from bench.report import Report
from clinical.calibration import History, propose
from clinical.policy import POLICY
from clinical.vitals import DBP, HEART_RATE, INDEX, RESP_RATE, SBP, SPO2, TEMPERATURE, VITALS
from lakehouse.packing import pack

DAY: Final = date(2026, 1, 1)
T0_US: Final = 1_767_225_600_000_000
DAY_S: Final = 86_400
FILES: Final = 24
# vital -> mean and spread between patients, and within one
_DRAWN: Final = {
    HEART_RATE: (85, 12, 6), RESP_RATE: (17, 3, 2), SPO2: (96, 1.5, 1), SBP: (122, 12, 8), DBP: (74, 8, 5),
    TEMPERATURE: (37, 0.4, 0.1),
}  # fmt: skip


def run(_: int) -> Report:
    """Write each day, then calibrate on it."""
    rows = []
    figures: dict[str, object] = {}
    for patients, period_s in ((1_000, 1), (10_000, 60)):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            write_day(Path(folder), patients, period_s)
            size_mb = sum(path.stat().st_size for path in Path(folder).glob("*")) / 1e6
            began = time.perf_counter()
            days = PatientDays({})
            readings = count_files(days, Path(folder))
            counted_s = time.perf_counter() - began
            stored = len(baseline_rows(days, DAY, 0))
            proposals = sum(len(propose(history(days, patient_id))) for patient_id in days.patient_ids)
            took_s = time.perf_counter() - began
        rows.append((f"{patients:,} every {period_s} s", f"{readings:,}", f"{size_mb:,.0f}", f"{counted_s:.0f}",
                     f"{stored:,}", f"{proposals:,}", f"{took_s:.0f}"))  # fmt: skip
        figures[f"seconds_{patients}"] = round(took_s, 1)
    return Report(
        title="What `recalibrate` counts and proposes from: one day of local Parquet files, six vitals",
        columns=("patients", "readings", "MB", "s to count", "baselines", "proposals", "s in all"),
        rows=rows,
        figures=figures,
        notes=("In the order in which they landed. The whole command, on HDFS and with its backtest: `bench night`.",),
    )


def count_files(days: PatientDays, folder: Path) -> int:
    """Count all files and return how many readings there are."""
    found = 0

    def advance(rows: int) -> None:
        nonlocal found
        found += rows

    count(days, ds.dataset(folder, format=ds.ParquetFileFormat(read_options=AS_NUMBERS)), pc.scalar(True), advance)
    return found


def history(days: PatientDays, patient_id: str) -> History:
    """Return what calibration is told of a patient."""
    known = days.days_of(patient_id)
    closed = T0_US // 1_000_000 // DAY_S
    return History(clean_of(known, closed, POLICY), nightly_of(known, closed, POLICY), {})


def write_day(folder: Path, patients: int, period_s: int) -> None:
    """Write a day in the order in which it lands: one time of all patients after another."""
    random = np.random.default_rng(1)
    usual = np.array([random.normal(mean, spread, patients) for mean, spread, _ in _DRAWN.values()])
    for number, seconds in enumerate(np.array_split(np.arange(0, DAY_S, period_s), FILES)):
        with pq.ParquetWriter(folder / f"{number:02d}.parquet", next(tables(seconds[:1], usual, random)).schema,
                              compression="zstd") as writer:  # fmt: skip
            for table in tables(seconds, usual, random):
                writer.write_table(table)


def tables(seconds: np.ndarray, usual: np.ndarray, random: np.random.Generator) -> Iterator[pa.Table]:
    """Yield rows of `readings`: the columns that calibration reads."""
    patients = usual.shape[1]
    ids = pa.array([f"p{number:05d}" for number in range(patients)])
    for part in np.array_split(seconds, max(1, len(seconds) * patients // 500_000)):
        n = len(part) * patients
        patient = np.tile(np.arange(patients), len(part))
        values = np.full((n, len(VITALS)), np.nan)
        for (vital, (_, _, within)), own in zip(_DRAWN.items(), usual, strict=True):
            shown = own[patient] + within * random.standard_normal(n)
            values[:, INDEX[vital.name]] = np.round(shown / vital.chart_step) * vital.chart_step
        values[:, INDEX[SPO2.name]] = np.minimum(values[:, INDEX[SPO2.name]], 100)
        measured = pa.array(T0_US + np.repeat(part, patients) * 1_000_000).cast(pa.timestamp("us", tz="UTC"))
        packed = pack(values)
        yield pa.Table.from_arrays(
            [
                pa.DictionaryArray.from_arrays(pa.array(patient, pa.int32()), ids).cast(pa.string()),
                measured,
                *packed.columns,
            ],
            names=["patient_id", "measured_at", *packed.column_names],
        )
