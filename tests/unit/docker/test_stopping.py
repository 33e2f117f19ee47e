"""What ends with the stack."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from stopping import end_demo


def sleeping(name: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", name])


def beat(run: Path, content: str) -> None:
    (run / "heartbeats").mkdir()
    (run / "heartbeats" / "demo.json").write_text(content)


def test_a_demo_ends_before_what_it_plays_into(tmp_path: Path) -> None:
    with sleeping("demo") as demo:
        beat(tmp_path, json.dumps({"pid": demo.pid, "state": "running"}))
        end_demo(tmp_path, Console(quiet=True))
        assert demo.poll() is not None


def test_somebody_who_has_a_dead_demos_number_is_left_alone(tmp_path: Path) -> None:
    with sleeping("something else") as other:
        beat(tmp_path, json.dumps({"pid": other.pid, "state": "running"}))
        end_demo(tmp_path, Console(quiet=True))
        assert other.poll() is None
        other.terminate()


@pytest.mark.parametrize("content", ["", "{}", '{"pid": 4194304}'])
def test_a_heartbeat_that_names_nobody_is_no_reason_not_to_end(tmp_path: Path, content: str) -> None:
    beat(tmp_path, content)
    end_demo(tmp_path, Console(quiet=True))


def test_where_there_was_no_demo_none_ends(tmp_path: Path) -> None:
    end_demo(tmp_path, Console(quiet=True))
