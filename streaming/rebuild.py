"""Rebuild a lane's state when its snapshots are lost: the fold is a function of the log, and the lake has the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from lakehouse.folding import AlarmFold
from lakehouse.lake import Lake
from lakehouse.lake_log import lake_log
from lakehouse.landed import landed
from lakehouse.progress import bar
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.bedside_log import BedsideLog
from streaming.checkpoints import committed_ends
from streaming.partitions import checkpoint_folder, lane_name, parse_partitions, snapshot_folder
from streaming.pulses import last_positions
from streaming.snapshots import Snapshots

logger = logging.getLogger(__name__)


class Rebuilt(NamedTuple):
    """What was done."""

    lane: str
    entries: int
    events: int
    patients: int
    ends: Mapping[int, int]
    has_checkpoint: bool

    def __str__(self) -> str:
        upto = "where its checkpoint stands" if self.has_checkpoint else "its last pulse, since it has no checkpoint"
        return (
            f"lane {self.lane}: {self.entries:,} entries folded up to {upto}; {self.patients:,} patients, "
            f"{self.events:,} events, none of them written again; `streaming alarms` goes on from here"
        )


def run(settings: Settings, partitions_text: str | None) -> Rebuilt:
    """Fold a lane's log in silence, up to where its Spark query stands, and save the state. The lane must not run.

    What the lake does not have yet comes from Kafka. A repeated run saves the same state once more.
    """
    partitions = parse_partitions(partitions_text, settings.kafka.partitions)
    name = lane_name(partitions)
    with (
        Lake(settings, patience_s=60) as lake,
        BedsideLog(settings, Service.ALARMS) as log,
        Snapshots(snapshot_folder(settings, name)) as snapshots,
    ):
        log_ends = log.ends()
        oldest = {partition: log_ends[partition][0] for partition in partitions}
        in_lake = _landed_up_to(oldest, landed(lake, BEDSIDE.name, partitions))
        checkpoint = checkpoint_folder(settings, name)
        has_checkpoint = (checkpoint / "offsets").exists()
        if has_checkpoint:
            ends = committed_ends(checkpoint, BEDSIDE.name) or oldest
        else:
            ends = oldest | {p: end for p, end in last_positions(settings).items() if end > oldest.get(p, end)}
        lake_ends = {p: min(end, in_lake[p]) for p, end in ends.items()}
        fold = AlarmFold()
        entries = events = 0
        with bar("entries") as advance:
            for stretch in chain(lake_log(lake, {}, lake_ends), log.between(lake_ends, ends)):
                events += len(fold.fold(stretch))
                entries += len(stretch.partition)
                advance(len(stretch.partition))
        fold.positions = dict(ends)  # the last records before them may have been bad ones
        snapshots.save(fold)
    return Rebuilt(name, entries, events, fold.patients, ends, has_checkpoint)


def _landed_up_to(oldest: Mapping[int, int], in_lake: Mapping[int, int]) -> dict[int, int]:
    """Return up to where the lake is folded; Kafka has the rest.

    What neither has any more is said, and does not stop a ward from having alarms again. Where nothing has landed and
    Kafka has deleted, the lake was made later than the log.
    """
    for partition, end in in_lake.items():
        if end < oldest[partition]:
            logger.error(
                "%s[%d]: records %d to %d are lost: Kafka has deleted them unlanded; what began there is missing",
                BEDSIDE.name,
                partition,
                end,
                oldest[partition] - 1,
            )
    return {partition: max(begin, in_lake.get(partition, begin)) for partition, begin in oldest.items()}
