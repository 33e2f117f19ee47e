"""What a benchmark says: a table for people, one JSON object for programs, and on which machine and day."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Report:
    """One benchmark's result.

    Parameters
    ----------
    title
        What was measured, in one line.
    columns, rows
        The table.
    figures
        The numbers a program may look for; the last line of the output.
    notes
        How it was measured, and what falls short.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Mapping[str, object]
    notes: Sequence[str] = field(default_factory=tuple)

    def print(self) -> None:
        """Print title, machine, table and notes; the JSON object last."""
        console = Console(width=140)
        table = Table(title=f"{self.title}\n{machine()}", title_justify="left")
        for place, column in enumerate(self.columns):
            table.add_column(column, justify="left" if place == 0 else "right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for note in self.notes:
            console.print(f"- {note}")
        print(json.dumps(self.figures), flush=True)


def machine() -> str:
    """Return day, processor, cores, memory and load of this machine."""
    memory_gib = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}, load average {load:.1f} at the end"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
