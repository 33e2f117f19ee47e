"""Where a Spark query stands, read from its checkpoint without Spark."""

from __future__ import annotations

import json
from pathlib import Path

from lakehouse.errors import RecoveryError


def committed_ends(checkpoint: Path, topic: str) -> dict[int, int] | None:
    """Return for each partition the first offset that no finished batch has; None where no batch was ever finished.

    Raises
    ------
    RecoveryError
        When the checkpoint knows of a finished batch, but not what it held.
    """
    finished = _numbers(checkpoint / "commits")
    if not finished:
        return None
    path = checkpoint / "offsets" / str(finished[-1])
    try:
        # A version, metadata, and one line for each source: here there is one.
        ends = json.loads(path.read_text(encoding="utf-8").splitlines()[2])[topic]
        return {int(partition): int(offset) for partition, offset in ends.items()}
    except (OSError, IndexError, KeyError, ValueError) as error:
        raise RecoveryError(
            f"a checkpoint says what its last batch held; {path} does not: {error}; "
            "remove the checkpoint folder, and rebuild"
        ) from error


def _numbers(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal())
