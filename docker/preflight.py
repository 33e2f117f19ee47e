"""What must be true before anything starts, each with a sentence that says what to do."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import psutil

from stack import StackError

_PYTHON = (3, 11)
_GB = 10**9
_DISK_GB = 2
_MEMORY_GB = 2


def check_machine(run: Path) -> None:
    """Check Python, disk and memory.

    Raises
    ------
    StackError
        With all problems at once.
    """
    free_disk = shutil.disk_usage(run).free / _GB
    free_memory = psutil.virtual_memory().available / _GB
    found = f"{sys.version_info.major}.{sys.version_info.minor}"
    problems = [
        problem
        for wrong, problem in (
            (sys.version_info[:2] != _PYTHON, f"Python 3.11 runs this code, found {found}: run `make setup`"),
            (
                not re.fullmatch(r"[\w./+@-]+", str(run)),
                f"HDFS and supervisord need a folder without spaces and signs, {run} has some: set WARDWATCH_RUN",
            ),
            (
                free_disk < _DISK_GB,
                f"{_DISK_GB} GB of disk are needed in {run}, {free_disk:.1f} are free: make room or set WARDWATCH_RUN",
            ),
            (
                free_memory < _MEMORY_GB,
                f"{_MEMORY_GB} GB of free memory are needed, {free_memory:.1f} are free: stop something else first",
            ),
        )
        if wrong
    ]
    if problems:
        raise StackError("; ".join(problems))
