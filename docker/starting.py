"""From nothing, or from whatever is there, to a stack that is ready."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import postgres
from airflow_home import prepare_airflow
from bootstrap import format_kafka, format_namenode
from certificates import ensure_certificate
from credentials import ENV_FILE, missing_secrets, read_env, write_env
from jars import install
from java import Java, find_java
from lakehouse.settings import Service
from ports import choose_ports
from preflight import check_machine
from programs import AIRFLOW, INIT, OWN, SERVICES, SUPERSET, Program
from readiness import wait_until_ready
from render import JAVA_ARGS, render_local
from stack import LOOPBACK, ROOT, StackError, StackSettings
from superset_home import prepare_superset
from supervision import Supervisor, end_orphans
from versions import load_versions


@dataclass(frozen=True, slots=True)
class Stack:
    """What each step of a start needs."""

    run: Path
    supervisor: Supervisor
    settings: StackSettings
    java: Java
    console: Console


def bring_up(programs: list[Program], run: Path, console: Console, *, with_init: bool) -> None:
    """Start what is named and does not run yet, in order, each when what it needs is ready.

    Raises
    ------
    WardwatchError
        With one line that says what to do.
    """
    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(run):
        supervisor = Supervisor(run)
        if _mails_go_elsewhere(read_env(run) | os.environ):
            programs = [program for program in programs if program.name != "mail"]
        running = supervisor.running()
        to_start = [program for program in programs if program.name not in running]
        if programs and not to_start:
            console.print("Wardwatch is already running; `make status` shows it, `make down` ends it.")
            return
        check_machine(run)
        if not supervisor.is_running() and (count := end_orphans(run)):
            console.print(f"Ended {count} processes that a killed supervisor had left behind.")
        java = _choose_java(console)
        settings = _prepare(run, to_start, java)
        if not supervisor.is_running():
            supervisor.launch(settings.stack.id, java.home)
        _start(Stack(run, supervisor, settings, java, console), to_start, with_init=with_init)
        if any(program.name == Service.BOARD for program in programs):
            console.print(f"Ward board: {settings.board.url}, user `ward`, password WARDWATCH_BOARD__FIRST_PASSWORD.")
        console.print(f"Ready. Ports and secrets: {run / ENV_FILE}. Logs: {run / 'logs'}.", soft_wrap=True)


def _mails_go_elsewhere(known: Mapping[str, str]) -> bool:
    """Whether the mail server is one of the hospital's; then the local one would only hide that nothing reaches it."""
    return known.get("WARDWATCH_SMTP__HOST", LOOPBACK) not in {LOOPBACK, "localhost"}


@contextmanager
def _alone(run: Path) -> Iterator[None]:
    with (run / "launcher.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"one launcher at a time works on {run}; another does now; wait for it to end") from None
        yield


def _choose_java(console: Console) -> Java:
    java, passed_over = find_java(load_versions().java)
    for sentence in passed_over:
        console.print(f"{sentence}; it is not used.")
    console.print(f"Java {java.version} of {java.source}.")
    return java


def _prepare(run: Path, to_start: list[Program], java: Java) -> StackSettings:
    """Write ports, secrets and configuration; what an earlier start wrote is kept."""
    written = read_env(run)
    if not written and (data := sorted(run.glob("*/data"))):
        raise StackError(
            f"data and secrets belong together; {data[0]} is there and {run / ENV_FILE} is not; "
            f"bring that file back, or remove {run} to begin with nothing"
        )
    known = written | {name: value for name, value in os.environ.items() if name.startswith("WARDWATCH_")}
    ports = choose_ports(known, {program.name for program in to_start}, auto=known.get("WARDWATCH_PORTS") == "auto")
    places = {
        "WARDWATCH_SPARK__JARS_DIR": str(run / "jars" / "spark"),
        "WARDWATCH_SPARK__JAVA_HOME": str(java.home),
        "WARDWATCH_SUPERSET_URL": f"http://{LOOPBACK}:{ports['WARDWATCH_STACK__SUPERSET_PORT']}",
    }
    if not _mails_go_elsewhere(known):
        certificate = ensure_certificate(run / "smtp", f"IP:{LOOPBACK}", "DNS:localhost")
        places |= {"WARDWATCH_SMTP__USER": "wardwatch", "WARDWATCH_SMTP__CA_FILE": str(certificate)}
    write_env(run, written | places | missing_secrets(known) | ports)
    settings = StackSettings.load()
    for folder in ("logs", "heartbeats"):
        (run / folder).mkdir(exist_ok=True)
    for service in _jar_sets(to_start):
        install(service, run / "jars" / service)
    render_local(settings, run, java)
    return settings


def _jar_sets(programs: list[Program]) -> list[str]:
    services = dict.fromkeys(program.service for program in programs if program.service in JAVA_ARGS)
    # Tests start only services, and run Spark themselves.
    return [*services, "spark"]


def _start(stack: Stack, programs: list[Program], *, with_init: bool) -> None:
    _start_together(stack, [program for program in programs if program in SERVICES])
    if with_init:
        _run_init(stack.console)
    _start_together(stack, [program for program in programs if program in OWN])
    for group, prepare in ((AIRFLOW, prepare_airflow), (SUPERSET, prepare_superset)):
        if named := [program for program in programs if program in group]:
            name = named[0].service
            began = time.monotonic()
            with stack.console.status(f"tables and users of {name}"):
                prepare(stack.settings, stack.run)
            _say(stack.console, name, "done", began)
            _start_together(stack, named)


def _start_together(stack: Stack, programs: list[Program]) -> None:
    """Start programs that don't need each other at once, and wait for each: on two cores that halves the time."""
    began = time.monotonic()
    names = {program.name for program in programs}
    if "kafka" in names:
        format_kafka(stack.settings, stack.run, stack.java)
    if "namenode" in names:
        format_namenode(stack.run, stack.java)
    if "postgres" in names:
        postgres.init_data(stack.settings, stack.run)
    for program in programs:
        stack.supervisor.start(program.name)
    for program in programs:
        with stack.console.status(f"waiting for {program.name}"):
            wait_until_ready(program, stack.supervisor, stack.settings, stack.run)
        _say(stack.console, program.name, "ready", began)


def _run_init(console: Console) -> None:
    began = time.monotonic()
    command = [sys.executable, "-m", "lakehouse", "init"]
    with console.status("topics, users, tables, folders"):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise StackError(
            f"`python -m lakehouse init` must end with 0; it ended with {done.returncode} and said: {said}"
        )
    _say(console, INIT, "done", began)


def _say(console: Console, name: str, what: str, began: float) -> None:
    console.print(f"  {name:<13} {what:<6} {time.monotonic() - began:5.1f} s")
