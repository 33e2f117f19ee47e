"""The fold's state on disk: where a lane, and its standby, begin again.

A snapshot stands at positions of the log whose events are all out. Who loads it folds the entries since then once more,
in silence, and has the state that was lost: the fold is a pure function of the log. So a snapshot is needed now and
then, not with every batch, and is written beside the fold.
"""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from lakehouse.faults import fault_point
from lakehouse.folding import AlarmFold, pack

logger = logging.getLogger(__name__)

EVERY_S: Final = 10.0
KEPT: Final = 3


class Snapshots:
    """The last snapshots of one lane, in a folder. A context manager; leaving it waits for the one being written.

    Each is written beside, synced, and renamed: a crash leaves the one before. A repeated save writes one more file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saved_at = time.monotonic()
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._pool = ThreadPoolExecutor(1, "snapshots")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def newest(self) -> AlarmFold | None:
        """Return the newest snapshot, None where there is none.

        Raises
        ------
        RecoveryError
            When it cannot be read. Older ones are not tried in silence: `rebuild` is the way to go on.
        """
        files = self._files()
        return AlarmFold.from_bytes(files[-1].read_bytes()) if files else None

    def save_now_and_then(self, fold: AlarmFold) -> None:
        """Save when it is time and the last save is done. The fold may go on at once."""
        if time.monotonic() - self._saved_at < EVERY_S:
            return
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()  # a full disk is said here, not swallowed
        self._saved_at = time.monotonic()
        self._writing = self._pool.submit(self._write, *fold.snapshot())

    def save(self, fold: AlarmFold) -> None:
        """Save, and return when it is on disk."""
        self._pool.submit(self._write, *fold.snapshot()).result()

    def _write(self, header: bytes, records: bytes) -> None:
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 1
        path = self._folder / f"{number:012d}.state"
        unfinished = path.with_suffix(".part")
        fault_point("snapshot.before_write")
        with unfinished.open("wb") as file:
            file.write(pack(header, records))
            file.flush()
            os.fsync(file.fileno())
        fault_point("snapshot.before_rename")
        unfinished.replace(path)
        fault_point("snapshot.after_rename")
        _sync_folder(self._folder)
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.state"))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
