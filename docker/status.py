"""What runs, as a table for people and as JSON for programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from rich import box
from rich.console import Group
from rich.table import Table

from ports import PORTS
from programs import PROGRAMS
from readiness import heartbeat_age_s, read_heartbeat
from supervision import ProcessInfo, Supervisor

_STALE_S = 30


@dataclass(frozen=True, slots=True)
class Row:
    """One process."""

    name: str
    state: str
    pid: int | None
    ports: list[int]
    memory_mb: float | None
    uptime_s: float | None
    starts: int
    heartbeat_age_s: float | None
    says: str
    counters: dict[str, Any] = field(default_factory=dict)


def collect(supervisor: Supervisor, run: Path, known: Mapping[str, str]) -> list[Row]:
    """Ask the supervisor, the kernel and the heartbeats once."""
    now = time.time()
    processes = supervisor.processes()
    return [_row(processes[program.name], run, known, now) for program in PROGRAMS if program.name in processes]


def _row(process: ProcessInfo, run: Path, known: Mapping[str, str], now: float) -> Row:
    alive = process.pid != 0
    heartbeat = read_heartbeat(run, process.name)
    counters = {key: value for key, value in heartbeat.items() if key not in {"at", "state", "pid", "name"}}
    return Row(
        name=process.name,
        state=process.state.lower(),
        pid=process.pid or None,
        ports=[use.port(known) for use in PORTS if use.program == process.name],
        memory_mb=memory_mb(process.pid) if alive else None,
        uptime_s=now - process.started_at if alive else None,
        starts=count_starts(run, process.name),
        heartbeat_age_s=heartbeat_age_s(heartbeat, now) if alive else None,
        says=str(heartbeat.get("state", "")) if alive else "",
        counters=counters,
    )


def memory_mb(pid: int) -> float | None:
    """Return the resident memory of a process and its children, or None when it has just gone."""
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family) / 1e6
    except psutil.NoSuchProcess:
        return None


def count_starts(run: Path, name: str) -> int:
    """Count how often a program was started since the stack came up, as the supervisor's log says."""
    try:
        log = (run / "logs" / "supervisord.log").read_text(errors="replace")
    except OSError:
        return 0
    return log.rpartition("supervisord started with pid")[2].count(f"spawned: '{name}' with pid")


def as_text(rows: list[Row]) -> Group:
    """Lay the rows out for a terminal of 80 columns: a table, and below it what each process counts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("process", "state", "pid", "port", "MB", "up", "starts", "heartbeat", "it says"):
        left = column in {"process", "state", "it says"}
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "it says")
    for row in rows:
        table.add_row(
            row.name,
            _coloured(row.state),
            str(row.pid or ""),
            str(row.ports[0]) if row.ports else "",
            "" if row.memory_mb is None else f"{row.memory_mb:,.0f}",
            "" if row.uptime_s is None else duration(row.uptime_s),
            str(row.starts or ""),
            _heartbeat(row.heartbeat_age_s),
            row.says,
        )
    total = sum(row.memory_mb or 0 for row in rows)
    counts = [f"{row.name}: {_counted(row.counters)}" for row in rows if row.counters and row.pid]
    return Group(table, f"{total:,.0f} MB resident in all", *counts)


def _counted(counters: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, int | float) else f"{name.replace('_', ' ')} {value}"
        for name, value in counters.items()
        if value is not None
    )


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """Return the rows as plain values."""
    return [asdict(row) for row in rows]


def duration(seconds: float) -> str:
    """Write a duration with its two largest units: ``3h 12m``, ``4m 5s``, ``7s``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "m"), (rest, "s")]
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2])


def _coloured(state: str) -> str:
    colour = {"running": "green", "starting": "yellow", "stopped": "dim"}.get(state, "red")
    return f"[{colour}]{state}[/]"


def _heartbeat(age_s: float | None) -> str:
    if age_s is None:
        return ""
    return f"[{'red' if age_s > _STALE_S else 'default'}]{duration(age_s)}[/]"
