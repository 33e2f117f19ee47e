"""A fault point kills the process that a test chose, once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

PROGRAM = "from lakehouse.faults import fault_point; fault_point('notify.after_claim'); print('went on')"


def run(tmp_path: Path, fault: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "WARDWATCH_RUN": str(tmp_path), "WARDWATCH_FAULT": fault}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)


def test_the_chosen_point_kills_the_process_and_spares_its_successor(tmp_path: Path) -> None:
    assert run(tmp_path, "notify.after_claim").returncode == -signal.SIGKILL
    assert run(tmp_path, "notify.after_claim").stdout == "went on\n"


def test_any_other_point_does_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "notify.after_send").stdout == "went on\n"
