"""The jobs of a night over one whole day of 1,000 patients at 1 Hz, by the commands that Airflow runs, on HDFS."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from bench.landed_day import land
from bench.live import ROOT, launcher
from bench.report import Report
from lakehouse.errors import StoreError
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Lake
from lakehouse.progress import bar
from lakehouse.settings import Settings
from lakehouse.tables import READINGS
from streaming.bedside.simulation import Script

PATIENTS: Final = 1000
DAY_S: Final = 86_400
LAKE_ROOT: Final = "/bench-night"
SERVICES: Final = ("kafka", "cassandra", "hdfs", "postgres", "mail", "init")
JOBS: Final = (
    ("quality", "check", "readings"),
    ("batch", "prove"),
    ("batch", "recalibrate"),
    ("batch", "report"),
    ("batch", "care"),
)


class Took(NamedTuple):
    """One job."""

    job: str
    seconds: float
    said: dict[str, Any]

    def cells(self, readings: int) -> tuple[str, ...]:
        """Return the row as text."""
        numbers = {name: value for name, value in self.said.items() if isinstance(value, bool | int | float)}
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
        return self.job, f"{self.seconds:.0f}", f"{readings / self.seconds / 1e6:.2f}", said


def run(_: int) -> Report:
    """Land a day in a lake of its own, and run the night's jobs on it, one after another."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    with _services() as settings:
        with bar("readings", PATIENTS * DAY_S) as advance:
            readings = land(settings, day, Script(patients=PATIENTS, seconds=DAY_S, deteriorations_per_day=1), advance)
        before = _bytes_a_reading(settings, day)
        took = [_run(job, day) for job in JOBS]
        after = _bytes_a_reading(settings, day)
        with Hdfs(settings) as hdfs:
            hdfs.delete("lake")
            hdfs.delete("states")
    peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    return Report(
        title=f"The night of {readings:,} readings: {PATIENTS:,} patients at 1 Hz, six vitals, lake on HDFS",
        columns=("job", "seconds", "million readings/s", "it says"),
        rows=[each.cells(readings) for each in took],
        figures={f"{each.job.replace(' ', '_')}_s": round(each.seconds, 1) for each in took}
        | {"bytes_a_reading_landed": before, "bytes_a_reading_sorted": after, "peak_gb": round(peak_gb, 2)},
        notes=(
            "Each is the command that a DAG runs, with its start.",
            f"Bytes a reading: {before:.2f} as landed, {after:.2f} after `care` has sorted the day.",
            f"Largest resident set of a job: {peak_gb:.2f} GB.",
        ),
    )


@contextmanager
def _services() -> Iterator[Settings]:
    """Give settings with a lake of its own on a stack without our processes; what was not running is ended after."""
    was_running = launcher("status", "--json").strip() != "[]"
    launcher("up", *SERVICES)
    os.environ["WARDWATCH_HDFS__ROOT"] = LAKE_ROOT
    try:
        yield Settings.load()
    finally:
        if not was_running:
            launcher("down")


def _run(job: tuple[str, ...], day: date) -> Took:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *job, "--date", day.isoformat()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise StoreError(f"a job of the night ends with 0; {' '.join(job)} said: {(done.stdout + done.stderr)[-600:]}")
    return Took(job[1], seconds, json.loads(done.stdout.splitlines()[-1]))


def _bytes_a_reading(settings: Settings, day: date) -> float:
    with Lake(settings) as lake:
        return round(lake.bytes_a_row(READINGS, day) or 0, 3)
