"""kill -9 of the alarms process: how long until the next alert, with the standby and without."""

from __future__ import annotations

import os
import signal
import time
from typing import Final

import numpy as np

from bench.live import live_stack, processes, simulated, supervisor
from bench.report import Report
from bench.scan import Scan
from lakehouse.settings import Settings

PATIENTS: Final = 1_000
ALERTS_PER_S: Final = 10
WARM_UP_S: Final = 40
KILLS: Final = 3


def run(seconds: int) -> Report:
    """Kill the lane a few times, `seconds` apart, first with the standby and then without."""
    rows: list[tuple[str, ...]] = []
    with live_stack() as settings, simulated(settings, PATIENTS, ALERTS_PER_S):
        time.sleep(WARM_UP_S)
        with_standby = [_kill(settings, seconds) for _ in range(KILLS)]
        supervisor(settings, "stop", "standby")
        try:
            without = [_kill(settings, seconds) for _ in range(KILLS)]
        finally:
            supervisor(settings, "start", "standby")
    for name, found in (("with the standby", with_standby), ("without it", without)):
        rows += [(name, f"{next_s:.2f}", f"{worst_s:.2f}") for next_s, worst_s in found]
    return Report(
        title=f"kill -9 of `alarms` at {PATIENTS:,} readings/s and {ALERTS_PER_S} alerts/s",
        columns=("", "kill to next alert, s", "worst reading to alert, s"),
        rows=rows,
        figures={
            "with_standby_s": round(max(next_s for next_s, _ in with_standby), 2),
            "without_standby_s": round(max(next_s for next_s, _ in without), 2),
        },
        notes=("Next alert: the first event whose reading was appended after the kill.",),
    )


def _kill(settings: Settings, seconds: int) -> tuple[float, float]:
    """Kill the lane; return how long until the next alert, and the worst time from a reading to its alert, in s."""
    scan = Scan(settings)
    pid = processes()["alarms"]["pid"]
    killed_ms = time.time() * 1000
    os.kill(pid, signal.SIGKILL)
    time.sleep(seconds)
    scan.stop()
    scan.wait()
    reading_ms, event_ms = scan.appends_ms()[0].T
    next_ms = event_ms[reading_ms > killed_ms].min()
    return (next_ms - killed_ms) / 1000, float(np.max(event_ms - reading_ms)) / 1000
