"""Listens to Kafka for the watchdog: all pulses, and now and then two seconds of each partition, for the clock's tick.

At 10,000 patients the bedside log carries 10,000 records a second; a fifth of them is read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException, TopicPartition

from lakehouse.errors import DecodeError, StoreError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.watchdog.hearing import Hearing

logger = logging.getLogger(__name__)

ROUND_S: Final = 8.0  # each partition is looked at once in this time
WINDOW_S: Final = 2.0  # a second more than from tick to tick
ANSWER_S: Final = 2.0
BATCH: Final = 5000


class Ears:
    """A context manager. `listen` never waits long, whatever Kafka does."""

    def __init__(self, settings: Settings, hearing: Hearing, clock: Callable[[], float] = time.time) -> None:
        self._hearing = hearing
        self._clock = clock
        self._pulses = consumer(settings, Service.WATCHDOG, "pulses", fetch_wait_max_ms=100)
        self._ticks = consumer(settings, Service.WATCHDOG, "ticks", fetch_wait_max_ms=100)
        self._follows = False
        self._said = ""
        self._turn = 0
        self._looked_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pulses.close()
        self._ticks.close()

    def listen(self) -> None:
        """Listen once: to the pulses, and to the clock in one partition where that is due."""
        try:
            self._hear_pulses()
            partitions = self._hearing.partitions
            if time.monotonic() - self._looked_at >= ROUND_S / len(partitions):
                self._looked_at = time.monotonic()
                self._hear_ticks(partitions[self._turn % len(partitions)])
                self._turn += 1
        except (StoreError, KafkaException) as error:
            # Whatever it is, it shows as a Kafka that has not answered.
            if str(error) != self._said:
                logger.warning("%s", error)
            self._said, self._follows = str(error), False

    def _hear_pulses(self) -> None:
        if not self._follows:
            _, end = log_ends(self._pulses, ALERTS.name, ANSWER_S)[0]  # pulses are in the first partition
            assign(self._pulses, ALERTS.name, {0: end})
            self._follows = True
        for record in records(self._pulses, BATCH, 0.1):
            value = record.value() or b""
            if b'"pulse"' not in value[:40]:
                continue
            try:
                message = decode(value)
            except DecodeError:  # somebody else's; those who fold say so
                continue
            if isinstance(message, Pulse):
                self._hearing.pulse(message.positions, record.timestamp()[1] / 1000)

    def _hear_ticks(self, partition: int) -> None:
        since = TopicPartition(BEDSIDE.name, partition, int((self._clock() - WINDOW_S) * 1000))
        (found,) = self._ticks.offsets_for_times([since], timeout=ANSWER_S)
        looked_s = self._hearing.kafka_s = self._clock()
        if found.offset < 0:  # nothing is so young
            self._hearing.look(partition, looked_s)
            return
        _, end = self._ticks.get_watermark_offsets(TopicPartition(BEDSIDE.name, partition), timeout=ANSWER_S)
        assign(self._ticks, BEDSIDE.name, {partition: found.offset})
        place, until = found.offset, time.monotonic() + ANSWER_S
        while place < end and time.monotonic() < until:
            for record in records(self._ticks, BATCH, 0.2):
                place = (record.offset() or 0) + 1
                if record.key() is None:  # only ticks have none
                    self._hearing.tick(partition, record.timestamp()[1] / 1000)
        self._ticks.unassign()
        self._hearing.look(partition, looked_s)
