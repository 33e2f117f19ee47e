"""`batch fold` on a file of five million readings, decoding included."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from batch.fold import fold_history
from bench.report import Report
from lakehouse.folding import warm_up
from lakehouse.messages import Reading, Vitals, encode
from lakehouse.settings import KafkaSettings

READINGS: Final = 5_000_000
PATIENTS: Final = 1_000
PARTITIONS: Final = KafkaSettings().partitions


def run(_: int) -> Report:
    """Write the file, fold it once."""
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        history = Path(folder) / "history.jsonl"
        _write(history)
        size_gb = history.stat().st_size / 1e9
        began = time.perf_counter()
        summary = fold_history(history, Path(folder) / "events.jsonl")
        took_s = time.perf_counter() - began
    per_s = summary.lines / took_s
    return Report(
        title="python -m batch fold, a file of readings of six vitals",
        columns=("readings", "GB", "s", "readings/s", "vital values/s"),
        rows=[(f"{summary.lines:,}", f"{size_gb:.2f}", f"{took_s:.1f}", f"{per_s:,.0f}", f"{6 * per_s:,.0f}")],
        figures={"readings_per_s": round(per_s), "values_per_s": round(6 * per_s)},
        notes=("All cores decode JSON; one folds. Decoding is nearly all of it.",),
    )


def _write(path: Path) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    vitals = [
        Vitals(heart_rate_bpm=70.0 + k % 40, resp_rate_bpm=14.0 + k % 5, spo2_pct=95.0 + k % 5,
               sbp_mmhg=115.0 + k % 20, dbp_mmhg=70.0 + k % 9, temperature_c=36.5 + k % 10 / 10)
        for k in range(97)
    ]  # fmt: skip
    with path.open("wb") as file:
        for number in range(READINGS):
            second, patient = divmod(number, PATIENTS)
            at = begin + timedelta(seconds=second)
            reading = Reading(
                patient_id=f"p{patient:04d}", device_id="m1", measured_at=at, vitals=vitals[number % len(vitals)]
            )
            file.write(
                b'{"partition":%d,"offset":%d,"received_at":"%s.250Z","value":%s}\n'
                % (patient % PARTITIONS, number, at.strftime("%Y-%m-%dT%H:%M:%S").encode(), encode(reading))
            )
