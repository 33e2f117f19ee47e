"""The notifier: `alerts` -> mails. `python -m streaming notify`.

A record of the topic is committed when every mail that it asks for is accepted, or visibly given up; so a crash repeats
records, and the claims in `deliveries` make each repetition send nothing twice, or send it under the same Message-ID.
The mail server or Cassandra may be away for minutes: the notifier waits, says so, and catches up.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from lakehouse.cassandra import Cassandra
from lakehouse.errors import DecodeError
from lakehouse.faults import fault_point
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import consumer, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS
from streaming.notify import claimant
from streaming.notify import teams as care_teams
from streaming.notify.artist import Artist
from streaming.notify.courier import Courier
from streaming.notify.deliveries import Deliveries
from streaming.notify.dispatch import Dispatcher
from streaming.notify.illustrator import Follower, TrendPictures
from streaming.notify.intake import Intake
from streaming.notify.mail_server import MailServer
from streaming.notify.teams import CareTeams
from streaming.notify.trends import Trends
from streaming.notify.writer import Writer

logger = logging.getLogger(__name__)

CONNECTIONS: Final = 16  # to the mail server, which may not like more from one client
# Mails under way at a time: more than connections, since each waits longer for Cassandra than for the mail server.
URGENT, OTHER = 40, 8
BATCH: Final = 500
POLL_S: Final = 0.05
# Records in hand: more than a storm of a minute, and still small in memory.
MOST_IN_HAND: Final = 30_000
# Short, so that the successor of a killed notifier need not wait long for its partitions.
SESSION_TIMEOUT_MS: Final = 6000


def run(settings: Settings) -> None:
    """Notify until SIGTERM or SIGINT."""
    teams = care_teams.load(settings.care_teams)
    heartbeat = Heartbeat(settings.run / "heartbeats" / "notify.json")
    heartbeat.beat("starting")
    with ExitStack() as stack:
        servers = [stack.enter_context(MailServer(settings.smtp)) for _ in range(CONNECTIONS)]
        database = stack.enter_context(Cassandra(settings, Service.NOTIFY))
        reader = stack.enter_context(
            closing(
                consumer(settings, Service.NOTIFY, session_timeout_ms=SESSION_TIMEOUT_MS, auto_offset_reset="earliest")
            )
        )
        trends = Trends()
        artist = stack.enter_context(Artist())
        stack.enter_context(Follower(database, trends))
        writer = Writer(
            sender=settings.smtp.sender,
            board_url=settings.board.url,
            cleared=teams.cleared,
            trend_of=TrendPictures(trends, artist),
        )
        timeout_s = settings.smtp.timeout_s
        deliveries = Deliveries(database, writer, stale_after=timedelta(seconds=claimant.LONGEST * timeout_s))
        courier = Courier(deliveries, servers, begin_s=claimant.BEGIN * timeout_s)
        asyncio.run(Notifier(reader, teams, deliveries, courier, heartbeat).run())
    heartbeat.beat("stopped")


class Notifier:
    """Reads the topic, has its events delivered, and commits what is done."""

    def __init__(
        self, reader: Consumer, teams: CareTeams, deliveries: Deliveries, courier: Courier, heartbeat: Heartbeat
    ) -> None:
        self._reader = reader
        self._deliveries = deliveries
        self._courier = courier
        self._heartbeat = heartbeat
        self._kafka = ThreadPoolExecutor(1, "kafka")  # a consumer belongs to one thread
        self._mail = ThreadPoolExecutor(OTHER, "mail")
        self._urgent = ThreadPoolExecutor(URGENT, "urgent")
        self._intake = Intake(teams, datetime.now(UTC))
        self._dispatcher = Dispatcher(courier, teams.storm, self._mail, self._urgent, self._intake.delivered)
        self._safe: dict[int, int] = {}  # positions that are not committed yet
        self._expected: dict[int, int] = {}  # the next offset of each partition, to see what the topic has lost
        self._taken_away: list[int] = []
        self._paused = False

    async def run(self) -> None:
        """Notify until a signal asks to stop."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._reader.subscribe([ALERTS.name], on_assign=self._on_assign, on_revoke=self._on_revoke)
        try:
            while not stop.is_set():
                await self._step()
        finally:
            await self._dispatcher.stop()
            self._mail.shutdown()
            self._urgent.shutdown()
            await self._commit()
            self._kafka.shutdown()

    async def _step(self) -> None:
        batch = await self._in_kafka_thread(records, self._reader, BATCH, POLL_S)
        self._forget_what_was_taken_away()
        for record in batch:
            await self._take(record)
        self._pause_or_resume()
        await self._commit()
        self._dispatcher.check()
        self._beat()

    async def _take(self, record: Message) -> None:
        partition, offset, value = record.partition(), record.offset(), record.value()
        assert partition is not None and offset is not None  # noqa: PT018, S101  every record that was read has both
        self._check_for_a_gap(partition, offset)
        try:
            for recipient, event in self._intake.take((partition, offset), value or b""):
                self._dispatcher.put(recipient, event)
        except DecodeError as error:
            await self._keep_unreadable(record, f"{record.topic()}[{partition}]@{offset}", str(error))
            self._intake.progress.read((partition, offset), 0)

    async def _keep_unreadable(self, record: Message, name: str, error: str) -> None:
        logger.error("%s tells nobody, because it cannot be read: %s", name, error)
        written_at = datetime.fromtimestamp(record.timestamp()[1] / 1000, UTC)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._mail, self._deliveries.unreadable, name, error, written_at)
        self._intake.counts["unreadable"] += 1

    def _pause_or_resume(self) -> None:
        """Leave records in Kafka while too many are in hand."""
        full = len(self._intake.progress) > MOST_IN_HAND
        if full == self._paused:
            return
        self._paused = full
        (self._reader.pause if full else self._reader.resume)(self._reader.assignment())
        logger.warning("%d records are in hand: %s", len(self._intake.progress), "pausing" if full else "going on")

    async def _commit(self) -> None:
        """Commit what is done. A commit that fails is repeated with the next one."""
        self._safe |= self._intake.progress.positions()
        if not self._safe:
            return
        offsets = [TopicPartition(ALERTS.name, partition, offset) for partition, offset in self._safe.items()]
        fault_point("notify.before_commit")
        try:
            await self._in_kafka_thread(partial(self._reader.commit, offsets=offsets, asynchronous=False))
        except KafkaException as error:
            logger.warning("the position in %s is not committed yet: %s; trying again", ALERTS.name, error)
            return
        self._safe = {}

    # Kafka calls these two in its thread, while the loop waits for that thread but goes on with its other tasks: they
    # leave notes for the loop.

    def _on_assign(self, reader: Consumer, partitions: list[TopicPartition]) -> None:
        self._paused = False
        self._expected = {}
        with suppress(KafkaException):  # only the search for gaps needs it, and Kafka may just be coming back
            self._expected = {place.partition: place.offset for place in reader.committed(partitions, timeout=10.0)}

    def _on_revoke(self, _reader: Consumer, partitions: list[TopicPartition]) -> None:
        self._taken_away += [place.partition for place in partitions]

    def _forget_what_was_taken_away(self) -> None:
        self._intake.progress.forget(self._taken_away)
        for partition in self._taken_away:
            self._safe.pop(partition, None)
        self._taken_away = []

    def _check_for_a_gap(self, partition: int, offset: int) -> None:
        expected = self._expected.get(partition, -1)
        if 0 <= expected < offset:
            logger.error("%s[%d] has lost records %d to %d", ALERTS.name, partition, expected, offset - 1)
            self._intake.counts["lost by the topic"] += offset - expected
        self._expected[partition] = offset + 1

    def _beat(self) -> None:
        troubles = self._dispatcher.troubles
        self._heartbeat.beat(
            "waiting" if troubles else "running",
            records_in_hand=len(self._intake.progress),
            recipients_waiting=len(troubles),
            trouble=next(iter(troubles.values()), None),
            **self._intake.counts,
            **self._courier.counts,
        )

    async def _in_kafka_thread(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._kafka, function, *arguments)
