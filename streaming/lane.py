"""A lane: the fold of some partitions, and where its events go. It owns no clock and no source."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from lakehouse.errors import RecoveryError, WardwatchError
from lakehouse.faults import fault_point
from lakehouse.folding import AlarmFold
from lakehouse.heartbeat import Heartbeat
from lakehouse.log import BadRecord, LogSlice
from streaming.bedside_log import BedsideLog
from streaming.partitions import lane_name
from streaming.sink import EventSink, Outcome, requests_of, urgent_first
from streaming.snapshots import Snapshots

PULSE_EVERY_S: Final = 0.5  # batches may come once a second: one that ends a little early must not leave two seconds


class LaneClosed(WardwatchError, RuntimeError):
    """A stretch came after the end."""


class Lane:
    """Takes stretches of the log and writes what they lead to, in this order: Cassandra, `alerts`, snapshot.

    When `take` has returned, the events are out. A crash before that leaves an older snapshot: the same stretch is
    taken again, and gives the same events with the same ids.
    """

    def __init__(
        self, fold: AlarmFold, sink: EventSink, snapshots: Snapshots, log: BedsideLog, heartbeat: Heartbeat
    ) -> None:
        self._fold = fold
        self._sink = sink
        self._snapshots = snapshots
        self._log = log
        self._heartbeat = heartbeat
        self._out = dict(fold.positions)  # up to where the events are out
        self._name = lane_name(fold.positions)
        self._pulsed_at = 0.0
        self._counts: Counter[str] = Counter()
        self._taking = threading.Lock()
        self._closed = False
        self.hops = sink.hops

    def take(self, log: LogSlice, bad: Sequence[BadRecord]) -> None:
        """Fold a stretch of the log and write its events."""
        with self._taking:
            if self._closed:
                raise LaneClosed("a lane that was stopped takes no more; start it again")
            self._catch_up(log)
            began = time.monotonic()
            events = self._fold.fold(log)
            self.hops.add("fold", time.monotonic() - began)
            fault_point("alarms.after_fold")
            for part in urgent_first(Outcome(events, requests_of(log))):
                self._sink.write(part)
                self._pulse()
            self._out = dict(self._fold.positions)
            began = time.monotonic()
            self._snapshots.save_now_and_then(self._fold)
            self._counts.update(entries=len(log.partition), events=len(events), quarantined=len(bad))
            self._pulse()
            self.hops.add("after", time.monotonic() - began)
            fault_point("alarms.before_commit")

    def stop(self) -> None:
        """Wait for the stretch under way, take no more, and save the state.

        Where that stretch failed, its events are not out, and the snapshot before it stays the newest.
        """
        with self._taking:
            self._closed = True
            if self._out == self._fold.positions:
                self._snapshots.save(self._fold)

    def _catch_up(self, log: LogSlice) -> None:
        """Fold in silence what lies between the state and this stretch.

        Its events are out: Spark begins a batch only where the one before was finished.
        """
        begins = {int(p): int(log.offset[log.partition == p][0]) for p in np.unique(log.partition)}
        behind = {p: begin for p, begin in begins.items() if self._fold.positions.get(p, 0) < begin}
        if not behind:
            return
        self._heartbeat.beat("catching up", **self._counts)
        for missed in self._log.between({p: self._fold.positions.get(p, 0) for p in behind}, behind):
            self._fold.fold(missed)
        self._fold.positions |= behind  # what stood last may have been bad records
        self._out = dict(self._fold.positions)

    def _pulse(self) -> None:
        """Say twice a second that the lane lives, also between the parts of a storm: the standby waits for it."""
        now = time.monotonic()
        if now - self._pulsed_at >= PULSE_EVERY_S:
            self._pulsed_at = now
            self._sink.pulse(self._name, self._out, self.hops.taken())
            self._heartbeat.beat("running", patients=self._fold.patients, **self._counts, **self._fold.counts)


def recovered(snapshots: Snapshots, log: BedsideLog, partitions: Sequence[int], has_history: bool) -> AlarmFold:
    """Return the state to go on from: the newest snapshot, or an empty one for a lane that never ran.

    Raises
    ------
    RecoveryError
        When the lane has run before and its state is gone: alarms that are open would be forgotten in silence.
    """
    fold = snapshots.newest()
    if fold is None and has_history:
        raise RecoveryError(
            "a lane goes on from its snapshot; it has run before and there is none; "
            "run `python -m streaming rebuild`, which folds the lake's log up to where the lane stood"
        )
    if fold is None:
        fold = AlarmFold()
        ends = log.ends()
        fold.positions = {partition: ends[partition][0] for partition in partitions}
        snapshots.save(fold)
    if set(fold.positions) != set(partitions):
        raise RecoveryError(
            f"a lane keeps its partitions; asked for {lane_name(partitions)}, its snapshot has "
            f"{lane_name(fold.positions)}; run `python -m streaming rebuild` for the new lane"
        )
    return fold
