"""Wherever a process dies while it saves its state, there is a whole state to begin again from."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.errors import RecoveryError
from lakehouse.folding import AlarmFold
from streaming.snapshots import KEPT, Snapshots

SAVE = """
import sys
from pathlib import Path
from lakehouse.folding import AlarmFold
from streaming.snapshots import Snapshots
fold = AlarmFold()
with Snapshots(Path(sys.argv[1])) as snapshots:
    for position in (1, 2):
        fold.positions = {0: position}
        snapshots.save(fold)
        print("saved", position, flush=True)
"""


def state_at(position: int) -> AlarmFold:
    fold = AlarmFold()
    fold.positions = {0: position}
    return fold


def newest_position(folder: Path) -> int | None:
    with Snapshots(folder) as snapshots:
        fold = snapshots.newest()
    return None if fold is None else fold.positions[0]


@pytest.mark.parametrize(
    ("fault", "found"), [("snapshot.before_write", 7), ("snapshot.before_rename", 7), ("snapshot.after_rename", 1)]
)
def test_a_death_leaves_the_state_before_or_the_new_one(tmp_path: Path, fault: str, found: int) -> None:
    folder = tmp_path / "snapshots"
    with Snapshots(folder) as snapshots:
        snapshots.save(state_at(7))

    command = [sys.executable, "-c", SAVE, str(folder)]
    environment = os.environ | {"WARDWATCH_RUN": str(tmp_path), "WARDWATCH_FAULT": fault}
    died = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "")
    assert newest_position(folder) == found

    # Its successor is spared, and cleans up what was left unfinished by writing it anew.
    went_on = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (went_on.returncode, went_on.stdout) == (0, "saved 1\nsaved 2\n"), went_on.stderr
    assert newest_position(folder) == 2
    assert list(folder.glob("*.part")) == []


def test_the_last_three_are_kept(tmp_path: Path) -> None:
    with Snapshots(tmp_path) as snapshots:
        for position in range(5):
            snapshots.save(state_at(position))
    assert len(list(tmp_path.iterdir())) == KEPT
    assert newest_position(tmp_path) == 4


def test_where_nothing_was_saved_there_is_none(tmp_path: Path) -> None:
    assert newest_position(tmp_path / "new") is None


def test_a_damaged_state_is_refused_and_no_older_one_taken_in_silence(tmp_path: Path) -> None:
    with Snapshots(tmp_path) as snapshots:
        snapshots.save(state_at(1))
        snapshots.save(state_at(2))
        path = max(tmp_path.iterdir())
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(RecoveryError):
            snapshots.newest()


def test_a_state_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with Snapshots(tmp_path / "snapshots") as snapshots:
        (tmp_path / "snapshots").rmdir()
        with pytest.raises(FileNotFoundError):
            snapshots.save(state_at(1))
