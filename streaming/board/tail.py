"""The ends of the log and of `alerts`, followed live: vitals within a tenth of a second, pulses, and what has changed.

Bare consumers, beside the alarms and not before them: the board loads the broker with one more reader, and no store.
Ten thousand readings are decoded in 20 ms; what the whole process needs is measured by `bench board`.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import ExitStack, closing
from threading import Event
from types import TracebackType
from typing import Final, Self, TypeAlias

from confluent_kafka import KafkaException

from lakehouse.errors import DecodeError, StoreError
from lakehouse.events import AlertEvent, decode
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.log import LogSlice
from lakehouse.messages import Admission, Command, Limits
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS
from streaming.background import Background
from streaming.bedside_log import BedsideLog
from streaming.board.changes import Changes
from streaming.board.freshness import Signs
from streaming.board.history import History
from streaming.board.tiles import Stay

logger = logging.getLogger(__name__)

READ_S: Final = 0.1
MOST_EVENTS: Final = 2_000
KEPT_REFUSALS: Final = 1_000
MARK_MS: Final = 1_000
MOST_MARKS: Final = 3_600
MINUTE_MS: Final = 60_000
LOOK_BACK_MINUTES: Final = 60
SAMPLE_MS: Final = 1_500  # of each minute before the start so much is read: each monitor at 1 Hz is in it

Place: TypeAlias = tuple[int, int]  # partition and offset in `bedside`


class Tail:
    """Follows both topics in a thread of its own. A context manager.

    Whatever it holds begins at its start; of the vitals of the hour before, it reads a sample of each minute. After an
    outage it goes on where it was.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._heartbeat = Heartbeat(settings.run / "heartbeats" / f"{Service.BOARD}.json")
        self._threads = ExitStack()
        self._begun: dict[int, int] = {}  # partition -> from where on nothing was missed
        self._next: dict[int, int] = {}  # where to read on in each partition of `bedside`,
        self._next_alerts: dict[int, int] = {}  # and of `alerts`
        self._log_ms: dict[int, int] = {}
        self._marks: dict[int, deque[tuple[int, int]]] = {}  # partition -> offsets, and when each was received
        self._alarms_ms: dict[int, int] = {}  # partition -> of what was received until then the alarms are out
        self._said: dict[int, int] = {}  # partition -> how far the last pulse said that events are out,
        self._folded: dict[int, int] = {}  # and the one before it
        self._refusals: OrderedDict[Place, str] = OrderedDict()
        self.started_ms = int(time.time() * 1000)
        self.changes = Changes()
        self.history = History()
        self.stays: dict[str, Stay] = {}

    def __enter__(self) -> Self:
        self._heartbeat.beat("starting")
        self._threads.enter_context(Background("tail", self._follow))
        self._threads.enter_context(Background("look back", self._look_back))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.close()

    # ---------------------------------------------------------------------------------------------- what others ask

    def signs(self) -> Signs:
        """Return how far log and alarms are: of the partition that is worst off."""
        log_ms, alarms_ms = dict(self._log_ms), dict(self._alarms_ms)
        return Signs(
            self.started_ms,
            alarms_ms=min((alarms_ms.get(partition, 0) for partition in log_ms), default=0),
            log_ms=min(log_ms.values(), default=0),
        )

    def outcome(self, place: Place) -> str | None:
        """Return what came of a command at a place in the log: accepted, or why not; None while it may yet be said."""
        partition, offset = place
        if offset < self._begun.get(partition, 0):
            return "is not known: the board was cut off from the log"
        if place in self._refusals:
            return f"refused: {self._refusals[place]}"
        return "accepted" if self._folded.get(partition, 0) > offset else None

    # ------------------------------------------------------------------------------------------------- the threads

    def _follow(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                with (
                    BedsideLog(self._settings, Service.BOARD, in_no_hurry=True) as log,
                    closing(consumer(self._settings, Service.BOARD, "alerts")) as alerts,
                ):
                    self._begin(log.ends(), log_ends(alerts, ALERTS.name))
                    log.begin(self._next)
                    assign(alerts, ALERTS.name, self._next_alerts)
                    while not stop.is_set():
                        taken, _ = log.read(timeout_s=READ_S)
                        self._take(taken)
                        for record in records(alerts, MOST_EVENTS, 0.0):
                            self._take_alert(record.value() or b"")
                            self._next_alerts[record.partition() or 0] = (record.offset() or 0) + 1
                        self._heartbeat.beat("running", patients=len(self.history))
            except (StoreError, KafkaException) as error:  # the pages say that nothing arrives; it may pass
                logger.warning("the board does not see the log: %s; trying again", error)
                self._heartbeat.beat("waiting")
                stop.wait(1.0)

    def _begin(self, log: Mapping[int, tuple[int, int]], alerts: Mapping[int, tuple[int, int]]) -> None:
        """Go on where it was read last; where those records are gone, forget what followed from them, and begin anew.

        `log` and `alerts` are the first offset and the next one of each partition of the two topics.
        """
        if not (_holds(log, self._next) and _holds(alerts, self._next_alerts)):
            if self._next:
                logger.warning(
                    "records that the board has not read are gone; where patients lie is taken from the store"
                )
            self._next = {partition: end for partition, (_, end) in log.items()}
            self._begun = dict(self._next)
            self._next_alerts = {partition: end for partition, (_, end) in alerts.items()}
            self.stays.clear()
            self._marks.clear()
            self._alarms_ms.clear()
            self._said.clear()
            self._folded.clear()
            self._refusals.clear()
        self._log_ms = {partition: self._log_ms.get(partition, 0) for partition in log}

    def _take(self, log: LogSlice) -> None:
        if not len(log.partition):
            return
        self.history.take(log)
        for partition in set(log.partition.tolist()):
            rows = log.partition == partition
            self._log_ms[partition] = int(log.received_ms[rows][-1])
            self._mark(partition, int(log.offset[rows][0]), int(log.received_ms[rows][0]))
        for row, message in log.others.items():
            if isinstance(message, Admission):
                self._admit(message, int(log.received_ms[row]))
            elif isinstance(message, Limits | Command):
                self.changes.note(time.monotonic(), message.patient_id)
        for partition in set(log.partition.tolist()):  # last: what has failed is read again
            self._next[partition] = int(log.offset[log.partition == partition][-1]) + 1

    def _mark(self, partition: int, offset: int, received_ms: int) -> None:
        """Remember when an entry was received, about one a second of each partition."""
        marks = self._marks.setdefault(partition, deque(maxlen=MOST_MARKS))
        if not marks or received_ms - marks[-1][1] >= MARK_MS:
            marks.append((offset, received_ms))

    def _admit(self, message: Admission, received_ms: int) -> None:
        before = self.stays.get(message.patient_id)
        if message.event == "discharge":
            self.stays[message.patient_id] = Stay(None, None, received_ms)
            self.history.forget(message.patient_id)
            return
        ward_id = message.ward_id or (before.ward_id if before else None)
        bed = message.bed or (before.bed if before else None)
        gone_ms = before.discharged_ms if before else 0
        self.stays[message.patient_id] = Stay(ward_id, bed, gone_ms)

    def _take_alert(self, value: bytes) -> None:
        try:
            message = decode(value)
        except DecodeError:
            return  # the notifier and landing say so
        if isinstance(message, AlertEvent):
            wards = filter(None, (message.ward_id, message.from_ward_id))
            self.changes.note(time.monotonic(), message.patient_id, *wards)
            if message.step == "refuse":
                self._refusals[message.partition, message.offset] = message.reason or "not accepted"
                while len(self._refusals) > KEPT_REFUSALS:
                    self._refusals.popitem(last=False)
            return
        for partition, offset in message.positions.items():
            marks = self._marks.get(partition)
            while marks and marks[0][0] <= offset:
                self._alarms_ms[partition] = marks.popleft()[1]
            # A refusal stands in another partition than the pulse and may be read a moment after it.
            self._folded[partition] = self._said.get(partition, 0)
            self._said[partition] = max(offset, self._folded[partition])

    def _look_back(self, stop: Event) -> None:
        """Read a sample of each minute of the hour before, the newest first; without it the board would begin blank."""
        try:
            with BedsideLog(self._settings, Service.BOARD, in_no_hurry=True) as log:
                for minute in range(1, LOOK_BACK_MINUTES + 1):
                    at_ms = self.started_ms - minute * MINUTE_MS
                    for stretch in log.between(log.positions_at(at_ms), log.positions_at(at_ms + SAMPLE_MS)):
                        self.history.take(stretch)
                        if stop.is_set():
                            return
        except (StoreError, KafkaException) as error:
            logger.warning("the board shows no hour before its start: %s", error)


def _holds(topic: Mapping[int, tuple[int, int]], positions: Mapping[int, int]) -> bool:
    """Whether a topic still has, or will write next, what stands at these positions of all its partitions."""
    return topic.keys() == positions.keys() and all(
        first <= positions[partition] <= end for partition, (first, end) in topic.items()
    )
