"""Where a lane stands is what its last finished batch held, not what it had begun."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lakehouse.errors import RecoveryError
from streaming.checkpoints import committed_ends


def checkpoint(folder: Path, begun: list[dict[str, int]], finished: int) -> Path:
    for name in ("offsets", "commits"):
        (folder / name).mkdir()
    for number, ends in enumerate(begun):
        (folder / "offsets" / str(number)).write_text(f"v1\n{{}}\n{json.dumps({'bedside': ends})}", encoding="utf-8")
    for number in range(finished):
        (folder / "commits" / str(number)).touch()
    return folder


def test_the_last_finished_batch_counts(tmp_path: Path) -> None:
    begun = [{"0": number, "11": 2 * number} for number in range(12)]
    assert committed_ends(checkpoint(tmp_path, begun, finished=11), "bedside") == {0: 10, 11: 20}


def test_no_batch_was_finished(tmp_path: Path) -> None:
    assert committed_ends(checkpoint(tmp_path, [{"0": 5}], finished=0), "bedside") is None
    assert committed_ends(tmp_path / "no such folder", "bedside") is None


def test_a_finished_batch_without_its_offsets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecoveryError, match="says what its last batch held"):
        committed_ends(checkpoint(tmp_path, [], finished=3), "bedside")
