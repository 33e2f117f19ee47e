"""How clients of Kafka are set up."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from lakehouse.kafka import client_config, consumer_config, producer_config, spark_options
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
