"""The real stack for tests: started once per run by the launcher that users use, on own ports and in an own folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from lakehouse.settings import Settings
from stack import StackSettings
from supervision import socket_path
from waiting import until

ROOT = Path(__file__).resolve().parent.parent
SomeSettings = TypeVar("SomeSettings", bound=Settings)
_LAUNCHER = (sys.executable, str(ROOT / "docker" / "launcher.py"))
_PASSED_ON = ("WARDWATCH_DATA", "WARDWATCH_JAR_CACHE", "WARDWATCH_JAR_MIRROR")


@dataclass(frozen=True, slots=True)
class LocalStack:
    """One run folder, and the launcher's commands in it."""

    run: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to belong to this stack, and nothing of the developer's own."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("WARDWATCH_")}
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        paths = {"WARDWATCH_RUN": str(self.run), "PYTHONPATH": str(ROOT)}
        return clean | passed_on | paths | {"WARDWATCH_PORTS": "auto", "COLUMNS": "200"}

    @property
    def settings(self) -> Settings:
        """The settings that this stack's processes read."""
        return self._load(Settings)

    @property
    def stack_settings(self) -> StackSettings:
        """The settings that this stack's launcher reads."""
        return self._load(StackSettings)

    def _load(self, kind: type[SomeSettings]) -> SomeSettings:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("WARDWATCH_")]:
                patch.delenv(name)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return kind.load()

    def launch(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the launcher, with extra variables of the environment."""
        environment = self.environment | extra
        command = [*_LAUNCHER, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)

    def lines_of(self, *arguments: str) -> Iterator[str]:
        """Run a command of the launcher, and yield what it says as it says it."""
        command = [*_LAUNCHER, *arguments]
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            for line in process.stdout or ():
                yield line
        assert process.returncode == 0, f"{arguments} has failed; it said last: {line}"

    def up(self, *services: str) -> None:
        """Start services and wait until they are ready."""
        done = self.launch("up", *services)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    def down(self) -> None:
        """End all of it."""
        done = self.launch("down")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    def status(self) -> dict[str, dict[str, Any]]:
        """Each process by name, as `make status` sees it."""
        rows: Sequence[dict[str, Any]] = json.loads(self.launch("status", "--json").stdout)
        return {row["name"]: row for row in rows}

    def pid(self, name: str) -> int:
        """Process id of a running program."""
        return int(self.status()[name]["pid"])

    def kill(self, name: str) -> None:
        """End a program as a power cut would; the supervisor starts it again."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: self.status()[name]["pid"] not in {None, pid}, 60)

    def supervise(self, *command: str) -> None:
        """Run a command of the supervisor, such as `stop landing`, and wait until it is done."""
        control = [sys.executable, "-m", "supervisor.supervisorctl", "-s", f"unix://{socket_path(self.run)}"]
        subprocess.run([*control, *command], check=True, capture_output=True)

    def has_ended(self) -> bool:
        """Tell whether no process of this run folder is left."""
        return not any(str(self.run) in " ".join(process.info["cmdline"] or ()) for process in _processes())


def _processes() -> Iterator[psutil.Process]:
    return psutil.process_iter(["cmdline"])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Every store and the mail server, with topics, users, tables and folders; none of our processes."""
    local = LocalStack(tmp_path_factory.mktemp("stack"))
    try:
        local.up("kafka", "cassandra", "hdfs", "postgres", "mail", "init")
        yield local
    finally:
        local.down()
