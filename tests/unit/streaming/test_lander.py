from __future__ import annotations

from pathlib import Path

from lakehouse.heartbeat import Heartbeat
from streaming.lander import Progress


def test_a_batch_is_silent_until_it_ends_comes_further_or_says_that_it_waits(tmp_path: Path) -> None:
    now_s = 100.0
    progress = Progress(Heartbeat(tmp_path / "landing.json"), lambda: now_s)
    assert progress.silent_s == 0
    with progress.batch():
        now_s = 140.0
        assert progress.silent_s == 40
        progress.wait("HDFS is away")
        now_s = 150.0
        assert progress.silent_s == 10
        progress.goes_on()
        assert progress.silent_s == 0
    assert progress.silent_s == 0
