"""The standby: the same fold in a bare consumer, silent while the lane lives.

It holds every event until the lane's pulse says that the lane has passed it. When the lane has been silent for 2 s, it
writes what it holds and goes on writing until the lane is back. While the lane lives but is behind, in a storm or after
an outage, it writes what concerns patients with a high-priority alarm when that has waited for 10 s, and everything
when it has waited for 30 s: no urgent alarm waits for thousands of lesser ones. Ids come from content, so an overlap
writes the same rows again and harms nothing.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, takewhile
from threading import Event
from typing import Final, NamedTuple

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
# How old what it holds may be while the lane lives. What is written twice slows a lane in a storm down: after 2 s,
# it fell behind for good.
HELP_URGENT_AFTER_S: Final = 10.0
HELP_AFTER_S: Final = 30.0
PULSE_EVERY_S: Final = 1.0
POLL_S: Final = 0.05


class _Item(NamedTuple):
    since_s: float
    what: AlertEvent | Request


class Held:
    """What is decided but not written, by partition, each in the order of the log."""

    def __init__(self) -> None:
        self._waiting: defaultdict[int, deque[_Item]] = defaultdict(deque)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, events: Sequence[AlertEvent], requests: Sequence[Request], now_s: float) -> None:
        """Hold more, from one stretch of the log."""
        both: list[AlertEvent | Request] = [*events, *requests]
        for each in sorted(both, key=lambda each: each.offset):
            self._waiting[each.partition].append(_Item(now_s, each))

    def drop_before(self, positions: Mapping[int, int]) -> None:
        """Forget what the lane has written: everything before these positions."""
        for partition, position in positions.items():
            waiting = self._waiting[partition]
            while waiting and waiting[0].what.offset < position:
                waiting.popleft()

    def take(self, until_s: float, urgent_until_s: float) -> Outcome:
        """Return one part of what is due, the most urgent first, and hold it no more.

        Due is what is held since `until_s` or longer, and of patients with an alarm of high priority what is held since
        `urgent_until_s`.
        """
        late = [
            item
            for waiting in self._waiting.values()
            for item in takewhile(lambda item: item.since_s <= urgent_until_s, waiting)
        ]
        urgent = {_patient_of(item.what) for item in late if _is_urgent(item.what)}
        due = [item.what for item in late if item.since_s <= until_s or _patient_of(item.what) in urgent]
        everything = Outcome(
            [each for each in due if isinstance(each, AlertEvent)],
            [each for each in due if isinstance(each, Request)],
        )
        part = next(urgent_first(everything), everything)
        taken = set(map(id, chain(*part)))
        for partition, waiting in self._waiting.items() if taken else ():
            self._waiting[partition] = deque(item for item in waiting if id(item.what) not in taken)
        return part

    def out(self, positions: Mapping[int, int]) -> dict[int, int]:
        """Return the offsets before which nothing is held, in a log that is folded up to `positions`."""
        return {
            partition: waiting[0].what.offset if (waiting := self._waiting[partition]) else position
            for partition, position in positions.items()
        }


def _patient_of(item: AlertEvent | Request) -> str:
    """Return whom an item concerns."""
    return item.patient_id if isinstance(item, AlertEvent) else item.message.patient_id


def _is_urgent(item: AlertEvent | Request) -> bool:
    """Return whether an item must not wait for others."""
    return isinstance(item, AlertEvent) and item.priority == "high"


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
        EventSink(settings, Service.STANDBY, heartbeat) as sink,
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
            held.add(events, requests_of(entries), time.monotonic())
            counts.update(entries=len(entries.partition), quarantined=len(bad))
            for pulse in _pulses(reader):
                if watch.hear(pulse):
                    held.drop_before(pulse.positions)
            is_silent = watch.silent_s > TAKE_OVER_AFTER_S
            now = time.monotonic()
            part = held.take(now, now) if is_silent else held.take(now - HELP_AFTER_S, now - HELP_URGENT_AFTER_S)
            is_behind = any(part)
            if is_behind:
                sink.write(part)
                counts.update(written=len(part.events) + len(part.requests))
                fault_point("standby.after_write")
            if (is_silent or is_behind) and time.monotonic() - pulsed_at >= PULSE_EVERY_S:
                pulsed_at = time.monotonic()
                sink.pulse(lane, held.out(fold.positions))
            why = "the lane is silent" if is_silent else "the lane is behind"
            state = f"writing: {why}" if is_silent or is_behind else "silent"
            heartbeat.beat(state, held=len(held), **counts)
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
