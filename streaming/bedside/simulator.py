"""Simulated patients into the bedside log, in real time or faster, by one process or several."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event as StopEvent
from pathlib import Path
from threading import Event
from typing import Any, Final

from lakehouse.errors import StoreError
from lakehouse.kafka import LogWriter
from lakehouse.progress import unwatched
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.bedside import census
from streaming.bedside.labels import LabelWriter, finish, part
from streaming.bedside.monitors import Monitors
from streaming.bedside.pace import Pace
from streaming.bedside.simulation import Script, Simulation

LOOK_S: Final = 0.2
WORKER_START_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a simulation has written."""

    patients: int
    readings: int
    seconds: float
    behind_s: float

    def __str__(self) -> str:
        rate = self.readings / max(self.seconds, 1e-3)
        return (
            f"{self.patients:,} patients, {self.readings:,} readings in {self.seconds:,.1f} s ({rate:,.0f}/s), "
            f"at most {self.behind_s:.2f} s behind; every one is acknowledged by Kafka"
        )


@dataclass(slots=True)
class Share:
    """One process's share of the patients, and how far it is."""

    script: Script
    groups: Sequence[int]
    pace: Pace
    labels: Path | None
    readings: int = 0
    behind_s: float = 0.0

    def run(self, settings: Settings, stop: Event | StopEvent, progress: Callable[[int], None]) -> None:
        """Send every reading when it is due, until the end or `stop`; return when all are written."""
        started_at = datetime.fromtimestamp(self.pace.measured_at_s(0), UTC)
        simulation = Simulation(self.script, started_at, self.groups)
        monitors = Monitors(self.script.patient_ids, simulation.places)
        labels = LabelWriter(self.labels, self.script.patient_ids, self.pace.measured_at_s)
        with LogWriter(settings, Service.MONITORS) as log, labels:
            for second in simulation:
                for at_s, messages in monitors.readings(second, self.pace.measured_at_s):
                    self._wait_until(self.pace.due_s(at_s), stop)
                    for patient_id, message in messages:
                        log.send(BEDSIDE.name, patient_id.encode(), message)
                    self.readings += len(messages)
                    progress(len(messages))
                labels.write(second.ended)
                if stop.is_set():
                    break
            labels.write(simulation.unfinished())

    def _wait_until(self, due_s: float, stop: Event | StopEvent) -> None:
        wait_s = due_s - time.time()
        if wait_s > 0:
            stop.wait(wait_s)
        elif self.pace.speed != float("inf"):
            self.behind_s = max(self.behind_s, -wait_s)


def run(
    settings: Settings,
    script: Script,
    stop: Event,
    *,
    speed: float = 1.0,
    history_s: float = 0.0,
    workers: int = 1,
    labels: Path | None = None,
    admissions: Mapping[str, bytes] | None = None,
    progress: Callable[[int], None] = unwatched,
) -> Simulated:
    """Admit the patients and simulate them, until the script's end or `stop`; return when all is written.

    Parameters
    ----------
    history_s
        Of a script without an end: so much of it has passed already, and goes by at `speed` before it is live.
    workers
        Processes that share the patients, whole groups of 256 each; no more than there are groups.
    labels
        Where the labels go; complete and in order at the end.
    admissions
        Message that admits each patient; from the wards of `care_teams.yaml` by default.
    """
    script.breaches()  # refuse a rate that the patients cannot give, before anything starts
    admit(settings, admissions or census.admissions(settings.care_teams, script.patient_ids))
    workers = min(workers, script.groups)
    started = time.time() + (WORKER_START_S if workers > 1 else 0)
    pace = Pace(started, script.seconds or history_s, speed)
    shares = [Share(script, range(n, script.groups, workers), pace, part(labels, n)) for n in range(workers)]
    if workers == 1:
        shares[0].run(settings, stop, progress)
    else:
        _run_processes(settings, shares, stop, progress)
    finish(labels, workers)
    readings, behind_s = sum(s.readings for s in shares), max(s.behind_s for s in shares)
    return Simulated(script.patients, readings, time.time() - started, behind_s)


def admit(settings: Settings, admissions: Mapping[str, bytes]) -> None:
    """Put every patient into a bed, before the first reading."""
    with LogWriter(settings, Service.MONITORS) as log:
        for patient_id, message in admissions.items():
            log.send(BEDSIDE.name, patient_id.encode(), message)


def _run_processes(settings: Settings, shares: Sequence[Share], stop: Event, progress: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")  # a forked librdkafka would not work
    stop_all = context.Event()
    counters = [(context.Value("Q", 0), context.Value("d", 0.0)) for _ in shares]
    processes = [
        context.Process(target=_work, args=(settings, share, stop_all, *counter))
        for share, counter in zip(shares, counters, strict=True)
    ]
    for process in processes:
        process.start()
    seen = 0
    while any(process.is_alive() for process in processes):
        if stop.wait(LOOK_S) or any(process.exitcode for process in processes):
            stop_all.set()
            time.sleep(LOOK_S)
        now = sum(readings.value for readings, _ in counters)
        progress(now - seen)
        seen = now
    for share, (readings, behind_s) in zip(shares, counters, strict=True):
        share.readings, share.behind_s = readings.value, behind_s.value
    if failed := [process.exitcode for process in processes if process.exitcode]:
        raise StoreError(
            f"every worker must write its share; {len(failed)} of {len(processes)} ended with {failed[0]}; "
            "their messages are above"
        )


def _work(
    settings: Settings, share: Share, stop: StopEvent, readings: Synchronized[Any], behind_s: Synchronized[Any]
) -> None:
    """Run in a worker process; Ctrl-C reaches it through the parent's event alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def count(_sent: int) -> None:
        readings.value, behind_s.value = share.readings, share.behind_s

    share.run(settings, stop, count)
