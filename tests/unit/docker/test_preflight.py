"""What a machine lacks is one line that says what to do, before anything starts."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from preflight import check_machine
from stack import StackError

RUN = Path("/srv/wardwatch/run")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine whose free disk and memory, in GB, a test sets; it has enough of both."""
    machine = SimpleNamespace(disk_gb=100.0, memory_gb=8.0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=machine.disk_gb * 1e9))
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=machine.memory_gb * 1e9))
    return machine


def refusal(run: Path) -> str:
    with pytest.raises(StackError) as refused:
        check_machine(run)
    (line,) = str(refused.value).splitlines()
    return line


@pytest.mark.usefixtures("machine")
def test_a_machine_with_enough_of_all_is_taken() -> None:
    check_machine(RUN)


def test_a_full_disk_says_where_how_much_and_what_to_do(machine: SimpleNamespace) -> None:
    machine.disk_gb = 0.34
    assert refusal(RUN) == f"2 GB of disk are needed in {RUN}, 0.3 are free: make room or set WARDWATCH_RUN"


def test_too_little_memory_says_how_much_and_what_to_do(machine: SimpleNamespace) -> None:
    machine.memory_gb = 1.26
    assert refusal(RUN) == "2 GB of free memory are needed, 1.3 are free: stop something else first"


def test_a_folder_that_hdfs_cannot_use_is_refused(machine: SimpleNamespace) -> None:
    machine.disk_gb = 2.1
    assert refusal(Path("/srv/my run")).startswith("HDFS and supervisord need a folder without spaces and signs")


def test_all_that_is_missing_is_said_at_once(machine: SimpleNamespace) -> None:
    machine.disk_gb = machine.memory_gb = 0.0
    disk, memory = refusal(RUN).split("; ")
    assert disk.startswith("2 GB of disk are needed")
    assert memory.startswith("2 GB of free memory are needed")


def test_the_disk_of_the_run_folder_is_the_one_that_is_asked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_machine(tmp_path / "gone")
