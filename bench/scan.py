"""Latency from the log itself: both times are the broker's, so no clock of the benchmark is in the number."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from confluent_kafka import Consumer
from confluent_kafka import Message as Record
from numpy.typing import NDArray

from lakehouse.errors import StoreError
from lakehouse.events import AlertEvent, Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE

Positions = dict[int, int]
Place = tuple[int, int]  # partition and offset in `bedside`


class Scan:
    """What was written to `bedside` between two moments, from being made to `stop`, and the events that came of it."""

    def __init__(self, settings: Settings, topic: str = ALERTS.name) -> None:
        self._settings = settings
        self._topic = topic
        self._begin = self._ends()
        self._end: Positions = {}

    def stop(self) -> None:
        """Count no entry from now on."""
        self._end = self._ends()[BEDSIDE.name]

    def wait(self, patience_s: float = 300) -> None:
        """Wait until every event of the stretch is out, as the pulses say: a slow one must not be left out.

        Raises
        ------
        StoreError
            When patience is over.
        """
        out: dict[int, int] = {}
        reader = consumer(self._settings, Service.ADMIN, "bench")
        assign(reader, ALERTS.name, {0: self._begin[ALERTS.name][0]})  # pulses stand in partition 0
        gives_up = time.monotonic() + patience_s
        try:
            while any(out.get(partition, 0) < end for partition, end in self._end.items()):
                for record in records(reader, 10_000, 1.0):
                    message = decode(record.value() or b"")
                    if isinstance(message, Pulse):
                        out |= {p: max(place, out.get(p, 0)) for p, place in message.positions.items()}
                if time.monotonic() > gives_up:
                    raise StoreError(f"alarms must come out; those of the stretch are not after {patience_s:.0f} s")
        finally:
            reader.close()

    def _ends(self) -> dict[str, Positions]:
        reader = consumer(self._settings, Service.ADMIN, "bench")
        try:
            return {
                name: {p: end for p, (_, end) in log_ends(reader, name).items()} for name in (self._topic, BEDSIDE.name)
            }
        finally:
            reader.close()

    def appends_ms(self) -> tuple[NDArray[np.float64], list[dict[str, float]]]:
        """Return for every event of the stretch when its reading and it itself were appended, and the lane's hops.

        Returns
        -------
        (n, 2) float array, list
            In ms since 1970. Of an event that was written twice, the first time counts.
        """
        ends = self._ends()[self._topic]
        events_ms: dict[Place, int] = {}
        hops_ms: list[dict[str, float]] = []
        for record in self._read(self._topic, ends):
            message = decode(record.value() or b"")
            if isinstance(message, AlertEvent):
                events_ms.setdefault((message.partition, message.offset), record.timestamp()[1])
            elif message.writer == "alarms":
                hops_ms.append(message.hops_ms)
        pairs = [
            (record.timestamp()[1], events_ms[place])
            for record in self._read(BEDSIDE.name, self._end)
            if (place := place_of(record)) in events_ms
        ]
        return np.array(pairs, dtype=np.float64).reshape(-1, 2), hops_ms

    def appended_ms(self, places: set[Place]) -> dict[Place, int]:
        """Return when these entries of the bedside log were appended."""
        found = self._read(BEDSIDE.name, self._end)
        return {place_of(record): record.timestamp()[1] for record in found if place_of(record) in places}

    def _read(self, topic: str, end: Mapping[int, int]) -> list[Record]:
        reader: Consumer = consumer(self._settings, Service.ADMIN, "bench")
        begin = self._begin[topic]
        assign(reader, topic, begin)
        left = sum(end[p] - begin[p] for p in end)
        found: list[Record] = []
        try:
            while left > 0:
                for record in records(reader, 10_000, 1.0):
                    partition, offset = place_of(record)
                    if offset < end[partition]:
                        found.append(record)
                        left -= 1
        finally:
            reader.close()
        return found


def place_of(record: Record) -> Place:
    """Return where a consumed record stands in its topic."""
    partition, offset = record.partition(), record.offset()
    if partition is None or offset is None:
        raise ValueError("a consumed record has a partition and an offset; found none")
    return partition, offset
