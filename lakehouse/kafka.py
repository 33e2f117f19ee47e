"""Kafka: how each service connects, writes and reads.

Every producer uses the partitioner ``murmur2_random``: Java and Python then agree on the partition of a patient.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from queue import Queue
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from lakehouse.access import GROUP_PREFIX, group_id
from lakehouse.errors import StoreError, UnconfirmedError
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE

logger = logging.getLogger(__name__)

Config: TypeAlias = dict[str, Any]  # librdkafka's own names; numbers, texts and callbacks
MECHANISM: Final = "SCRAM-SHA-512"
SAY_EVERY_S: Final = 10.0

# What no further try will mend.
_FINAL: Final = frozenset(
    {
        KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001  a public name: librdkafka's own errors begin so
        KafkaError.OFFSET_OUT_OF_RANGE,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)

# What proves that a record was not written; after any other error a broker may have taken it, and the answer was lost.
_NOT_WRITTEN: Final = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,  # noqa: SLF001  as above
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


def client_config(settings: Settings, service: Service) -> Config:
    """Return what any client of librdkafka needs to log in as that service."""
    kafka = settings.kafka
    config: Config = {
        "bootstrap.servers": kafka.bootstrap,
        "client.id": f"{GROUP_PREFIX}{service}",
        "security.protocol": kafka.security_protocol,
        "sasl.mechanism": MECHANISM,
        "sasl.username": str(service),
        "sasl.password": settings.password(service),
        "reconnect.backoff.max.ms": 2000,
        "socket.keepalive.enable": True,
        "error_cb": _Errors(service),
        "log_level": 2,  # what it cannot do comes through error_cb, not a second time on stderr
    }
    if kafka.ca_file is not None:
        config["ssl.ca.location"] = str(kafka.ca_file)
    return config


class _Errors:
    """Says what librdkafka cannot do, the same thing once in ten seconds. It goes on trying by itself."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._said: dict[object, float] = {}

    def __call__(self, error: KafkaError) -> None:
        now = time.monotonic()
        if now - self._said.get(error.code(), -SAY_EVERY_S) < SAY_EVERY_S:
            return
        self._said[error.code()] = now
        logger.warning("kafka as %s: %s; trying again", self._service, error.str())


def producer_config(settings: Settings, service: Service, **more: object) -> Config:
    """Return the configuration of a producer: idempotent, acknowledged by all replicas, at most 64 MB of backlog.

    `more` overrides, with underscores for dots: ``linger_ms=1``.
    """
    config = client_config(settings, service) | {
        "acks": "all",
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": 5,
        "message.max.bytes": BEDSIDE.max_message_bytes,
        "message.timeout.ms": 0,  # keep trying: a broker may be away for minutes
        "queue.buffering.max.kbytes": 65_536,
        "queue.buffering.max.messages": 500_000,
        "delivery.report.only.error": True,
    }
    return config | _dotted(more)


def consumer_config(settings: Settings, service: Service, group: str = "main", **more: object) -> Config:
    """Return the configuration of a consumer that knows by itself where it stands: nothing is committed for it.

    An offset that the log no longer has is an error, never a silent jump. `more` overrides, with underscores for dots.
    """
    config = client_config(settings, service) | {
        "group.id": group_id(service, group),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "fetch.error.backoff.ms": 100,
        "queued.max.messages.kbytes": 32_768,
    }
    return config | _dotted(more)


def _dotted(more: Mapping[str, object]) -> Config:
    return {name.replace("_", "."): value for name, value in more.items()}


def consumer(settings: Settings, service: Service, group: str = "main", **more: object) -> Consumer:
    """Return a consumer; the caller assigns partitions to it (`assign`) and closes it."""
    return Consumer(consumer_config(settings, service, group, **more))


def assign(reader: Consumer, topic: str, positions: Mapping[int, int]) -> None:
    """Let a consumer read from these positions: partition -> offset of the first record wanted."""
    reader.assign([TopicPartition(topic, partition, offset) for partition, offset in sorted(positions.items())])


def log_ends(reader: Consumer, topic: str, timeout_s: float = 30.0) -> dict[int, tuple[int, int]]:
    """Return for each partition of a topic the first offset that it has and the next that it will write.

    Raises
    ------
    StoreError
        When Kafka does not answer in time, or the service may not see the topic.
    """
    try:
        known = reader.list_topics(topic, timeout=timeout_s).topics[topic]
        if known.error is not None:
            raise KafkaException(known.error)
        return {
            partition: reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=timeout_s)
            for partition in sorted(known.partitions)
        }
    except KafkaException as error:
        raise StoreError(
            f"Kafka must answer within {timeout_s:.0f} s; topic {topic}: {_words(error)}; "
            "see `make status` and `python -m lakehouse doctor`"
        ) from error


def records(reader: Consumer, count: int, timeout_s: float) -> list[Message]:
    """Return up to `count` records; fewer, or none, after `timeout_s`. What librdkafka repairs itself is only logged.

    Raises
    ------
    StoreError
        When the records wanted are gone (older than the retention), or the service may not read them.
    """
    taken = []
    for record in reader.consume(count, timeout_s):
        error = record.error()
        if error is None:
            taken.append(record)
        elif error.code() in _FINAL:
            raise StoreError(
                f"a reader must find the records that it asks for; {record.topic()}[{record.partition()}]: "
                f"{error.str()}; run `python -m lakehouse doctor`, and see docs/operations.md if records are gone"
            )
        elif error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001
            logger.warning("kafka: %s; trying again", error.str())
    return taken


class LogWriter:
    """Writes records to topics, as one service. A context manager; leaving it writes what is waiting.

    A retry by the client itself writes no record twice and changes no order (idempotent producer). A process that dies
    before `flush` has returned, and then repeats what it did, writes those records a second time.
    While no broker answers, records wait in memory, up to 64 MB; then `send` waits, and says so.
    """

    def __init__(self, settings: Settings, service: Service, **more: object) -> None:
        self._config = producer_config(settings, service, **more) | {"on_delivery": self._on_delivery}
        self._failed: str | None = None

    def __enter__(self) -> Self:
        self._producer = Producer(self._config)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.purge()

    def send(self, topic: str, key: bytes | None, value: bytes, partition: int = -1) -> None:
        """Hand over one record; it is written when `flush` has returned. -1 lets the key choose the partition.

        Raises
        ------
        StoreError
            When Kafka has refused an earlier record for good.
        """
        said = time.monotonic()
        while True:
            try:
                self._producer.produce(topic, key=key, value=value, partition=partition)
                self._producer.poll(0)
                break
            except BufferError:
                self._producer.poll(0.1)
                said = self._say_waiting(said)
        self._raise_refusal()

    def write(self, topic: str, key: bytes, value: bytes, timeout_s: float) -> tuple[int, int]:
        """Write one record now and return its partition and offset. For clicks, not for streams.

        The writer needs a `message_timeout_ms` of at most that time, or a record that was given up is written later.

        Raises
        ------
        UnconfirmedError
            When Kafka does not say in time that it is written: it may be.
        StoreError
            When Kafka refuses it.
        """
        reports: Queue[tuple[KafkaError | None, Message]] = Queue()
        self._producer.produce(topic, key=key, value=value, on_delivery=lambda *report: reports.put(report))
        deadline = time.monotonic() + 2 * timeout_s  # the client itself gives up after one
        while reports.empty() and time.monotonic() < deadline:
            self._producer.poll(0.01)
        error, record = (None, None) if reports.empty() else reports.get()
        partition, offset = (None, None) if record is None else (record.partition(), record.offset())
        if error is not None or partition is None or offset is None:
            is_refused = error is not None and error.code() in _NOT_WRITTEN
            raise (StoreError if is_refused else UnconfirmedError)(
                f"Kafka must take a record within {timeout_s:g} s; {topic}: "
                f"{error.str() if error is not None else 'no answer'}; see `make status`, and repeat"
            )
        return partition, offset

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until every record handed over is written by all replicas; without a limit of time when None.

        Raises
        ------
        StoreError
            When Kafka has refused a record for good, or the time is over.
        """
        started = said = time.monotonic()
        while self._producer.flush(0.5 if timeout_s is None else min(0.5, timeout_s)) > 0:
            self._raise_refusal()
            said = self._say_waiting(said)
            if timeout_s is not None and time.monotonic() - started >= timeout_s:
                raise StoreError(
                    f"Kafka must take the records within {timeout_s:g} s; {len(self._producer)} are not written; "
                    "see `make status`, and repeat"
                )
        self._raise_refusal()

    def _say_waiting(self, said: float) -> float:
        if time.monotonic() - said < SAY_EVERY_S:
            return said
        logger.warning("waiting for Kafka: %d records are not written yet", len(self._producer))
        return time.monotonic()

    def _on_delivery(self, error: KafkaError | None, record: Message) -> None:
        if error is not None:
            self._failed = f"{record.topic()}[{record.partition()}]: {error.str()}"

    def _raise_refusal(self) -> None:
        if self._failed is not None:
            raise StoreError(
                f"Kafka must take every record; it refused one for {self._failed}; "
                "run `python -m lakehouse doctor`, which checks topics and permissions"
            )


def spark_options(settings: Settings, service: Service) -> dict[str, str]:
    """Return the options with which Spark's Kafka source and sink log in as that service."""
    kafka = settings.kafka
    password = settings.password(service).replace("\\", "\\\\").replace('"', '\\"')
    options = {
        "kafka.bootstrap.servers": kafka.bootstrap,
        "kafka.security.protocol": kafka.security_protocol,
        "kafka.sasl.mechanism": MECHANISM,
        "kafka.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="{service}" password="{password}";'
        ),
        "groupIdPrefix": group_id(service, "spark"),
    }
    if kafka.ca_file is not None:
        options |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": str(kafka.ca_file)}
    return options


def _words(error: KafkaException) -> str:
    first = error.args[0]
    return first.str() if isinstance(first, KafkaError) else str(first)
