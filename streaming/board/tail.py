"""The ends of the log and of `alerts`, followed live: vitals within a tenth of a second, pulses, and what has changed.

Bare consumers, beside the alarms and not before them: the board loads the broker with one more reader, and no store.
Ten thousand readings are decoded in 20 ms; what the whole process needs is measured by `bench board`.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from contextlib import closing
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaException

from lakehouse.errors import DecodeError, StoreError
from lakehouse.events import AlertEvent, decode
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.log import LogSlice
from lakehouse.messages import Admission, Command, Limits
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS
from streaming.bedside_log import BedsideLog
from streaming.board.freshness import Signs
from streaming.board.history import History
from streaming.board.tiles import Stay

logger = logging.getLogger(__name__)

READ_S: Final = 0.1
MOST_EVENTS: Final = 2_000
KEPT_REFUSALS: Final = 1_000
CHANGES_KEPT_S: Final = 60.0
MINUTE_MS: Final = 60_000
LOOK_BACK_MINUTES: Final = 60
SAMPLE_MS: Final = 1_500  # of each minute before the start so much is read: each monitor at 1 Hz is in it

Place = tuple[int, int]  # partition and offset in `bedside`


class Tail:
    """Follows both topics in a thread of its own. A context manager.

    Whatever it holds begins at its start; of the vitals of the hour before, it reads a sample of each minute.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = Event()
        self._heartbeat = Heartbeat(settings.run / "heartbeats" / f"{Service.BOARD}.json")
        self._threads = [Thread(target=run, name=run.__name__, daemon=True) for run in (self._follow, self._look_back)]
        self._log_ms: dict[int, int] = {}
        self._pulse_ms: dict[int, int] = {}  # of each partition, whoever folds it
        self._said: dict[int, int] = {}  # partition -> how far the last pulse said that events are out,
        self._folded: dict[int, int] = {}  # and the one before it
        self._changed_s: dict[str, float] = {}
        self._refusals: OrderedDict[Place, str] = OrderedDict()
        self.started_ms = int(time.time() * 1000)
        self.history = History()
        self.stays: dict[str, Stay] = {}

    def __enter__(self) -> Self:
        self._heartbeat.beat("starting")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    # ---------------------------------------------------------------------------------------------- what others ask

    def signs(self) -> Signs:
        """Return when log and alarms were last heard of: of the partition that is worst off."""
        log_ms, pulse_ms = dict(self._log_ms), dict(self._pulse_ms)
        return Signs(
            self.started_ms,
            pulse_ms=min((pulse_ms.get(partition, 0) for partition in log_ms), default=0),
            log_ms=min(log_ms.values(), default=0),
        )

    def changed_s(self, subject: str) -> float:
        """Return when a ward or a patient was last spoken of in the log; monotonic seconds, 0 = not lately."""
        return self._changed_s.get(subject, 0.0)

    def outcome(self, place: Place) -> str | None:
        """Return what came of a command at a place in the log: accepted, or why not; None while that is not known."""
        partition, offset = place
        if place in self._refusals:
            return f"refused: {self._refusals[place]}"
        return "accepted" if self._folded.get(partition, 0) > offset else None

    # ------------------------------------------------------------------------------------------------- the threads

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                with (
                    BedsideLog(self._settings, Service.BOARD, in_no_hurry=True) as log,
                    closing(consumer(self._settings, Service.BOARD, "alerts")) as alerts,
                ):
                    ends = {partition: end for partition, (_, end) in log.ends().items()}
                    self._log_ms = dict.fromkeys(ends, 0)
                    log.begin(ends)
                    assign(alerts, ALERTS.name, {p: end for p, (_, end) in log_ends(alerts, ALERTS.name).items()})
                    while not self._stop.is_set():
                        taken, _ = log.read(timeout_s=READ_S)
                        self._take(taken)
                        for record in records(alerts, MOST_EVENTS, 0.0):
                            self._take_alert(record.value() or b"", record.timestamp()[1])
                        self._heartbeat.beat("running", patients=len(self.history))
            except Exception as error:  # whatever it is: the pages say that nothing arrives, and it may pass
                logger.warning("the board does not see the log: %s; trying again", error)
                self._heartbeat.beat("waiting")
                self._stop.wait(1.0)

    def _take(self, log: LogSlice) -> None:
        if not len(log.partition):
            return
        self.history.take(log)
        for partition in set(log.partition.tolist()):
            self._log_ms[partition] = int(log.received_ms[log.partition == partition][-1])
        for row, message in log.others.items():
            if isinstance(message, Admission):
                self._admit(message, int(log.received_ms[row]))
            elif isinstance(message, Limits | Command):
                self._note(message.patient_id)

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

    def _take_alert(self, value: bytes, appended_ms: int) -> None:
        try:
            message = decode(value)
        except DecodeError:
            return  # the notifier and landing say so
        if isinstance(message, AlertEvent):
            self._note(message.patient_id, *filter(None, (message.ward_id, message.from_ward_id)))
            if message.step == "refuse":
                self._refusals[message.partition, message.offset] = message.reason or "not accepted"
                while len(self._refusals) > KEPT_REFUSALS:
                    self._refusals.popitem(last=False)
            return
        for partition, offset in message.positions.items():
            self._pulse_ms[partition] = appended_ms
            # A refusal stands in another partition than the pulse and may be read a moment after it.
            self._folded[partition] = self._said.get(partition, 0)
            self._said[partition] = max(offset, self._folded[partition])

    def _note(self, *subjects: str) -> None:
        now_s = time.monotonic()
        self._changed_s = {
            name: at_s for name, at_s in self._changed_s.items() if now_s - at_s < CHANGES_KEPT_S
        } | dict.fromkeys(subjects, now_s)

    def _look_back(self) -> None:
        """Read a sample of each minute of the hour before, the newest first; without it the board would begin blank."""
        try:
            with BedsideLog(self._settings, Service.BOARD, in_no_hurry=True) as log:
                for minute in range(1, LOOK_BACK_MINUTES + 1):
                    at_ms = self.started_ms - minute * MINUTE_MS
                    for stretch in log.between(log.positions_at(at_ms), log.positions_at(at_ms + SAMPLE_MS)):
                        self.history.take(stretch)
                        if self._stop.is_set():
                            return
        except (StoreError, KafkaException) as error:
            logger.warning("the board shows no hour before its start: %s", error)
