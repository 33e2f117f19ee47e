"""A simulation as a file: the bedside log as `batch fold` reads it, with no service running."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from lakehouse.messages import Tick, encode
from lakehouse.progress import unwatched
from lakehouse.settings import Settings
from streaming.bedside import census
from streaming.bedside.labels import LabelWriter, finish, part
from streaming.bedside.monitors import Monitors
from streaming.bedside.partitioner import partition_of
from streaming.bedside.simulation import Script, Simulation

TICK: Final = encode(Tick())
TRANSIT_S: Final = 0.005  # from the monitor to the broker


@dataclass(frozen=True, slots=True)
class Written:
    """What a history holds."""

    patients: int
    readings: int
    path: Path

    def __str__(self) -> str:
        return f"{self.patients:,} patients, {self.readings:,} readings, to {self.path}"


@dataclass(slots=True)
class HistoryFile:
    """Lines of ``{"partition", "offset", "received_at", "value"}``, offsets counted per partition."""

    file: BinaryIO
    partitions: int
    _offsets: list[int] = field(init=False)
    _known: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._offsets = [0] * self.partitions

    def tick(self, received_at_s: float) -> None:
        """Write a tick to every partition."""
        received_at = stamp(received_at_s)
        for partition in range(self.partitions):
            self._write(partition, received_at, TICK)

    def write(self, messages: Iterable[tuple[str, bytes]], received_at_s: float) -> None:
        """Write messages of one moment, each to its patient's partition."""
        received_at = stamp(received_at_s)
        for patient_id, value in messages:
            partition = self._known.get(patient_id)
            if partition is None:
                partition = self._known[patient_id] = partition_of(patient_id.encode(), self.partitions)
            self._write(partition, received_at, value)

    def _write(self, partition: int, received_at: bytes, value: bytes) -> None:
        offset = self._offsets[partition]
        self._offsets[partition] = offset + 1
        line = b'{"partition":%d,"offset":%d,"received_at":"%b","value":%b}\n' % (partition, offset, received_at, value)
        self.file.write(line)


def stamp(at_s: float) -> bytes:
    """Return a time as Kafka would stamp it, to the millisecond."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()


def write(
    settings: Settings,
    script: Script,
    started_at: datetime,
    out: Path,
    labels: Path | None = None,
    progress: Callable[[int], None] = unwatched,
) -> Written:
    """Simulate into a file: admissions, then a tick in every partition and all readings, second by second.

    The same script, start and number of partitions give the same bytes. The file appears when it is whole.
    """
    simulation = Simulation(script, started_at)
    patient_ids = script.patient_ids
    start_s = started_at.timestamp()
    readings = 0
    writer = LabelWriter(part(labels, 0), patient_ids, lambda at_s: start_s + at_s)
    unfinished = out.with_name(f"{out.name}.part")
    with unfinished.open("wb") as file, writer:
        log = HistoryFile(file, settings.kafka.partitions)
        log.write(census.admissions(settings.care_teams, patient_ids).items(), start_s)
        monitors = Monitors(patient_ids, simulation.places)
        for second in simulation:
            log.tick(start_s + second.at_s)
            for at_s, messages in monitors.readings(second, lambda at_s: start_s + at_s):
                log.write(messages, start_s + at_s + TRANSIT_S)
                readings += len(messages)
                progress(len(messages))
            writer.write(second.ended)
        writer.write(simulation.unfinished())
    unfinished.replace(out)
    finish(labels, 1)
    return Written(script.patients, readings, out)
