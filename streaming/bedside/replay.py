"""Plays public recordings into the bedside log, in the cadence in which they were measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lakehouse.errors import SettingsError
from lakehouse.kafka import LogWriter
from lakehouse.progress import unwatched
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.bedside import census, recordings
from streaming.bedside.pace import Pace
from streaming.bedside.readings import encode_rows
from streaming.bedside.recordings.recording import Floats, Recording

BLOCK_ROWS: Final = 2_000
LONGEST_WAIT_S: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The rows of several recordings in the order of time; rows of the same time in the order of the recordings."""

    recordings: Sequence[Recording]
    of: NDArray[np.int64]  # row -> place in `recordings`
    at_s: Floats
    values: Floats

    @property
    def length_s(self) -> float:
        """How long the longest recording is."""
        return float(self.at_s[-1])


@dataclass(frozen=True, slots=True)
class Played:
    """What a replay has written."""

    patients: int
    readings: int
    of_readings: int
    seconds: float
    passes: int

    def __str__(self) -> str:
        whole = "all" if self.readings == self.of_readings else f"{self.readings:,} of {self.of_readings:,}"
        again = f" in {self.passes} passes" if self.passes > 1 else ""
        return (
            f"{self.patients:,} patients, {self.readings:,} readings ({whole}){again} in {self.seconds:,.1f} s "
            f"({self.readings / max(self.seconds, 1e-3):,.0f}/s); every one is acknowledged by Kafka"
        )


def load(
    settings: Settings, datasets: Iterable[str], records: Collection[str], max_records: int | None
) -> list[Recording]:
    """Read the recordings that are to be played.

    Raises
    ------
    SettingsError
        When a dataset or a record is not there.
    """
    found = [
        recording for dataset in datasets for recording in recordings.read(settings.data, dataset, records, max_records)
    ]
    absent = [name for name in records if not any(recordings.is_one_of(r.patient_id, [name]) for r in found)]
    if absent or not found:
        raise SettingsError(
            f"a record that is asked for must be in the data; {', '.join(absent) or 'any'} is not among the "
            f"{len(found)} found in {settings.data}; leave out --records to play all that are there"
        )
    return found


def merge(played: Sequence[Recording]) -> Timeline:
    """Put the rows of all recordings in the order of time, each recording beginning at 0."""
    of = np.repeat(np.arange(len(played)), [len(recording.at_s) for recording in played])
    at_s = np.concatenate([recording.at_s for recording in played])
    order = np.argsort(at_s, kind="stable")
    values = np.concatenate([recording.values for recording in played])
    return Timeline(played, of[order], at_s[order], values[order])


def messages(timeline: Timeline, pace: Pace, rows: slice) -> Iterator[tuple[str, bytes]]:
    """Yield (patient id, message) for a range of rows."""
    sources = [timeline.recordings[place] for place in timeline.of[rows].tolist()]
    encoded = encode_rows(
        [recording.patient_id for recording in sources],
        [recording.device_id for recording in sources],
        [pace.measured_at_s(at_s) for at_s in timeline.at_s[rows].tolist()],
        [recording.period_s for recording in sources],
        timeline.values[rows],
    )
    return zip((recording.patient_id for recording in sources), encoded, strict=True)


def run(
    settings: Settings,
    played: Sequence[Recording],
    stop: Event,
    *,
    speed: float = 1.0,
    loop: bool = False,
    discharge: bool = False,
    admissions: Mapping[str, bytes] | None = None,
    progress: Callable[[int], None] = unwatched,
) -> Played:
    """Admit the patients, play their recordings, and wait until all is written.

    Parameters
    ----------
    loop
        Begin again at the end, until `stop`. The patients are then discharged and admitted anew: what is played again
        would be older than what is known of them.
    discharge
        Discharge each patient when the recording ends; otherwise the monitor has simply fallen silent.
    admissions
        Message that admits each patient; from the wards of `care_teams.yaml` by default.
    progress
        Called with the number of rows just sent.
    """
    timeline = merge(played)
    patient_ids = list(dict.fromkeys(recording.patient_id for recording in played))
    admissions = admissions or census.admissions(settings.care_teams, patient_ids)
    started, sent, passes = time.monotonic(), 0, 0
    with LogWriter(settings, Service.MONITORS) as log:
        while not stop.is_set() and (loop or passes == 0):
            for patient_id in patient_ids:
                log.send(BEDSIDE.name, patient_id.encode(), admissions[patient_id])
            pace = Pace(time.time(), timeline.length_s, speed)
            sent += _play(log, timeline, pace, stop, discharge or loop, progress)
            passes += 1
    rows = len(timeline.at_s) * max(passes, 1)
    return Played(len(patient_ids), sent, rows, time.monotonic() - started, passes)


def _play(
    log: LogWriter, timeline: Timeline, pace: Pace, stop: Event, discharge: bool, progress: Callable[[int], None]
) -> int:
    last_rows = _last_rows(timeline) if discharge else set()
    sent, rows = 0, len(timeline.at_s)
    while sent < rows and not stop.is_set():
        due = int(np.searchsorted(timeline.at_s, pace.reached_s(time.time()), side="right"))
        upto = min(due, sent + BLOCK_ROWS)
        if upto <= sent:
            wait_s = pace.due_s(float(timeline.at_s[sent])) - time.time()
            stop.wait(min(max(wait_s, 0.001), LONGEST_WAIT_S))
            continue
        for place, (patient_id, message) in enumerate(messages(timeline, pace, slice(sent, upto)), start=sent):
            log.send(BEDSIDE.name, patient_id.encode(), message)
            if place in last_rows:
                log.send(BEDSIDE.name, patient_id.encode(), census.discharge(patient_id))
        progress(upto - sent)
        sent = upto
    return sent


def _last_rows(timeline: Timeline) -> set[int]:
    """Return the last row of each recording."""
    rows = len(timeline.of)
    _, from_the_end = np.unique(timeline.of[::-1], return_index=True)
    return set((rows - 1 - from_the_end).tolist())
