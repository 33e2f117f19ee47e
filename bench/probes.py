"""Probes: single charted breaches, each of a patient of its own, watched until their row can be read in Cassandra."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
_LOOK_AGAIN: Final = 0.05  # of the time waited: many that wait long must not keep the database busy with looks
GIVE_UP_S: Final = 30.0


@dataclass(slots=True)
class _Probe:
    patient_id: str
    alert_id: str
    place: Place
    sent_s: float
    look_at_s: float = 0.0


class Probes:
    """Sends probes in a thread while the block lasts, whether or not those before are through.

    `readable_ms` then tells when each row could be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(1, "probes")
        self.readable_ms: dict[Place, float] = {}  # place of the probe in the log -> ms since 1970
        self.lost = 0

    def __enter__(self) -> Self:
        self._sending = self._pool.submit(self._run)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._pool.shutdown()
        self._sending.result()  # or what has ended it

    def _run(self) -> None:
        producer = Producer(
            producer_config(self._settings, Service.BATCH, linger_ms=0, delivery_report_only_error=False)
        )
        run = f"{time.time():.0f}"
        watched: list[_Probe] = []
        with Cassandra(self._settings, Service.BATCH) as cassandra:
            began = time.monotonic()
            for number in count():
                next_at = began + number * EVERY_S
                while (now := time.monotonic()) < next_at or (watched and self._stop.is_set()):
                    watched = [probe for probe in watched if not self._is_done(producer, cassandra, probe, now)]
                    time.sleep(_LOOK_EVERY_S)
                if self._stop.is_set():
                    return
                watched.append(self._probe(producer, f"probe-{run}-{number}"))

    def _probe(self, producer: Producer, patient_id: str) -> _Probe:
        measured_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
        # Charted once a minute: one value beyond the limit is enough.
        breach = Reading(patient_id=patient_id, measured_at=measured_at, period_s=60, vitals=Vitals(heart_rate_bpm=130))
        alert_id = f"{patient_id}.heart_rate_high.{(measured_at - EPOCH) // timedelta(milliseconds=1)}"
        return _Probe(patient_id, alert_id, self._send(producer, breach), time.monotonic())

    def _is_done(self, producer: Producer, cassandra: Cassandra, probe: _Probe, now_s: float) -> bool:
        """Look for a probe's row, and discharge its patient when it is there, or is not in time."""
        if now_s < probe.look_at_s:
            return False
        probe.look_at_s = now_s + _LOOK_AGAIN * (now_s - probe.sent_s)
        key = {"patient_id": probe.patient_id, "alert_id": probe.alert_id}
        if cassandra.select(ALERT_EVENTS, key):
            self.readable_ms[probe.place] = time.time() * 1000
        elif now_s - probe.sent_s > GIVE_UP_S:
            self.lost += 1
        else:
            return False
        self._send(producer, Admission(patient_id=probe.patient_id, event="discharge"))
        return True

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
