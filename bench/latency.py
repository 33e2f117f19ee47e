"""How long from a reading to its alarm, with the whole live stack on this machine and its load beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench import floor
from bench.live import ROOT, live_stack, resident_mb, simulated, supervisor
from bench.probes import GIVE_UP_S, Probes
from bench.report import Report
from bench.scan import Scan
from lakehouse.settings import Settings

PATIENTS: Final = 10_000
WARM_UP_S: Final = 300  # until the JVM has compiled what it will
SETTLE_S: Final = 60
RATES: Final = (1, 400)  # alerts a second: a quiet night, and a storm


class Measured(NamedTuple):
    """One row of the table."""

    what: str
    latencies_ms: NDArray[np.float64]

    def cells(self) -> tuple[str, ...]:
        """Return the row as text."""
        p50, p95, p99, worst = (f"{value:.0f}" for value in percentiles(self.latencies_ms))
        return self.what, f"{len(self.latencies_ms):,}", p50, p95, p99, worst


def percentiles(latencies_ms: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return p50, p95, p99 and the largest; NaN where there is none."""
    if not len(latencies_ms):
        return (np.nan,) * 4
    p50, p95, p99, worst = np.percentile(latencies_ms, [50, 95, 99, 100])
    return float(p50), float(p95), float(p99), float(worst)


def run(seconds: int) -> Report:
    """Measure each rate for `seconds`, live and then the floor, after a warm-up."""
    rows: list[Measured] = []
    notes: list[str] = []
    with live_stack() as settings:
        floor.make_topic(settings)
        for rate, settle_s in zip(RATES, (WARM_UP_S, SETTLE_S), strict=True):
            live, hops = _live(settings, rate, settle_s, seconds)
            rows += live
            notes.append(f"Hops of a batch at {rate} alerts/s, ms on average: {hops}")
        resident = resident_mb()
        supervisor(settings, "stop", "alarms", "standby")
        try:
            rows += [_floor(settings, rate, seconds) for rate in RATES]
        finally:
            supervisor(settings, "start", "alarms", "standby")
    each = ", ".join(f"{name} {mb:.0f}" for name, mb in resident.items())
    notes.append(f"Resident: {sum(resident.values()) / 1000:.2f} GB ({each} MB).")
    return Report(
        title=f"Reading to alarm, {PATIENTS:,} patients at 1 Hz with six vitals, {seconds} s each",
        columns=("from the reading's append to", "alarms", "p50 ms", "p95", "p99", "max"),
        rows=[row.cells() for row in rows],
        figures=_figures(rows, resident),
        notes=(
            f"{WARM_UP_S} s of load before the first measurement, {SETTLE_S} s before each other.",
            "Event in `alerts`: both times are the broker's append times.",
            "All events of the stretch count: the table waits until they are out.",
            "Row in Cassandra: a probe each half second, looked for every 3 ms, or 5 % of its wait, until found.",
            "Broker, stores, landing, standby, notifier, load generator and benchmark share the cores.",
            "What is not on that way (landing, HDFS, standby, notifier, board, load) runs with nice 10.",
            "Floor: the same fold in a bare consumer loop in place of lane and standby; no recovery, no Cassandra.",
            *notes,
        ),
    )


def _figures(rows: Sequence[Measured], resident: dict[str, float]) -> dict[str, object]:
    figures: dict[str, object] = {}
    for name, row in zip(("", "cassandra_", "storm_", "storm_cassandra_", "floor_", "storm_floor_"), rows, strict=True):
        p50, _, p99, worst = percentiles(row.latencies_ms)
        each = {f"{name}p50_ms": p50, f"{name}p99_ms": p99, f"{name}max_ms": worst}
        figures |= {figure: None if np.isnan(ms) else round(ms) for figure, ms in each.items()}
    return figures | {"resident_gb": round(sum(resident.values()) / 1000, 2)}


def _live(settings: Settings, rate: int, settle_s: int, seconds: int) -> tuple[list[Measured], str]:
    with simulated(settings, PATIENTS, rate):
        time.sleep(settle_s)
        scan = Scan(settings)
        with Probes(settings) as probes:
            time.sleep(seconds)
            scan.stop()
        scan.wait()
        appends, hops = scan.appends_ms()
        appended = scan.appended_ms(set(probes.readable_ms))
    readable = np.array([at_ms - appended[place] for place, at_ms in probes.readable_ms.items()])
    readable = np.append(readable, np.full(probes.lost, GIVE_UP_S * 1000))
    names = dict.fromkeys(name for each in hops for name in each)
    averages = {name: float(np.mean([each[name] for each in hops if name in each])) for name in names}
    return [
        Measured(f"the event in `alerts`, {rate} alerts/s", appends[:, 1] - appends[:, 0]),
        Measured(f"the row in Cassandra, {rate} alerts/s ({probes.lost} not within {GIVE_UP_S:.0f} s)", readable),
    ], ", ".join(f"{name} {ms:.1f}" for name, ms in averages.items())


def _floor(settings: Settings, rate: int, seconds: int) -> Measured:
    with simulated(settings, PATIENTS, rate):
        command = [sys.executable, "-m", "bench.floor", str(seconds + SETTLE_S)]
        process = subprocess.Popen(command, cwd=ROOT)
        time.sleep(SETTLE_S)
        scan = Scan(settings, floor.TOPIC)
        process.wait(seconds + 60)
        scan.stop()
        appends, _ = scan.appends_ms()
    return Measured(f"floor: the event, {rate} alerts/s", appends[:, 1] - appends[:, 0])
