"""From nothing, or from whatever is there, to a stack that is ready."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from bootstrap import format_kafka, format_namenode
from certificates import ensure_certificate
from credentials import missing_secrets, read_env, write_env
from jars import install
from java import Java, find_java
from lakehouse.errors import WardwatchError
from ports import choose_ports
from preflight import check_machine
from programs import OWN, Program
from readiness import wait_until_ready
from render import CONFIG, render_local
from stack import LOOPBACK, ROOT, StackError, StackSettings
from supervision import Supervisor, end_orphans
from versions import load_versions


def bring_up(selection: tuple[list[Program], bool], run: Path, console: Console) -> None:
    """Start what is selected and does not run yet, in order, each when what it needs is ready.

    Raises
    ------
    WardwatchError
        With one line that says what to do.
    """
    programs, with_init = selection
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(run):
        supervisor = Supervisor.of(run)
        running = _running(supervisor)
        to_start = [program for program in programs if program.name not in running]
        if not to_start and running:
            console.print("Wardwatch is already running; `make status` shows it, `make down` ends it.")
            if not with_init:
                return
        check_machine(run)
        java = _choose_java(console)
        settings = _prepare(run, to_start, java)
        if not running and not supervisor.is_running():
            supervisor = _launch(settings, run, java, console)
        _start(to_start, with_init, supervisor, settings, run, java, console)
        console.print(f"Ready. Settings and secrets are in {run / 'wardwatch.env'}; logs are in {run / 'logs'}.")


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    with (run / "launcher.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"one launcher at a time works on {run}; another is starting it now; wait for that one") from None
        yield


def _running(supervisor: Supervisor) -> set[str]:
    if not supervisor.is_running():
        return set()
    return {process.name for process in supervisor.processes().values() if process.pid}


def _choose_java(console: Console) -> Java:
    java, passed_over = find_java(load_versions().java)
    for sentence in passed_over:
        console.print(f"{sentence}; it is not used.")
    console.print(f"Java {java.version} of {java.source}.")
    return java


def _prepare(run: Path, to_start: list[Program], java: Java) -> StackSettings:
    """Write ports, secrets and configuration; what an earlier start wrote is kept."""
    written = read_env(run)
    known = written | {name: value for name, value in os.environ.items() if name.startswith("WARDWATCH_")}
    ports = choose_ports(known, {program.name for program in to_start}, auto=known.get("WARDWATCH_PORTS") == "auto")
    certificate = ensure_certificate(run / "smtp", f"IP:{LOOPBACK}", "DNS:localhost")
    fixed = {
        "WARDWATCH_SMTP__USER": "wardwatch",
        "WARDWATCH_SMTP__CA_FILE": str(certificate),
        "WARDWATCH_SPARK__JARS_DIR": str(run / "jars" / "spark"),
        "WARDWATCH_SPARK__JAVA_HOME": str(java.home),
    }
    write_env(run, written | fixed | missing_secrets(known) | ports)
    settings = StackSettings.load()
    (run / "logs").mkdir(exist_ok=True)
    (run / "heartbeats").mkdir(exist_ok=True)
    for service in _jar_sets(to_start):
        install(service, run / "jars" / service)
    render_local(settings, run, java)
    return settings


def _jar_sets(programs: list[Program]) -> list[str]:
    services = dict.fromkeys(program.service for program in programs if program.service in CONFIG)
    return [*services, *(["spark"] if any(program in OWN for program in programs) else [])]


def _launch(settings: StackSettings, run: Path, java: Java, console: Console) -> Supervisor:
    if orphans := end_orphans(settings.stack.id):
        console.print(f"Ended {orphans} processes that a killed supervisor had left behind.")
    supervisor = Supervisor.of(run)
    supervisor.launch()
    return supervisor


def _start(
    programs: list[Program],
    with_init: bool,
    supervisor: Supervisor,
    settings: StackSettings,
    run: Path,
    java: Java,
    console: Console,
) -> None:
    services = [program for program in programs if program not in OWN]
    _start_together(services, supervisor, settings, run, java, console)
    if with_init:
        _run_init(console)
    _start_together([program for program in programs if program in OWN], supervisor, settings, run, java, console)


def _start_together(
    programs: list[Program],
    supervisor: Supervisor,
    settings: StackSettings,
    run: Path,
    java: Java,
    console: Console,
) -> None:
    """Start programs that don't need each other at once, and wait for each: on two cores that halves the time."""
    began = time.monotonic()
    names = {program.name for program in programs}
    if "kafka" in names:
        format_kafka(settings, run, java)
    if "namenode" in names:
        format_namenode(run, java)
    for program in programs:
        supervisor.start(program.name)
    for program in programs:
        with console.status(f"waiting for {program.name}"):
            wait_until_ready(program, supervisor, settings, run)
        console.print(f"  {program.name:<10} ready  {time.monotonic() - began:5.1f} s")


def _run_init(console: Console) -> None:
    began = time.monotonic()
    with console.status("topics, users, tables, folders"):
        done = subprocess.run([sys.executable, "-m", "lakehouse", "init"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise WardwatchError(f"`python -m lakehouse init` must end with 0 and ended with {done.returncode}; it said: {said}")
    console.print(f"  {'init':<10} done   {time.monotonic() - began:5.1f} s")
