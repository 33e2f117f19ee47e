"""The tree keeps its shape: who may import whom, and what may not be in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = sorted((ROOT / "clinical").rglob("*.py"))


def tracked() -> list[Path]:
    """Return the files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines()]


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.name)
def test_the_domain_reads_no_clock_and_opens_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(time\.time|time\.monotonic|datetime\.now|open\(|socket|requests)\b", text)


def test_folders_that_would_hide_a_package_are_none() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists()
    assert not (ROOT / "superset" / "__init__.py").exists()


def test_no_recording_is_in_the_repository() -> None:
    endings = {".dat", ".hea", ".mat", ".atr", ".psv", ".gz", ".xz"}
    assert [path for path in tracked() if path.suffix in endings] == []
