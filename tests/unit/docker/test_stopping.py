"""What ends with the stack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from stopping import DEMO_PID, end_demo
from streaming.demo.show import PID_FILE


def sleeping(name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", name])


def test_a_demo_ends_before_what_it_plays_into(tmp_path: Path) -> None:
    with sleeping("demo") as demo:
        (tmp_path / PID_FILE).write_text(str(demo.pid))
        end_demo(tmp_path, Console(quiet=True))
        assert demo.poll() is not None
    assert DEMO_PID == PID_FILE


def test_somebody_who_has_a_dead_demos_number_is_left_alone(tmp_path: Path) -> None:
    with sleeping("something else") as other:
        (tmp_path / DEMO_PID).write_text(str(other.pid))
        end_demo(tmp_path, Console(quiet=True))
        assert other.poll() is None
        other.terminate()


@pytest.mark.parametrize("content", ["", "no number", "4194304"])
def test_a_file_that_names_nobody_is_no_reason_not_to_end(tmp_path: Path, content: str) -> None:
    (tmp_path / DEMO_PID).write_text(content)
    end_demo(tmp_path, Console(quiet=True))
