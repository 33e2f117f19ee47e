"""What a watchdog hears, written to the real Kafka."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from lakehouse.events import Pulse, encode
from lakehouse.kafka import LogWriter
from lakehouse.messages import Tick
from lakehouse.messages import encode as encode_message
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE


@contextmanager
def monitoring(settings: Settings, writer: Literal["alarms", "standby"] = "alarms") -> Iterator[None]:
    """Let a lane or its standby pulse and the clock tick, twice a second, while the block lasts."""
    stop = threading.Event()
    thread = threading.Thread(target=_write, args=(settings, stop, writer))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _write(settings: Settings, stop: threading.Event, writer: Literal["alarms", "standby"]) -> None:
    partitions = range(settings.kafka.partitions)
    with LogWriter(settings, Service.ALARMS) as lane, LogWriter(settings, Service.CLOCK) as clock:
        while not stop.wait(0.5):
            pulse = Pulse(writer=writer, lane="all", at=datetime.now(UTC), positions=dict.fromkeys(partitions, 0))
            lane.send(ALERTS.name, b"all", encode(pulse), partition=0)
            for partition in partitions:
                clock.send(BEDSIDE.name, None, encode_message(Tick()), partition=partition)
            lane.flush()
            clock.flush()
