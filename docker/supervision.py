"""supervisord, spoken to over its socket in the run folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from credentials import read_env
from stack import ROOT, StackError
from waiting import until

_MAX_SOCKET_PATH = 100  # the kernel's limit is 108 bytes

_STOP_S = 60
MARK = "WARDWATCH_SUPERVISED"  # in the environment of every process that supervisord started, and of no other


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """One program as the supervisor sees it."""

    name: str
    state: str
    pid: int
    started_at: float  # seconds since the epoch; 0 when never


class Supervisor:
    """Starts and stops programs; what it did not start it never touches."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._socket = socket_path(run)

    @property
    def _rpc(self) -> Any:
        # A transport of supervisor's stays broken after one refused connection, so each call has its own.
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return ServerProxy("http://localhost", transport=transport).supervisor

    def is_running(self) -> bool:
        """Tell whether our supervisord answers."""
        try:
            return bool(self._rpc.getState()["statename"] == "RUNNING")
        except (OSError, Fault):
            return False

    def launch(self, stack_id: str, java_home: Path) -> None:
        """Start supervisord in the background, with no program running yet.

        Its environment is what every program inherits.
        """
        environment = os.environ | {
            "WARDWATCH_RUN": str(self._run),
            "JAVA_HOME": str(java_home),
            "PYTHONPATH": str(ROOT),
            "MALLOC_ARENA_MAX": "2",  # the C library would keep an arena for each of a Java's many threads
            MARK: stack_id,
        }
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._run / "supervisord.conf")]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StackError(f"supervisord must start; it said: {done.stderr.strip()[-300:]}; see {self._run}/logs")
        if not until(self.is_running, 20):
            raise StackError(f"supervisord must answer within 20 s and did not; see {self._run}/logs/supervisord.log")

    def processes(self) -> dict[str, ProcessInfo]:
        """Return every program by name."""
        rows: list[dict[str, Any]] = self._rpc.getAllProcessInfo()
        processes = [ProcessInfo(row["name"], row["statename"], row["pid"], float(row["start"])) for row in rows]
        return {process.name: process for process in processes}

    def running(self) -> set[str]:
        """Return the names of the programs that have a process now."""
        if not self.is_running():
            return set()
        return {process.name for process in self.processes().values() if process.pid}

    def start(self, name: str) -> None:
        """Start a program; one that runs already is left alone."""
        try:
            if name not in self.processes():  # an earlier version's supervisor has not heard of it
                self._rpc.reloadConfig()
                self._rpc.addProcessGroup(name)
            self._rpc.startProcess(name, False)
        except Fault as fault:
            if fault.faultCode == Faults.BAD_NAME:
                raise StackError(
                    f"the supervisor must know {name}; it was started by an older version; `make down`, then `make up`"
                ) from None
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise StackError(
                    f"{name} must start; the supervisor said: {fault.faultString}; see `make logs`"
                ) from None

    def stop(self, names: Iterable[str]) -> None:
        """Ask programs to end (SIGTERM; SIGKILL after each one's patience) and wait until they have."""
        names = list(names)
        for name in names:
            try:
                self._rpc.stopProcess(name, False)
            except Fault as fault:
                if fault.faultCode != Faults.NOT_RUNNING:
                    raise
        if not until(lambda: all(self.processes()[name].pid == 0 for name in names), _STOP_S):
            raise StackError(f"{', '.join(names)} must end within {_STOP_S} s and did not; see `make status`")

    def shutdown(self) -> None:
        """End supervisord itself and wait until it is gone."""
        pid = int(self._rpc.getPID())
        self._rpc.shutdown()
        if not until(lambda: not psutil.pid_exists(pid), _STOP_S):
            raise StackError(f"supervisord (pid {pid}) must end within {_STOP_S} s and did not")


def find_orphans(run: Path) -> list[psutil.Process]:
    """Return what a supervisord of this run folder left behind when it was killed itself.

    They are known by the mark in their environment, so nothing else is ever touched.
    """
    stack_id = read_env(run).get("WARDWATCH_STACK__ID")
    return [process for process in psutil.process_iter() if _mark(process) == stack_id] if stack_id else []


def end_orphans(run: Path) -> int:
    """End what a killed supervisord left behind, and return how many that were."""
    orphans = find_orphans(run)
    for orphan in orphans:
        orphan.terminate()
    _, stubborn = psutil.wait_procs(orphans, timeout=30)
    for orphan in stubborn:
        orphan.kill()
    return len(orphans)


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except psutil.Error:
        return None


def socket_path(run: Path) -> Path:
    """Return where supervisord listens: in the run folder, or elsewhere when that path is too long for a socket."""
    path = run / "supervisor.sock"
    if len(str(path)) <= _MAX_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(run).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wardwatch-{os.getuid()}-{digest}.sock"
