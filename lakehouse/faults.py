"""Places where a kill test ends a process: each is named where a crash could leave something half done.

Without the variable ``WARDWATCH_FAULT`` a fault point does nothing. With it, the process that reaches the point of that
name first is killed as `kill -9` would; the marker file ``run/faults/NAME`` keeps its successor alive.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def fault_point(name: str) -> None:
    """Die here, once, if a test asked for it: for example ``WARDWATCH_FAULT=notify.after_claim``."""
    if os.environ.get("WARDWATCH_FAULT") != name:
        return
    marker = Path(os.environ.get("WARDWATCH_RUN", "run")) / "faults" / name
    marker.parent.mkdir(parents=True, exist_ok=True)
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)
