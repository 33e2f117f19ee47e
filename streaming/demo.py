"""`make demo`: plays patients into the running stack, and shows the alarms as they happen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Final

from confluent_kafka import Consumer
from rich.console import Console
from rich.live import Live

from lakehouse.errors import DecodeError
from lakehouse.events import AlertEvent, decode
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.alert_list import AlertList, lines
from streaming.bedside import census, recordings, replay, simulator
from streaming.bedside.recordings.files import MissingRecordings
from streaming.bedside.recordings.recording import Recording
from streaming.bedside.simulation import Script
from streaming.stopping import stop_on_signals

logger = logging.getLogger(__name__)

# Dataset, how many of its patients, how fast. The monitors' recordings run as they were measured; two days of charts
# pass in eight minutes. In bidmc-25 the heart rate and in bidmc-49 the saturation is beyond its limit from the start.
PLAYED: Final = (("bidmc", 28, 1.0), ("cinc2012", 5, 360.0), ("mimic3demo", 3, 720.0))
SIMULATED: Final = (
    Script(patients=20, seed=1, deteriorations_per_day=48),
    Script(patients=4, seed=2, alerts_per_s=0.1),  # the first alarm comes after seconds
)
LOOK_S: Final = 0.25
QUIET_S: Final = 60.0
ROWS: Final = 24
FRAME_ROWS: Final = 8  # title, header, caption and what was printed above


class Sent:
    """How many readings the players have sent."""

    def __init__(self) -> None:
        self.readings = 0

    def add(self, readings: int) -> None:
        """Count; called by several threads, where a lost count would not matter."""
        self.readings += readings


Player = Callable[[], object]


def run(settings: Settings) -> None:
    """Show the demo until Ctrl-C. It leaves the stack as it is; `make demo` ends the stack afterwards.

    Raises
    ------
    StoreError
        When Kafka does not answer.
    """
    console = Console()
    stop, sent = stop_on_signals(), Sent()
    with console.status("reading the recordings"):
        players, patient_ids, what = cast_of(settings, stop, sent)
    console.print(f"Playing {what}.", highlight=False)
    with _alerts(settings) as reader, ThreadPoolExecutor(len(players)) as pool:
        try:
            playing = [pool.submit(player) for player in players]
            _show(console, reader, playing, stop, sent)
        finally:
            stop.set()
            wait(playing)
    _discharge(settings, patient_ids)
    _say_goodbye(console, settings)


def cast_of(settings: Settings, stop: Event, sent: Sent) -> tuple[list[Player], list[str], str]:
    """Return who plays, all patient ids, and what is played in words: recordings when there are any."""
    chosen = [(name, list(found), speed) for name, found, speed in _recordings(settings)]
    players: list[Player]
    if chosen:
        patient_ids = [recording.patient_id for _, found, _ in chosen for recording in found]
        beds = census.admissions(settings.care_teams, patient_ids)
        players = [
            partial(replay.run, settings, found, stop, speed=speed, loop=True, admissions=beds, progress=sent.add)
            for _, found, speed in chosen
        ]
        what = ", ".join(f"{len(found)} recordings of {name}" for name, found, _ in chosen)
        return players, patient_ids, f"{what} from {settings.data}"
    patient_ids = [patient_id for script in SIMULATED for patient_id in script.patient_ids]
    beds = census.admissions(settings.care_teams, patient_ids)
    players = [
        partial(simulator.run, settings, script, stop, admissions=_of(beds, script.patient_ids), progress=sent.add)
        for script in SIMULATED
    ]
    hint = f"there are no recordings in {settings.data}: `python -m lakehouse download bidmc` gets some"
    return players, patient_ids, f"{len(patient_ids)} simulated patients ({hint})"


def _of(beds: dict[str, bytes], patient_ids: list[str]) -> dict[str, bytes]:
    return {patient_id: beds[patient_id] for patient_id in patient_ids}


def _recordings(settings: Settings) -> Iterator[tuple[str, list[Recording], float]]:
    for name, most, speed in PLAYED:
        try:
            yield name, list(recordings.read(settings.data, name, max_records=most)), speed
        except MissingRecordings:
            continue


@contextmanager
def _alerts(settings: Settings) -> Iterator[Consumer]:
    """Open the topic `alerts` at its end: only what happens from now on is shown."""
    reader = consumer(settings, Service.BATCH, "demo")
    try:
        ends = {partition: end for partition, (_, end) in log_ends(reader, ALERTS.name).items()}
        assign(reader, ALERTS.name, ends)
        yield reader
    finally:
        reader.close()


def _show(console: Console, reader: Consumer, playing: list[Future[object]], stop: Event, sent: Sent) -> None:
    alerts, started = AlertList(), time.monotonic()
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while not stop.is_set():
            news = [event for event in _events(reader) if alerts.take(event)]
            alerts.forget_ended(datetime.now(UTC))
            caption = _caption(alerts, sent, time.monotonic() - started)
            if console.is_terminal:
                rows = min(ROWS, max(console.height - FRAME_ROWS, 1))
                live.update(alerts.table(datetime.now(UTC), rows, caption), refresh=True)
            else:
                for line in lines(news):
                    print(line, flush=True)  # noqa: T201  a pipe gets lines instead of a table
            for failed in wait(playing, timeout=0, return_when=FIRST_EXCEPTION).done:
                failed.result()


def _events(reader: Consumer) -> Iterator[AlertEvent]:
    for record in records(reader, 500, LOOK_S):
        try:
            message = decode(record.value() or b"")
        except DecodeError as error:
            place = f"{record.topic()}[{record.partition()}]@{record.offset()}"
            logger.warning("%s is no alert message: %s", place, error)
            continue
        if isinstance(message, AlertEvent):
            yield message


def _caption(alerts: AlertList, sent: Sent, elapsed_s: float) -> str:
    progress = f"{sent.readings:,} readings sent in {elapsed_s:,.0f} s"
    if not alerts.raised and elapsed_s > QUIET_S:
        return f"{progress}; no alert yet: `make status` tells whether the alarms process runs"
    return f"{progress}\nmails: python -m streaming mailbox | make status | make logs | Ctrl-C ends the demo"


def _discharge(settings: Settings, patient_ids: list[str]) -> None:
    """End what the demo began: monitors that merely fell silent would be alarms of their own."""
    with LogWriter(settings, Service.MONITORS) as log:
        for patient_id in dict.fromkeys(patient_ids):
            log.send(BEDSIDE.name, patient_id.encode(), census.discharge(patient_id))


def _say_goodbye(console: Console, settings: Settings) -> None:
    console.print(
        "The patients are discharged. `make demo` ends the stack now; after `python -m streaming demo` it stays up.\n"
        f"  python -m streaming mailbox   the mails that were sent ({settings.run} keeps them, the data and the logs)\n"
        f"  make demo                     once more, with a running stack at once\n"
        f"  make status                   what runs\n"
        f"  make down                     stops everything, keeps the data",
        highlight=False,
    )
