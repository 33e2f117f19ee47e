"""Kafka as each service meets it: what it may do, what it may not, and what waiting looks like."""

from __future__ import annotations

import time
from uuid import uuid4

import pytest
from pydantic import SecretStr

from lakehouse import kafka_admin
from lakehouse.access import ACCESS
from lakehouse.errors import StoreError
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.settings import KafkaSettings, Service, Settings
from lakehouse.topics import BEDSIDE, TOPICS

DEADLINE_S = 30.0


def written(settings: Settings, values: list[bytes], key: bytes) -> list[bytes | None]:
    """Write values as a monitor, and read back as the lane all that came after."""
    with consumer(settings, Service.ALARMS, group=uuid4().hex) as reader:
        ends = {partition: high for partition, (_, high) in log_ends(reader, "bedside").items()}
        assign(reader, "bedside", ends)
        with LogWriter(settings, Service.MONITORS) as writer:
            for value in values:
                writer.send("bedside", key, value)
        found: list[bytes | None] = []
        deadline = time.monotonic() + DEADLINE_S
        while len(found) < len(values) and time.monotonic() < deadline:
            found += [record.value() for record in records(reader, 100, 0.1) if record.key() == key]
    return found


def test_records_of_a_patient_come_back_in_order(settings: Settings) -> None:
    values = [f"{number}".encode() for number in range(1000)]
    assert written(settings, values, uuid4().hex.encode()) == values


def test_a_message_far_too_long_reaches_the_log_so_that_quarantine_can_keep_it(settings: Settings) -> None:
    value = b"x" * 5_000_000
    assert written(settings, [value], uuid4().hex.encode()) == [value]


def test_a_monitor_may_not_write_alerts(settings: Settings) -> None:
    writer = LogWriter(settings, Service.MONITORS)
    with pytest.raises(StoreError, match="alerts"), writer:
        writer.send("alerts", b"p", b"{}")


def test_a_single_record_tells_where_it_was_written(settings: Settings) -> None:
    value = uuid4().hex.encode()
    with (
        LogWriter(settings, Service.BOARD, message_timeout_ms=5000, delivery_report_only_error=False) as writer,
        consumer(settings, Service.BOARD, group=f"{Service.BOARD}-test") as reader,
    ):
        partition, offset = writer.write("bedside", b"p", value, 5.0)
        assign(reader, "bedside", {partition: offset})
        (record,) = records(reader, 1, DEADLINE_S)
        assert record.value() == value


def test_a_single_record_that_nobody_takes_is_given_up_in_time(settings: Settings) -> None:
    nobody = settings.model_copy(update={"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    began = time.monotonic()
    with (
        pytest.raises(StoreError, match=r"must take a record within 1 s; bedside"),
        LogWriter(nobody, Service.BOARD, message_timeout_ms=1000, delivery_report_only_error=False) as writer,
    ):
        writer.write("bedside", b"p", b"{}", 1.0)
    assert time.monotonic() - began < 5


def test_the_notifier_may_not_read_the_bedside_log(settings: Settings) -> None:
    with consumer(settings, Service.NOTIFY) as reader, pytest.raises(StoreError, match="bedside"):
        log_ends(reader, "bedside")


def test_an_offset_that_the_log_does_not_have_is_an_error(settings: Settings) -> None:
    with consumer(settings, Service.ALARMS, group=uuid4().hex) as reader:
        assign(reader, "bedside", {0: 10**12})
        with pytest.raises(StoreError, match=r"bedside\[0\]"):
            records(reader, 1, DEADLINE_S)


def test_each_service_may_do_what_the_contract_says_and_no_more(settings: Settings) -> None:
    for service, access in ACCESS.items():
        may = kafka_admin.permitted(kafka_admin.admin(settings, service), TOPICS)
        assert {topic for topic, words in may.items() if "read" in words} == access.reads
        assert {topic for topic, words in may.items() if "write" in words} == access.writes


def test_a_wrong_password_is_said_in_words(settings: Settings) -> None:
    wrong = settings.model_copy(update={"passwords": settings.passwords | {Service.BOARD: SecretStr("wrong")}})
    with pytest.raises(StoreError, match=r"must let board in.*Authentication failed"):
        kafka_admin.admin(wrong, Service.BOARD)


def test_a_broker_that_is_away_is_said_in_words(settings: Settings) -> None:
    away = settings.model_copy(update={"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1.*make status"):
        kafka_admin.admin(away, Service.BOARD, patience_s=1)


def test_a_writer_says_what_is_not_written_when_its_time_is_over(settings: Settings) -> None:
    away = settings.model_copy(update={"kafka": KafkaSettings(bootstrap="127.0.0.1:1")})
    writer = LogWriter(away, Service.MONITORS).__enter__()
    writer.send("bedside", b"p", b"{}")
    with pytest.raises(StoreError, match="1 are not written"):
        writer.flush(timeout_s=1)


def test_a_topic_keeps_its_number_of_partitions(settings: Settings) -> None:
    other = KafkaSettings(bootstrap=settings.kafka.bootstrap, partitions=settings.kafka.partitions + 1)
    with pytest.raises(StoreError, match=f"{BEDSIDE.name} has {settings.kafka.partitions}"):
        kafka_admin.ensure_topics(kafka_admin.admin(settings), other)
