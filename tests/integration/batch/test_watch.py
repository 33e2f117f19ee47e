"""What the watch sees of a real log."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from batch.watch import look
from lakehouse.kafka import LogWriter
from lakehouse.messages import Reading, Tick, Vitals, encode
from lakehouse.settings import Service, Settings
from tests.integration.streaming.own_lake import ends_of, with_own_lake
from waiting import until


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
