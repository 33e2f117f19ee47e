"""Listens to Kafka for the watchdog: all pulses, and now and then two seconds of the bedside log, for the clock's tick.

At 10,000 patients the bedside log carries 10,000 records a second; a tenth of them is read while the clock ticks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from confluent_kafka import OFFSET_END, KafkaException, TopicPartition

from lakehouse.errors import DecodeError, StoreError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.watchdog.hearing import Hearing

logger = logging.getLogger(__name__)

TICKS_EVERY_S: Final = 8.0
WINDOW_S: Final = 2.0  # a second more than from tick to tick
ANSWER_S: Final = 2.0
BATCH: Final = 5000
PULSES: Final = TopicPartition(ALERTS.name, 0)  # pulses are in the first partition


class Ears:
    """A context manager. `listen` takes a few seconds at most, whatever Kafka does. `monotonic` is a clock in seconds.

    Only what is written from now on is heard, and when it was heard is what counts: what stands in the log already may
    be of any age.
    """

    def __init__(self, settings: Settings, hearing: Hearing, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._hearing = hearing
        self._monotonic = monotonic
        self._pulses = consumer(settings, Service.WATCHDOG, "pulses", fetch_wait_max_ms=100)
        self._ticks = consumer(settings, Service.WATCHDOG, "ticks", fetch_wait_max_ms=100)
        self._follows_since: float | None = None
        self._said = ""
        self._looked_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pulses.close()
        self._ticks.close()

    def listen(self) -> None:
        """Listen once: to the pulses, and to the clock where that is due."""
        try:
            self._hear_pulses()
            if self._monotonic() - self._looked_at >= TICKS_EVERY_S:
                self._looked_at = self._monotonic()
                self._hear_ticks()
        except (StoreError, KafkaException) as error:
            # Whatever it is, it shows as a Kafka that has not answered.
            if str(error) != self._said:
                logger.warning("%s", error)
            self._said, self._follows_since = str(error), None

    def _hear_pulses(self) -> None:
        if self._follows_since != self._hearing.since_s:
            _, end = self._pulses.get_watermark_offsets(PULSES, timeout=ANSWER_S)
            assign(self._pulses, ALERTS.name, {0: end})
            self._follows_since = self._hearing.since_s
        for record in records(self._pulses, BATCH, 0.1):
            value = record.value() or b""
            if b'"pulse"' not in value[:40]:
                continue
            try:
                message = decode(value)
            except DecodeError:  # somebody else's; those who fold say so
                continue
            if isinstance(message, Pulse):
                self._hearing.pulse(message.positions, self._monotonic())

    def _hear_ticks(self) -> None:
        """Listen at the end of the log until the clock has ticked everywhere, or should have twice."""
        silent = set(self._hearing.partitions)
        assign(self._ticks, BEDSIDE.name, dict.fromkeys(silent, OFFSET_END))
        until = self._monotonic() + WINDOW_S
        while silent and self._monotonic() < until:
            for record in records(self._ticks, BATCH, 0.1):
                partition = record.partition()
                if record.key() is None and partition is not None:  # only ticks have no key
                    self._hearing.tick(partition, self._monotonic())
                    silent.discard(partition)
        self._ticks.unassign()
        if silent:  # is it the clock, or Kafka?
            self._ticks.get_watermark_offsets(TopicPartition(BEDSIDE.name, min(silent)), timeout=ANSWER_S)
        self._hearing.look(self._monotonic())
