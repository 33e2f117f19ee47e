"""What the writers of the bedside log leave in a real Kafka."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import numpy as np
import pytest
from confluent_kafka import Consumer, Message

from clinical.vitals import INDEX, VITALS
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.messages import Admission, Reading, Tick, decode
from lakehouse.settings import Service, Settings
from streaming.bedside import clock, replay, simulator
from streaming.bedside.partitioner import partition_of
from streaming.bedside.recordings.recording import Recording
from streaming.bedside.simulation import Script

DEADLINE_S = 60.0


@contextmanager
def from_now_on(settings: Settings) -> Iterator[Consumer]:
    with consumer(settings, Service.ALARMS, group=uuid4().hex) as reader:
        ends = {partition: high for partition, (_, high) in log_ends(reader, "bedside").items()}
        assign(reader, "bedside", ends)
        yield reader


def taken(reader: Consumer, count: int, prefix: bytes) -> list[Message]:
    found: list[Message] = []
    deadline = time.monotonic() + DEADLINE_S
    while len(found) < count and time.monotonic() < deadline:
        found += [record for record in records(reader, 1000, 0.1) if (record.key() or b"").startswith(prefix)]
    return found


def recording(patient_id: str, heart_rates: list[float]) -> Recording:
    values = np.full((len(heart_rates), len(VITALS)), np.nan)
    values[:, INDEX["heart_rate_bpm"]] = heart_rates
    return Recording(patient_id, f"{patient_id}-monitor", 1.0, np.arange(float(len(heart_rates))), values)


def test_the_clock_ticks_in_every_partition_once_a_second(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"run": tmp_path})
    partitions, stop = settings.kafka.partitions, Event()
    with from_now_on(settings) as reader:
        ticking = Thread(target=clock.run, args=(settings, stop))
        ticking.start()
        ticks: dict[int, list[float]] = defaultdict(list)
        deadline = time.monotonic() + DEADLINE_S
        while (len(ticks) < partitions or min(map(len, ticks.values())) < 3) and time.monotonic() < deadline:
            for record in records(reader, 100, 0.1):
                if isinstance(decode(record.value()), Tick):
                    ticks[record.partition() or 0].append(record.timestamp()[1] / 1000)
        stop.set()
        ticking.join()
    assert sorted(ticks) == list(range(partitions))
    for times in ticks.values():
        assert np.diff(times).mean() == pytest.approx(1, abs=0.5)
    assert '"state": "stopped"' in (tmp_path / "heartbeats" / "clock.json").read_text()


def test_a_replay_admits_and_then_plays_each_patient_in_order(settings: Settings) -> None:
    run = uuid4().hex[:8]
    played = [recording(f"{run}-a", [80, 81, 82]), recording(f"{run}-b", [60, 61, 62])]
    with from_now_on(settings) as reader:
        counted = replay.run(settings, played, Event(), speed=float("inf"), discharge=True)
        found = taken(reader, 10, run.encode())
    assert (counted.patients, counted.readings) == (2, 6)
    by_patient: dict[str, list[object]] = defaultdict(list)
    for record in found:
        message = decode(record.value())
        assert isinstance(message, Admission | Reading)
        rate = message.vitals.heart_rate_bpm if isinstance(message, Reading) else message.event
        by_patient[message.patient_id].append(rate)
    assert by_patient == {
        f"{run}-a": ["admit", 80, 81, 82, "discharge"],
        f"{run}-b": ["admit", 60, 61, 62, "discharge"],
    }


def test_no_device_clock_runs_ahead_of_the_log(settings: Settings) -> None:
    run = uuid4().hex[:8]
    with from_now_on(settings) as reader:
        replay.run(settings, [recording(f"{run}-a", [80.0] * 100)], Event(), speed=50)
        found = taken(reader, 101, run.encode())
    assert len(found) == 101
    for record in found:
        message = decode(record.value())
        if isinstance(message, Reading):
            assert message.measured_at.timestamp() * 1000 <= record.timestamp()[1] + 1


def test_stopping_a_replay_still_writes_what_was_sent(settings: Settings) -> None:
    run, stop = uuid4().hex[:8], Event()
    with from_now_on(settings) as reader:
        counted = replay.run(
            settings, [recording(f"{run}-a", [80.0] * 600)], stop, speed=1, progress=lambda _: stop.set()
        )
        found = taken(reader, 1 + counted.readings, run.encode())
    assert 1 <= counted.readings < 600
    assert len(found) == 1 + counted.readings


@pytest.mark.parametrize("workers", [1, 2], ids=lambda workers: f"{workers} workers")
def test_simulated_patients_arrive_whole_in_the_partitions_of_their_ids(
    settings: Settings, tmp_path: Path, workers: int
) -> None:
    seed = int(uuid4().hex[:7], 16)
    script = Script(patients=300, seed=seed, seconds=5, deteriorations_per_day=5000)
    labels = tmp_path / "labels.jsonl"
    with from_now_on(settings) as reader:
        done = simulator.run(settings, script, Event(), speed=float("inf"), workers=workers, labels=labels)
        found = taken(reader, 300 + 300 * 5, f"sim{seed}-".encode())
    assert done.readings == 1500
    readings: dict[str, list[Reading]] = defaultdict(list)
    for record in found:
        assert record.partition() == partition_of(record.key() or b"", settings.kafka.partitions)
        message = decode(record.value())
        if isinstance(message, Reading):
            readings[message.patient_id].append(message)
    assert sorted(readings) == script.patient_ids
    for own in readings.values():
        times = [reading.measured_at.timestamp() for reading in own]
        assert np.diff(times) == pytest.approx([1, 1, 1, 1])
    assert labels.read_text().count("\n") > 0
    assert [path.name for path in tmp_path.iterdir()] == ["labels.jsonl"]
