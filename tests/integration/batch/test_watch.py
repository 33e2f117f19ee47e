"""What the watch sees of a real log."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import TopicPartition

from batch.watch import look
from lakehouse.events import AlertEvent
from lakehouse.events import encode as encode_event
from lakehouse.kafka import LogWriter, consumer, log_ends
from lakehouse.messages import Reading, Tick, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS
from tests.integration.streaming.own_lake import ends_of, with_own_lake
from waiting import until

# Nobody gets a mail about it.
REFUSED = AlertEvent(
    event_id="p.refused.0-1", patient_id="p", step="refuse", received_at=datetime.now(UTC), partition=0, offset=1
)


def test_a_reading_does_not_make_a_dead_clock_young(settings: Settings, tmp_path: Path) -> None:
    own = with_own_lake(settings, tmp_path, ["bedside"])
    partitions = list(ends_of(own, "bedside"))
    with LogWriter(own, Service.CLOCK) as clock:
        for partition in partitions:
            clock.send("bedside", None, encode(Tick()), partition=partition)
    ticked = time.time()
    reading = Reading(patient_id="p", measured_at=datetime.now(UTC), vitals=Vitals(heart_rate_bpm=80))
    with LogWriter(own, Service.MONITORS) as monitors:

        def measure_for_two_seconds() -> bool:
            for partition in partitions:
                monitors.send("bedside", b"p", encode(reading), partition=partition)
            return time.time() - ticked > 2

        assert until(measure_for_two_seconds, 10)

    assert sorted(look(own).tick_age_s) == partitions
    assert min(look(own).tick_age_s.values()) > 2


def test_an_alert_that_the_notifier_has_not_dealt_with_is_seen(settings: Settings, tmp_path: Path) -> None:
    own = with_own_lake(settings, tmp_path, ["bedside"])
    notifier = consumer(own, Service.NOTIFY)
    try:
        told = [TopicPartition(ALERTS.name, each, end) for each, (_, end) in log_ends(notifier, ALERTS.name).items()]
        notifier.commit(offsets=told, asynchronous=False)
        assert look(own).mail_age_s == {}
        with LogWriter(own, Service.ALARMS) as lane:
            lane.send(ALERTS.name, b"p", encode_event(REFUSED), partition=told[0].partition)
        assert list(look(own).mail_age_s) == [told[0].partition]
    finally:
        notifier.close()
