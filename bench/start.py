"""`make demo` until the first alert is on the screen, when everything is already set up."""

from __future__ import annotations

import os
import signal
import subprocess
import time

from bench.live import ROOT, launcher
from bench.report import Report
from lakehouse.errors import StoreError


def run(_: int) -> Report:
    """Start the demo from a stopped stack, and end both."""
    launcher("down")
    began = time.monotonic()
    demo = subprocess.Popen(
        ["make", "demo"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    said: list[str] = []
    up_s = first_s = 0.0
    try:
        for line in demo.stdout or ():
            said.append(line)
            if line.startswith("Playing"):
                up_s = time.monotonic() - began
            if "  onset  " in line:
                first_s = time.monotonic() - began
                break
        else:
            raise StoreError(f"the demo must show an alert; it said {''.join(said)[-500:]}")
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait(120)
        launcher("down")
    return Report(
        title="make demo, second start",
        columns=("everything runs, s", "first alert on screen, s"),
        rows=[(f"{up_s:.1f}", f"{first_s:.1f}")],
        figures={"up_s": round(up_s, 1), "first_alert_s": round(first_s, 1)},
        notes=("From `make demo` with environment, jars and data there, and no process running.",),
    )
