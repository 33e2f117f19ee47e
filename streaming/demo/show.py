"""The demo at a terminal: the alerts as they happen, until Ctrl-C or `make down`."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
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
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.alert_list import AlertList, lines
from streaming.bedside import census
from streaming.demo.cast import Sent, cast_of
from streaming.demo.night import pass_night
from streaming.stopping import stop_on_signals

logger = logging.getLogger(__name__)

LOOK_S: Final = 0.25
QUIET_S: Final = 60.0
ROWS: Final = 24
FRAME_ROWS: Final = 8  # title, header, caption and what was printed above


def run(settings: Settings, night: Sequence[str] = ()) -> None:
    """Show the demo until Ctrl-C or `make down`. It leaves the stack as it is; `make demo` ends the stack afterwards.

    Parameters
    ----------
    night
        The command that has the night of the played day; without one there is none.

    Raises
    ------
    StoreError
        When Kafka does not answer.
    """
    console = Console()
    stop, sent = stop_on_signals(), Sent()
    # By it `make down` finds the demo, which must end before what it plays into.
    heartbeat = Heartbeat(settings.run / "heartbeats" / "demo.json")
    heartbeat.beat("running")
    with console.status("reading the recordings"):
        players, patient_ids, what = cast_of(settings, stop, sent)
    console.print(f"Playing {what}.", highlight=False)
    if night:
        players.append(partial(pass_night, settings, night, patient_ids, console, stop))
    with _alerts(settings) as reader, ThreadPoolExecutor(len(players)) as pool:
        try:
            playing = [pool.submit(player) for player in players]
            _show(console, reader, playing, stop, sent)
        finally:
            stop.set()
            wait(playing)
    _discharge(settings, patient_ids)
    heartbeat.beat("stopped")
    _say_goodbye(console, settings)


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
