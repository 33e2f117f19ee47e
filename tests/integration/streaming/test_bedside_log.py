"""The log without Spark, from a real Kafka."""

from __future__ import annotations

import time
from uuid import uuid4

from lakehouse.kafka import LogWriter
from lakehouse.messages import Admission, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.bedside_log import BedsideLog


def test_it_reads_what_stands_between_two_positions_and_then_nothing_more(settings: Settings) -> None:
    patient_ids = [f"p-{uuid4().hex}" for _ in range(20)]
    with BedsideLog(settings, Service.ALARMS) as log:
        begins = {partition: end for partition, (_, end) in log.ends().items()}
        with LogWriter(settings, Service.MONITORS) as writer:
            for patient_id in patient_ids:
                writer.send(BEDSIDE.name, patient_id.encode(), encode(Admission(patient_id=patient_id, event="admit")))
        ends = {partition: end for partition, (_, end) in log.ends().items()}
        found = [len(stretch.partition) for stretch in log.between(begins, ends)]
        assert sum(found) == sum(ends[partition] - begins[partition] for partition in ends) >= len(patient_ids)
        assert log._reader.assignment() == []


def test_a_time_leads_to_the_first_record_after_it_and_the_future_to_the_end(settings: Settings) -> None:
    with BedsideLog(settings, Service.BOARD) as log:
        with LogWriter(settings, Service.MONITORS) as writer:
            writer.send(BEDSIDE.name, b"p", encode(Admission(patient_id="p", event="admit")))
        ends = {partition: end for partition, (_, end) in log.ends().items()}
        now_ms = int(time.time() * 1000)

        assert log.positions_at(0) == {partition: first for partition, (first, _) in log.ends().items()}
        assert all(offset >= ends[partition] for partition, offset in log.positions_at(now_ms + 3_600_000).items())
