"""The live stack for benchmarks: the one that runs, or one started for the occasion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil

from lakehouse.errors import StoreError
from lakehouse.kafka import LogWriter
from lakehouse.messages import Admission, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.bedside.simulation import Script

ROOT: Final = Path(__file__).resolve().parent.parent
_LAUNCHER: Final = str(ROOT / "docker" / "launcher.py")
_OF_THE_MACHINE: Final = ("WARDWATCH_DATA", "WARDWATCH_JAR_CACHE", "WARDWATCH_JAR_MIRROR")


@contextmanager
def live_stack(*services: str) -> Iterator[Settings]:
    """Give the settings of the stack; what was not running is ended afterwards.

    Without names it is all but Airflow, which works at night.

    Raises
    ------
    StoreError
        When the stack does not start.
    """
    was_running = launcher("status", "--json").strip() != "[]"
    launcher("up", *(services or ("live",)))
    try:
        yield Settings.load()
    finally:
        if not was_running:
            launcher("down")


@contextmanager
def own_stack(*services: str) -> Iterator[Settings]:
    """Give the settings of a new stack in a folder of its own, on free ports; both are gone afterwards.

    For what must not touch a day that was lived: of the environment it takes nothing that names a store.

    Raises
    ------
    StoreError
        When the stack does not start.
    """
    runs = ROOT / "run"
    runs.mkdir(exist_ok=True, mode=0o700)
    kept = dict(os.environ)
    with TemporaryDirectory(prefix="bench-", dir=runs) as folder:
        for name in kept:
            if name.startswith("WARDWATCH_") and name not in _OF_THE_MACHINE:
                del os.environ[name]
        os.environ |= {"WARDWATCH_RUN": folder, "WARDWATCH_PORTS": "auto"}
        try:
            launcher("up", *services)
            yield Settings.load()
        finally:
            try:
                launcher("down")
            finally:
                os.environ.clear()
                os.environ.update(kept)


def launcher(*arguments: str) -> str:
    """Run a command of the launcher and return what it prints."""
    done = subprocess.run([sys.executable, _LAUNCHER, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StoreError(f"the stack must start; {done.stdout.strip()} {done.stderr.strip()}; see `make logs`")
    return done.stdout


@contextmanager
def simulated(settings: Settings, patients: int, alerts_per_s: float) -> Iterator[None]:
    """Let simulated patients write at 1 Hz, with so many scripted alerts a second, until the block ends.

    They are discharged then: ten thousand patients who fall silent at once would be an alarm each. In a hospital the
    monitors have processors of their own, so the load gives way to the stack.
    """
    command = ["nice", "-n", "10", sys.executable, "-m", "streaming", "simulate", "--patients", str(patients)]
    process = subprocess.Popen(
        [*command, "--alerts-per-s", str(alerts_per_s)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
        if process.poll() is not None:
            raise StoreError("the simulator must write until the end; it has ended by itself; see `make logs`")
    finally:
        process.terminate()
        process.wait(60)
        with LogWriter(settings, Service.MONITORS) as log:
            for patient_id in Script(patients=patients, seed=1, alerts_per_s=alerts_per_s).patient_ids:
                message = Admission(patient_id=patient_id, event="discharge")
                log.send(BEDSIDE.name, patient_id.encode(), encode(message))


def processes() -> dict[str, dict[str, Any]]:
    """Return what `make status` shows, by process."""
    return {row["name"]: row for row in json.loads(launcher("status", "--json"))}


def resident_mb() -> dict[str, float]:
    """Return what memory each process and its children hold, in MB; what several share is shared out among them."""
    return {
        name: sum(proportional_mb(process) for process in tree(row["pid"]))
        for name, row in processes().items()
        if row["pid"]
    }


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def proportional_mb(process: psutil.Process) -> float:
    """Return what memory a process holds, in MB; what several share is shared out among them."""
    return float(process.memory_full_info().pss) / 1e6


def supervisor(settings: Settings, action: str, *names: str) -> None:
    """Start or stop programs of the running stack."""
    config = ConfigParser(interpolation=None)
    config.read(settings.run / "supervisord.conf")  # it says where the supervisor listens
    socket = f"unix://{config['unix_http_server']['file']}"
    command = [sys.executable, "-m", "supervisor.supervisorctl", "-s", socket, action, *names]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def stopped(settings: Settings, *names: str) -> Iterator[None]:
    """Let programs of the running stack stand still until the block ends."""
    supervisor(settings, "stop", *names)
    try:
        yield
    finally:
        supervisor(settings, "start", *reversed(names))
