"""The clock: one tick to every partition of the bedside log, each second.

The fold reads no clock, so time goes on in a partition only by what is written to it: where every patient has fallen
silent, a tick is what tells that they have.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from threading import Event
from typing import Final

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Record

from lakehouse.errors import StoreError
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import producer_config
from lakehouse.messages import Tick, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE

logger = logging.getLogger(__name__)

TICK: Final = encode(Tick())
MOST_WAITING_S: Final = 3
LAST_WORDS_S: Final = 5.0


def run(settings: Settings, stop: Event) -> None:
    """Tick until `stop` is set.

    A tick is worth nothing later: while the broker is away at most a few seconds of them wait, and time goes on in the
    log when it is back.

    Raises
    ------
    StoreError
        When Kafka refuses a tick for good: escalation and silences would stand still unseen.
    """
    heartbeat = Heartbeat(settings.run / "heartbeats" / "clock.json")
    heartbeat.beat("starting")
    refusals: list[str] = []

    def on_delivery(error: KafkaError | None, record: Record) -> None:
        if error is not None:
            refusals.append(f"{record.topic()}[{record.partition()}]: {error.str()}")

    config = producer_config(settings, Service.CLOCK, linger_ms=0, compression_type="none")
    producer = Producer(config | {"on_delivery": on_delivery})
    partitions = settings.kafka.partitions
    written = skipped = 0
    while wait_for_second(stop):
        producer.poll(0)
        if refusals:
            raise StoreError(
                f"the clock must be able to tick; Kafka refused {refusals[0]}; run `python -m lakehouse doctor`"
            )
        if len(producer) >= MOST_WAITING_S * partitions:
            skipped += 1
            heartbeat.beat("waiting for kafka", ticks=written, skipped=skipped)
            continue
        for partition in range(partitions):
            producer.produce(BEDSIDE.name, TICK, partition=partition)
        written += 1
        heartbeat.beat("running", ticks=written, skipped=skipped)
    producer.flush(LAST_WORDS_S)
    heartbeat.beat("stopped", ticks=written, skipped=skipped)
    logger.info("the clock has stopped after %d ticks, %d left out while Kafka was away", written, skipped)


def wait_for_second(stop: Event, now: Callable[[], float] = time.time) -> bool:
    """Wait for the next full second of the wall clock; False when `stop` was set meanwhile.

    Waiting for a moment, not for a duration, lets no delay add up; a second that was missed is not made up for.
    """
    due = math.floor(now()) + 1
    while (wait_s := due - now()) > 0:
        if stop.wait(wait_s):
            return False
    return not stop.is_set()
