"""The tree keeps its shape: who may import whom, and what may not be in it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = sorted((ROOT / "clinical").rglob("*.py"))
COMPILED = ROOT / "clinical" / "compiled.py"
PURE = {
    "__future__", "clinical", "collections", "dataclasses", "functools", "hashlib", "itertools", "math", "numba",
    "numpy", "statistics", "typing",
}  # fmt: skip
IMPURE_CALLS = {"open", "exec", "eval", "__import__"}
IMPURE_METHODS = {
    "open", "read_bytes", "read_text", "write_bytes", "write_text", "now", "utcnow", "today",
    "load", "loadtxt", "genfromtxt", "fromfile", "tofile", "save", "savez", "savetxt", "memmap",
}  # fmt: skip


def tracked() -> list[Path]:
    """Return the files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def reached_for(source: str) -> list[str]:
    """Return what a piece of code uses beyond its arguments: modules it may not import, clocks and files."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                found += [name.name for name in names if name.name.split(".")[0] not in PURE]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] not in PURE:
                found.append(module)
            case ast.Call(func=ast.Name(id=name)) if name in IMPURE_CALLS:
                found.append(name)
            case ast.Call(func=ast.Attribute(attr=name)) if name in IMPURE_METHODS:
                found.append(name)
    return found


@pytest.mark.parametrize("path", [path for path in DOMAIN if path != COMPILED], ids=lambda path: path.name)
def test_the_domain_reads_no_clock_and_opens_nothing(path: Path) -> None:
    assert reached_for(path.read_text(encoding="utf-8")) == []


def test_only_the_compiler_reads_files_and_only_its_own_sources() -> None:
    # What Numba has compiled is kept under a digest of these sources, so that no change to them is missed.
    assert reached_for(COMPILED.read_text(encoding="utf-8")) == ["pathlib", "read_bytes"]


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "path.open()",
        "path.read_bytes()",
        "np.load('x')",
        "import time",
        "import os.path",
        "from urllib.request import urlopen",
        "def f():\n    import socket",
        "datetime.now(UTC)",
        "__import__('time')",
    ],
)
def test_code_that_reaches_out_is_found(source: str) -> None:
    assert len(reached_for(source)) == 1


def test_folders_that_would_hide_a_package_are_none() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists()
    assert not (ROOT / "superset" / "__init__.py").exists()


def test_no_recording_is_in_the_repository() -> None:
    endings = {".dat", ".hea", ".mat", ".atr", ".psv", ".gz", ".xz"}
    assert [path for path in tracked() if path.suffix in endings] == []
