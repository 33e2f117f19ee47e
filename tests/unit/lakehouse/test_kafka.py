"""How clients of Kafka are set up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from lakehouse.errors import StoreError, UnconfirmedError
from lakehouse.kafka import LogWriter, client_config, consumer_config, producer_config, spark_options
from lakehouse.settings import KafkaSettings, Service, Settings

SETTINGS = Settings(passwords={Service.CLOCK: SecretStr('a"b\\c')})


def test_a_client_logs_in_as_its_service() -> None:
    config = client_config(SETTINGS, Service.CLOCK)
    assert (config["sasl.username"], config["sasl.password"]) == ("clock", 'a"b\\c')
    assert "ssl.ca.location" not in config


def test_a_certificate_is_used_where_there_is_one() -> None:
    settings = SETTINGS.model_copy(
        update={"kafka": KafkaSettings(security_protocol="SASL_SSL", ca_file=Path("ca.pem"))}
    )
    assert client_config(settings, Service.CLOCK)["ssl.ca.location"] == "ca.pem"
    assert spark_options(settings, Service.CLOCK)["kafka.ssl.truststore.location"] == "ca.pem"


def test_a_producer_is_idempotent_and_agrees_with_java_on_partitions() -> None:
    config = producer_config(SETTINGS, Service.CLOCK)
    assert config["enable.idempotence"]
    assert (config["acks"], config["partitioner"]) == ("all", "murmur2_random")


def test_what_a_caller_gives_wins_with_underscores_for_dots() -> None:
    assert producer_config(SETTINGS, Service.CLOCK, linger_ms=1)["linger.ms"] == 1


def test_a_consumer_never_jumps_silently() -> None:
    config = consumer_config(SETTINGS, Service.CLOCK)
    assert config["auto.offset.reset"] == "error"
    assert not config["enable.auto.commit"]


def test_a_password_is_quoted_for_java() -> None:
    assert 'password="a\\"b\\\\c";' in spark_options(SETTINGS, Service.CLOCK)["kafka.sasl.jaas.config"]


def test_spark_uses_groups_of_the_service() -> None:
    assert spark_options(SETTINGS, Service.CLOCK)["groupIdPrefix"] == "wardwatch-clock-spark"


class Producer:
    """Reports the same error of every record."""

    def __init__(self, code: int) -> None:
        self._error = KafkaError(code)

    def produce(self, _topic: str, *, on_delivery: Callable[[KafkaError, None], None], **_: bytes) -> None:
        on_delivery(self._error, None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError._MSG_TIMED_OUT, UnconfirmedError),
        (KafkaError.REQUEST_TIMED_OUT, UnconfirmedError),
        (KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND, UnconfirmedError),
        (KafkaError.MSG_SIZE_TOO_LARGE, StoreError),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, StoreError),
    ],
)
def test_only_an_error_that_proves_it_says_that_a_record_is_not_written(code: int, kind: type[StoreError]) -> None:
    writer = LogWriter(SETTINGS, Service.CLOCK)
    writer._producer = Producer(code)  # type: ignore[assignment]
    with pytest.raises(StoreError) as error:
        writer.write("bedside", b"p1", b"{}", 1.0)
    assert type(error.value) is kind
