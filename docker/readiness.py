"""When is a program ready? Not when it runs, but when it answers what others will ask it."""

from __future__ import annotations

import json
import logging
import re
import smtplib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from confluent_kafka.admin import AdminClient
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

import postgres
from bootstrap import ensure_cassandra_admin, ensure_hdfs_root
from lakehouse.settings import Service
from programs import AIRFLOW, OWN, SERVICES, SUPERSET, Program
from stack import LOOPBACK, StackError, StackSettings
from supervision import ProcessInfo, Supervisor

DEADLINE_S = 180  # a busy machine of two cores is five times slower than a quiet one
_PROBE_TIMEOUT_S = 5
_MAX_DEATHS = 3
_LOG_TAIL = 200


class NotReadyError(Exception):
    """Not yet; the text says what is missing."""


def wait_until_ready(program: Program, supervisor: Supervisor, settings: StackSettings, run: Path) -> None:
    """Wait until a program that was started serves its purpose.

    Raises
    ------
    StackError
        When it is not within 180 s, or keeps dying; with the last line of its log.
    """
    pids: set[int] = set()
    _be_quiet()

    def attempt() -> None:
        process = supervisor.processes()[program.name]
        pids.update({process.pid} - {0})
        if len(pids) > _MAX_DEATHS:
            raise StackError(f"{program.name} must stay up and died {_MAX_DEATHS} times; {_last_words(run, program)}")
        probe(program, process, settings, run)

    try:
        _patiently()(attempt)
    except RetryError as error:
        raise StackError(
            f"{program.name} must be ready within {DEADLINE_S} s and was not ({error.last_attempt.exception()}); "
            f"{_last_words(run, program)}"
        ) from None


def _last_words(run: Path, program: Program) -> str:
    log = run / "logs" / f"{program.name}.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    # A Java process ends with a banner; what went wrong stands above it.
    telling = [line for line in lines[-_LOG_TAIL:] if re.search("ERROR|FATAL|Exception|Error", line)] or lines
    return f"its last words: {telling[-1].strip()[:200] if telling else 'none'}; see {log}"


def probe(program: Program, process: ProcessInfo, settings: StackSettings, run: Path) -> None:
    """Ask once.

    Raises
    ------
    NotReadyError
        Saying what is missing.
    """
    if process.pid == 0:
        raise NotReadyError(f"it is {process.state.lower()}")
    if program in OWN:
        check_heartbeat(run, program.name, since=process.started_at)
    elif program in AIRFLOW:
        check_airflow(program.name, settings, since=process.started_at)
    elif program in SUPERSET:
        check_superset(settings)
    else:
        ask(program.name, settings)


def ask(service: str, settings: StackSettings) -> None:
    """Ask a service what its clients will ask it, and give a new one its first administrator.

    Raises
    ------
    NotReadyError
        Saying what is missing.
    """
    questions: dict[str, Callable[[StackSettings], None]] = {
        "kafka": _ask_kafka,
        "cassandra": ensure_cassandra_admin,
        "namenode": _ask_namenode,
        "datanode": _ask_datanode,
        "postgres": postgres.ask,
        "mail": _ask_mail,
    }
    try:
        questions[service](settings)
    except (NotReadyError, StackError):
        raise
    except Exception as error:
        # Each driver has its own family of errors for "not yet".
        raise NotReadyError(f"{type(error).__name__}: {str(error)[:160]}") from None


def wait_for_services(settings: StackSettings) -> None:
    """Wait until every service answers, where others than the launcher start them: in containers."""
    _be_quiet()
    for program in SERVICES:
        try:
            _patiently()(ask, program.name, settings)
        except RetryError as error:
            raise StackError(
                f"{program.name} must answer within {DEADLINE_S} s: {error.last_attempt.exception()}"
            ) from None


def _patiently() -> Retrying:
    return Retrying(
        stop=stop_after_delay(DEADLINE_S), wait=wait_fixed(0.25), retry=retry_if_exception_type(NotReadyError)
    )


def _be_quiet() -> None:
    # Each attempt is reported on its own; here an attempt that fails is the normal case.
    for name in ("cassandra", "lakehouse"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _ask_kafka(settings: StackSettings) -> None:
    client = AdminClient(
        {
            "bootstrap.servers": settings.kafka.bootstrap,
            "security.protocol": settings.kafka.security_protocol,
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": Service.ADMIN.value,
            "sasl.password": settings.password(Service.ADMIN),
            "log_level": 0,
        }
    )
    client.list_topics(timeout=_PROBE_TIMEOUT_S)


def _namenode_state(settings: StackSettings) -> dict[str, Any]:
    query = {"qry": "Hadoop:service=NameNode,name=FSNamesystemState"}
    answer = requests.get(f"{settings.hdfs.web_url}/jmx", params=query, timeout=_PROBE_TIMEOUT_S)
    answer.raise_for_status()
    (state,) = answer.json()["beans"]
    return dict(state)


def _ask_namenode(settings: StackSettings) -> None:
    _namenode_state(settings)


def _ask_datanode(settings: StackSettings) -> None:
    state = _namenode_state(settings)
    # Without the capacity the first write fails: the DataNode has registered, but not reported its disks.
    if state["NumLiveDataNodes"] < 1 or state["FSState"] != "Operational" or state["CapacityRemaining"] <= 0:
        raise NotReadyError(f"{state['NumLiveDataNodes']} live DataNodes, file system {state['FSState']}")
    ensure_hdfs_root(settings)


def _ask_mail(settings: StackSettings) -> None:
    with smtplib.SMTP(settings.smtp.host, settings.smtp.port, timeout=_PROBE_TIMEOUT_S) as client:
        client.noop()


def check_airflow(name: str, settings: StackSettings, *, since: float) -> None:
    """Refuse a program of Airflow of which its web server does not know that it has lived since it was started."""
    try:
        answer = requests.get(
            f"http://{LOOPBACK}:{settings.stack.airflow_port}/api/v2/monitor/health", timeout=_PROBE_TIMEOUT_S
        )
        answer.raise_for_status()
        health = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise NotReadyError(f"{type(error).__name__}: {str(error)[:160]}") from None
    part = name.replace("-", "_")
    beat = health["metadatabase"] if name == "api-server" else health[part]
    if beat["status"] != "healthy":
        raise NotReadyError(f"it is {beat['status']}")
    if name != "api-server":
        told = datetime.fromisoformat(beat[f"latest_{part}_heartbeat"]).timestamp()
        if told < since:
            raise NotReadyError("no heartbeat since it started")


def check_superset(settings: StackSettings) -> None:
    """Refuse a Superset that does not answer yet."""
    try:
        requests.get(
            f"http://{LOOPBACK}:{settings.stack.superset_port}/health", timeout=_PROBE_TIMEOUT_S
        ).raise_for_status()
    except requests.RequestException as error:
        raise NotReadyError(f"{type(error).__name__}: {str(error)[:160]}") from None


def read_heartbeat(run: Path, name: str) -> dict[str, Any]:
    """Return what a process last said of itself; nothing when it never did."""
    try:
        return dict(json.loads((run / "heartbeats" / f"{name}.json").read_text()))
    except (OSError, ValueError):
        return {}


def heartbeat_age_s(heartbeat: dict[str, Any], now: float) -> float | None:
    """Return how old a heartbeat is, in seconds, or None for one without a time."""
    try:
        return now - datetime.fromisoformat(heartbeat["at"]).astimezone(UTC).timestamp()
    except (KeyError, TypeError, ValueError):
        return None


def check_heartbeat(run: Path, name: str, *, since: float) -> None:
    """Refuse a process that has not said anything since it started, or says that it is still starting."""
    now = time.time()
    heartbeat = read_heartbeat(run, name)
    age_s = heartbeat_age_s(heartbeat, now)
    if age_s is None or now - age_s < since:
        raise NotReadyError("no heartbeat since it started")
    if heartbeat.get("state") == "starting":
        raise NotReadyError("it says that it is starting")
