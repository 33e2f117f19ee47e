"""What a program that has an environment of its own needs before it starts: its tables, users and the like."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack import StackError


def prepare(program: str, script: Path, environment: Mapping[str, str], python: Path, log: Path) -> None:
    """Run the script that makes them, by the Python of that environment.

    Raises
    ------
    StackError
        When that environment is not there, or with what was said last.
    """
    if not python.exists():
        raise StackError(f"{program} runs in {python.parent.parent.name}, which is not there; run `make setup`")
    with log.open("w") as file:
        done = subprocess.run(
            [str(python), str(script)], env=os.environ | environment, stdout=file, stderr=file, check=False
        )
    if done.returncode != 0:
        said = (log.read_text(errors="replace").strip() or "nothing").splitlines()[-1][:300]
        raise StackError(f"the tables and users of {program} must be made; it said: {said}; see {log}")
