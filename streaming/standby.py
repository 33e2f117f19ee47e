"""The standby: the same fold in a bare consumer, silent while the lane lives.

It holds every event until the lane's pulse says that the lane has passed it. When the pulse is older than 2 s, it
writes what it holds and goes on writing until the lane is back. Ids come from content, so an overlap writes the same
rows again and harms nothing. That bridges the quarter of a minute in which a Spark driver restarts.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Final

from confluent_kafka import Consumer

from lakehouse.errors import DecodeError
from lakehouse.events import AlertEvent, Pulse, decode
from lakehouse.faults import fault_point
from lakehouse.folding import AlarmFold, warm_up
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS
from streaming.bedside_log import BedsideLog
from streaming.partitions import heartbeat_file, lane_name, parse_partitions, snapshot_folder
from streaming.sink import EventSink, Outcome, Request, requests_of, urgent_first
from streaming.snapshots import Snapshots

logger = logging.getLogger(__name__)

TAKE_OVER_AFTER_S: Final = 2.0
PULSE_EVERY_S: Final = 1.0
POLL_S: Final = 0.05


class Held:
    """What is decided but not written, by partition, each in the order of the log."""

    def __init__(self) -> None:
        self._waiting: defaultdict[int, deque[AlertEvent | Request]] = defaultdict(deque)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, events: Sequence[AlertEvent], requests: Sequence[Request]) -> None:
        """Hold more, from one stretch of the log."""
        both: list[AlertEvent | Request] = [*events, *requests]
        for each in sorted(both, key=lambda each: each.offset):
            self._waiting[each.partition].append(each)

    def drop_before(self, positions: Mapping[int, int]) -> None:
        """Forget what the lane has written: everything before these positions."""
        for partition, position in positions.items():
            waiting = self._waiting[partition]
            while waiting and waiting[0].offset < position:
                waiting.popleft()

    def take(self) -> Outcome:
        """Return everything, and hold nothing."""
        everything = [each for waiting in self._waiting.values() for each in waiting]
        self._waiting.clear()
        return Outcome(
            [each for each in everything if isinstance(each, AlertEvent)],
            [each for each in everything if isinstance(each, Request)],
        )


class Watch:
    """Whether the lane lives, by its pulses. `monotonic` is a clock in seconds."""

    def __init__(self, lane: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lane = lane
        self._monotonic = monotonic
        self._heard_at = monotonic()

    def hear(self, pulse: Pulse) -> bool:
        """Note a pulse; say whether it is that of the lane."""
        is_lane = pulse.writer == "alarms" and pulse.lane == self._lane
        if is_lane:
            self._heard_at = self._monotonic()
        return is_lane

    @property
    def silent_s(self) -> float:
        """For how long the lane has been silent."""
        return self._monotonic() - self._heard_at


def run(settings: Settings, partitions_text: str | None, stop: Event) -> None:
    """Follow the lane of these partitions until told to stop."""
    lane = lane_name(parse_partitions(partitions_text, settings.kafka.partitions))
    heartbeat = Heartbeat(heartbeat_file(settings, "standby", partitions_text))
    with (
        Snapshots(snapshot_folder(settings, lane)) as snapshots,
        BedsideLog(settings, Service.STANDBY, in_no_hurry=True) as log,
        EventSink(settings, Service.STANDBY) as sink,
    ):
        warm_up()
        fold = _first_snapshot(snapshots, heartbeat, stop)
        if fold is not None:
            log.begin(fold.positions)
            _follow(settings, lane, fold, log, sink, heartbeat, stop)


def _first_snapshot(snapshots: Snapshots, heartbeat: Heartbeat, stop: Event) -> AlarmFold | None:
    """Wait until the lane has saved its state for the first time."""
    while not stop.is_set():
        fold = snapshots.newest()
        if fold is not None:
            return fold
        heartbeat.beat("waiting for the lane's first snapshot")
        stop.wait(0.5)
    return None


def _follow(
    settings: Settings, lane: str, fold: AlarmFold, log: BedsideLog, sink: EventSink, heartbeat: Heartbeat,
    stop: Event,
) -> None:  # fmt: skip
    reader = consumer(settings, Service.STANDBY, "pulse", fetch_wait_max_ms=100)
    assign(reader, ALERTS.name, {0: log_ends(reader, ALERTS.name)[0][1]})
    held, watch, counts = Held(), Watch(lane), Counter[str]()
    pulsed_at = 0.0
    try:
        while not stop.is_set():
            entries, bad = log.read(timeout_s=POLL_S)
            events = fold.fold(entries)
            held.add(events, requests_of(entries))
            counts.update(entries=len(entries.partition), quarantined=len(bad))
            for pulse in _pulses(reader):
                if watch.hear(pulse):
                    held.drop_before(pulse.positions)
            is_active = watch.silent_s > TAKE_OVER_AFTER_S
            if is_active:
                counts.update(events_written=len(held))
                for part in urgent_first(held.take()):
                    sink.write(part)
                fault_point("standby.after_write")
                if time.monotonic() - pulsed_at >= PULSE_EVERY_S:
                    pulsed_at = time.monotonic()
                    sink.pulse(lane, fold.positions)
            heartbeat.beat("writing: the lane is silent" if is_active else "silent", held=len(held), **counts)
    finally:
        reader.close()


def _pulses(reader: Consumer) -> list[Pulse]:
    pulses = []
    for record in records(reader, 10_000, 0.0):
        try:
            message = decode(record.value() or b"")
        except DecodeError as error:
            logger.warning("%s[%d]@%d: %s", record.topic(), record.partition(), record.offset(), error)
            continue
        if isinstance(message, Pulse):
            pulses.append(message)
    return pulses
