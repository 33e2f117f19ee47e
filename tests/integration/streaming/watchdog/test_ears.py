"""What the watchdog hears of a real Kafka, by a clock that the test turns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

import pytest

from lakehouse.settings import Settings
from streaming.watchdog.ears import TICKS_EVERY_S, Ears
from streaming.watchdog.hearing import Hearing
from tests.integration.streaming.watchdog.conftest import monitoring
from waiting import until

SILENCE_S = 10.0


class Watch:
    """Ears, what they hear, and their clock."""

    def __init__(self, settings: Settings, ahead_s: float = 0.0) -> None:
        self._turned_s = ahead_s
        self.hearing = Hearing(range(settings.kafka.partitions), self.now_s)
        self.ears = Ears(settings, self.hearing, lambda: self.now_s)

    @property
    def now_s(self) -> float:
        return time.monotonic() + self._turned_s

    def listen_later(self, seconds: float = TICKS_EVERY_S) -> list[str]:
        """Listen when some time has gone by, and return what is wrong."""
        self._turned_s += seconds
        self.ears.listen()
        return list(self.hearing.faults(self.now_s, SILENCE_S))

    def has_heard_all(self) -> bool:
        self.listen_later()
        return self.hearing.is_complete


@pytest.fixture
def watch(settings: Settings) -> Iterator[Watch]:
    made = Watch(settings)
    with made.ears:
        yield made


@pytest.mark.parametrize("writer", ["alarms", "standby"])
def test_a_lane_or_its_standby_and_the_clock_are_heard_and_their_silence(
    watch: Watch, settings: Settings, writer: Literal["alarms", "standby"]
) -> None:
    with monitoring(settings, writer):
        assert until(watch.has_heard_all, 30)
        assert watch.listen_later() == []
    watch.listen_later()  # what was written last
    assert [fault.partition(":")[0] for fault in watch.listen_later(SILENCE_S + 1)] == [
        "nobody raises alarms",
        "the clock stands still",
    ]


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
def test_another_clock_than_the_brokers_is_no_silence(settings: Settings, ahead_s: float) -> None:
    watch = Watch(settings, ahead_s)
    with watch.ears, monitoring(settings):
        assert until(watch.has_heard_all, 30)
        assert watch.listen_later() == []


def test_what_was_written_before_it_listened_is_not_heard(watch: Watch, settings: Settings) -> None:
    with monitoring(settings):
        assert until(watch.has_heard_all, 30)
    watch.hearing.begin(watch.now_s)
    watch.listen_later()
    watch.listen_later()
    assert not watch.hearing.is_complete


def test_a_kafka_that_does_not_answer_is_waited_for_a_few_seconds_and_said(settings: Settings) -> None:
    nowhere = settings.kafka.model_copy(update={"bootstrap": "127.0.0.1:9"})
    watch = Watch(settings.model_copy(update={"kafka": nowhere}))
    began_s = time.monotonic()
    with watch.ears:
        assert watch.listen_later(0) == []
        assert [fault.partition(" for")[0] for fault in watch.listen_later(SILENCE_S)] == ["Kafka has not answered"]
    assert time.monotonic() - began_s < 10
