"""Compiled or plain, the fold says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

GOLDEN = (
    "test_alarms.py",
    "test_alert.py",
    "test_limit_channel.py",
    "test_limits.py",
    "test_news2.py",
    "test_technical.py",
)


def test_golden_histories_hold_without_the_compiler() -> None:
    here = Path(__file__).parent
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(here / name) for name in GOLDEN)],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=here.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
