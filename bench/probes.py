"""Probes: single charted breaches, each of a patient of its own, watched until their row can be read in Cassandra."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from types import TracebackType
from typing import Final, Self

from confluent_kafka import Message as Record
from confluent_kafka import Producer

from bench.scan import Place, place_of
from lakehouse.cassandra import Cassandra
from lakehouse.folding import EPOCH
from lakehouse.kafka import producer_config
from lakehouse.messages import Admission, Reading, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS
from lakehouse.topics import BEDSIDE

EVERY_S: Final = 0.5
_LOOK_EVERY_S: Final = 0.003
GIVE_UP_S: Final = 10.0


class Probes:
    """Sends probes in a thread while the block lasts; `readable_ms` then tells when each row could be read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes")
        self.readable_ms: dict[Place, float] = {}  # place of the probe in the log -> ms since 1970
        self.lost = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        producer = Producer(
            producer_config(self._settings, Service.BATCH, linger_ms=0, delivery_report_only_error=False)
        )
        run = f"{time.time():.0f}"
        with Cassandra(self._settings, Service.BATCH) as cassandra:
            for number in count():
                if self._stop.wait(EVERY_S):
                    return
                self._probe(producer, cassandra, f"probe-{run}-{number}")

    def _probe(self, producer: Producer, cassandra: Cassandra, patient_id: str) -> None:
        measured_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
        # Charted once a minute: one value beyond the limit is enough.
        breach = Reading(patient_id=patient_id, measured_at=measured_at, period_s=60, vitals=Vitals(heart_rate_bpm=130))
        place = self._send(producer, breach)
        alert_id = f"{patient_id}.heart_rate_high.{(measured_at - EPOCH) // timedelta(milliseconds=1)}"
        gives_up = time.monotonic() + GIVE_UP_S
        while not cassandra.select(ALERT_EVENTS, {"patient_id": patient_id, "alert_id": alert_id}):
            if time.monotonic() > gives_up:
                self.lost += 1
                return
            time.sleep(_LOOK_EVERY_S)
        self.readable_ms[place] = time.time() * 1000
        self._send(producer, Admission(patient_id=patient_id, event="discharge"))

    def _send(self, producer: Producer, message: Reading | Admission) -> Place:
        written: list[Record] = []
        producer.produce(
            BEDSIDE.name,
            key=message.patient_id.encode(),
            value=encode(message),
            on_delivery=lambda _, record: written.append(record),
        )
        producer.flush()
        return place_of(written[0])
