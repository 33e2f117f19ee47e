"""Lanes by their partitions: `0-1` or `0,2-3`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

from lakehouse.settings import Settings


def parse_partitions(text: str | None, count: int) -> list[int]:
    """Return the partitions that a text names; all `count` of them for None.

    Raises
    ------
    typer.BadParameter
        When the text names none, or one that the topic does not have.
    """
    if text is None:
        return list(range(count))
    try:
        named = partitions_of(text)
    except ValueError:
        raise typer.BadParameter(f"partitions are written like 0-1 or 0,2-3; found {text!r}") from None
    if not named or named[0] < 0 or named[-1] >= count:
        raise typer.BadParameter(f"the topic bedside has partitions 0-{count - 1}; found {text!r}")
    return named


def partitions_of(lane: str) -> list[int]:
    """Return the partitions of a lane, by its name; ValueError where it is none."""
    spans = [[int(end) for end in part.split("-")] for part in lane.split(",")]
    return sorted({p for span in spans for p in range(span[0], span[-1] + 1)})


def lane_name(partitions: Iterable[int]) -> str:
    """Return the name of a lane, which `partitions_of` reads: runs of partitions, joined."""
    runs: list[list[int]] = []
    for partition in sorted(partitions):
        if runs and runs[-1][1] == partition - 1:
            runs[-1][1] = partition
        else:
            runs.append([partition, partition])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def heartbeat_file(settings: Settings, program: str, partitions_text: str | None) -> Path:
    """Return where the process of a lane tells that it lives; one that has a part of the log has a file of its own."""
    lane = f"-{partitions_text}" if partitions_text is not None else ""
    return settings.run / "heartbeats" / f"{program}{lane}.json"


def snapshot_folder(settings: Settings, lane: str) -> Path:
    """Return where a lane keeps its snapshots; its standby reads them."""
    return settings.run / "snapshots" / lane


def checkpoint_folder(settings: Settings, lane: str) -> Path:
    """Return where Spark keeps how far a lane is."""
    return settings.run / "checkpoints" / f"alarms-{lane}"
