"""The jobs of a night over one whole day of simulated patients, by the commands that Airflow runs, on HDFS.

Each day is landed in a stack of its own: the jobs write marts, states and proposals, and no day that was lived may be
overwritten by a simulated one.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple

from bench.landed_day import DAY_S, MOST_SIMULATED, land
from bench.live import ROOT, own_stack
from bench.report import Report
from lakehouse.errors import StoreError
from lakehouse.lake import Lake
from lakehouse.progress import bar
from lakehouse.settings import Settings
from lakehouse.tables import READINGS
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.simulation import Script

SERVICES: Final = ("kafka", "cassandra", "hdfs", "postgres", "mail", "init")
JOBS: Final = (
    ("quality", "check", "readings"),
    ("batch", "prove"),
    ("batch", "recalibrate"),
    ("batch", "report"),
    ("batch", "care"),
)


class Size(NamedTuple):
    """How many patients, and how often each has a reading."""

    patients: int
    period_s: int

    @property
    def readings(self) -> int:
        """Of a day."""
        return self.patients * DAY_S // self.period_s

    def sentence(self) -> str:
        """Say it."""
        return f"{self.patients:,} every {self.period_s} s"


SIZES: Final = (Size(1_000, 1), Size(10_000, 60))


class Took(NamedTuple):
    """One job."""

    job: str
    seconds: float
    said: dict[str, Any]

    def cells(self, size: Size) -> tuple[str, ...]:
        """Return the row as text."""
        numbers = {name: value for name, value in self.said.items() if isinstance(value, bool | int | float)}
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
        return size.sentence(), self.job, f"{self.seconds:.0f}", f"{size.readings / self.seconds / 1e6:.2f}", said


def run(_: int, patients: int | None = None) -> Report:
    """Land each day in a stack of its own, and run the night's jobs on it, one after another.

    Parameters
    ----------
    patients
        Measure only the size of so many.

    Raises
    ------
    StoreError
        When there is no such size, or a job fails.
    """
    sizes = [size for size in SIZES if patients in {None, size.patients}]
    if not sizes:
        raise StoreError(f"a night is measured of {SIZES[0].patients} or {SIZES[1].patients} patients, not {patients}")
    day = datetime.now(UTC).date() - timedelta(days=1)
    rows: list[tuple[str, ...]] = []
    figures: dict[str, object] = {}
    for size in sizes:
        with own_stack(*SERVICES) as settings:
            _land(settings, day, size)
            landed = _bytes_a_value(settings, day)
            took = [_run(job, day) for job in JOBS]
            rows += [each.cells(size) for each in took]
            figures |= {f"{each.job}_{size.patients}_s": round(each.seconds, 1) for each in took}
            figures |= {
                f"bytes_a_value_landed_{size.patients}": landed,
                f"bytes_a_value_sorted_{size.patients}": _bytes_a_value(settings, day),
            }
    figures["peak_gb"] = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6, 2)
    return Report(
        title="The night of one day: six vitals, lake on HDFS",
        columns=("patients", "job", "seconds", "million readings/s", "it says"),
        rows=rows,
        figures=figures,
        notes=(
            "Each is the command that a DAG runs, with its start, alone on a stack without our other processes.",
            "The figures have bytes a value, six to a reading, as landed and after `care` has sorted the day.",
            "peak_gb is the largest resident set of a process.",
            f"More than {MOST_SIMULATED:,} patients share simulated courses, read at other seconds.",
        ),
    )


def _land(settings: Settings, day: date, size: Size) -> None:
    script = Script(patients=size.patients, seconds=DAY_S, deteriorations_per_day=1)
    with bar(f"readings, {size.sentence()}", size.readings) as advance:
        landed = land(settings, day, script, size.period_s, advance)
    if landed != size.readings:
        raise StoreError(f"a day of {size.sentence()} has {size.readings:,} readings; landed were {landed:,}")


def _run(job: tuple[str, ...], day: date) -> Took:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *job, "--date", day.isoformat()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise StoreError(f"a job of the night ends with 0; {' '.join(job)} said: {(done.stdout + done.stderr)[-600:]}")
    return Took(job[1], seconds, json.loads(done.stdout.splitlines()[-1]))


def _bytes_a_value(settings: Settings, day: date) -> float:
    with Lake(settings) as lake:
        return round((lake.bytes_a_row(READINGS, day) or 0) / len(SIMULATED), 3)
