"""The watchdog as a process of its own: a real Kafka that is written to or is gone, and a real mail server."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.events import Pulse, encode
from lakehouse.kafka import LogWriter
from lakehouse.messages import Tick
from lakehouse.messages import encode as encode_message
from lakehouse.settings import Service
from lakehouse.topics import ALERTS, BEDSIDE
from tests.integration.streaming.notify.servers import PASSWORD, USER, Server, text_of
from tests.local_stack import LocalStack
from waiting import until

TEAMS = """\
default: [duty@h.example]
wards: {icu: {first: [nurse@h.example]}}
engineers: [engineer@h.example]
watchdog: {silence_s: 10, wards_after_s: 15}
"""
EVERYONE = ("engineer@h.example", "duty@h.example", "nurse@h.example")


class Watched:
    """A watchdog, what it hears, and the mails that it has sent."""

    def __init__(self, stack: LocalStack, folder: Path, server: Server) -> None:
        self.stack = stack
        self.server = server
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "care_teams.yaml").write_text(TEAMS)
        (folder / "wardwatch.env").write_text((stack.run / "wardwatch.env").read_text())

    def start(self) -> None:
        smtp = self.server.settings
        variables = {
            "WARDWATCH_RUN": str(self.folder),
            "WARDWATCH_CARE_TEAMS": str(self.folder / "care_teams.yaml"),
            "WARDWATCH_SMTP__PORT": str(smtp.port),
            "WARDWATCH_SMTP__CA_FILE": str(smtp.ca_file),
            "WARDWATCH_SMTP__USER": USER,
            "WARDWATCH_SMTP__PASSWORD": PASSWORD,
        }
        with (self.folder / "watchdog.log").open("ab") as log:
            command = [sys.executable, "-m", "streaming", "watchdog"]
            self._process = subprocess.Popen(command, env=self.stack.environment | variables, stderr=log)

    def end(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            assert self._process.wait(timeout=30) == (0 if number == signal.SIGTERM else -number)

    def is_well(self) -> bool:
        beat = self.folder / "heartbeats" / "watchdog.json"
        return beat.exists() and '"state": "running"' in beat.read_text()

    @contextmanager
    def monitoring(self, writer: str = "alarms") -> Iterator[None]:
        """Let a lane pulse and the clock tick, once a second, while the block lasts."""
        stop = threading.Event()
        thread = threading.Thread(target=self._write, args=(stop, writer))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _write(self, stop: threading.Event, writer: str) -> None:
        settings = self.stack.settings
        partitions = range(settings.kafka.partitions)
        with LogWriter(settings, Service.ALARMS) as lane, LogWriter(settings, Service.CLOCK) as clock:
            while not stop.wait(1.0):
                positions = dict.fromkeys(partitions, 0)
                pulse = Pulse(writer=writer, lane="all", at=datetime.now(UTC), positions=positions)  # type: ignore[arg-type]
                lane.send(ALERTS.name, b"all", encode(pulse), partition=0)
                for partition in partitions:
                    clock.send(BEDSIDE.name, None, encode_message(Tick()), partition=partition)
                lane.flush()
                clock.flush()

    def mails(self) -> dict[str, list[str]]:
        """Return the subjects that each has, in order."""
        return {to.partition("@")[0]: [mail["Subject"][:18] for mail in self.server.to(to)] for to in EVERYONE}


@pytest.fixture
def watched(stack: LocalStack, tmp_path: Path) -> Iterator[Watched]:
    with Server(tmp_path) as server:
        made = Watched(stack, tmp_path, server)
        try:
            yield made
        finally:
            made.end()


def everyone(*subjects: str) -> dict[str, list[str]]:
    """What `Watched.mails` returns when all have these."""
    return {to.partition("@")[0]: list(subjects) for to in EVERYONE}


DOWN, BACK = "MONITORING IS DOWN", "Monitoring is back"


def test_each_hears_once_that_monitoring_is_down_and_once_that_it_is_back_over_restarts(watched: Watched) -> None:
    watched.start()
    with watched.monitoring():
        assert until(watched.is_well, 60)
        time.sleep(25)  # longer than silence, and than a round of all partitions
        assert not any(watched.mails().values())
    assert until(lambda: watched.mails()["engineer"] == [DOWN], 40), watched.mails()
    assert watched.mails()["nurse"] == []
    watched.end(signal.SIGKILL)
    watched.start()
    assert until(lambda: watched.mails()["nurse"] == [DOWN], 60), watched.mails()
    watched.end(signal.SIGKILL)
    watched.start()
    time.sleep(15)
    assert watched.mails() == everyone(DOWN)
    with watched.monitoring(writer="standby"):
        assert until(lambda: watched.mails() == everyone(DOWN, BACK), 60)
        watched.end()
    text = text_of(watched.server.to("nurse@h.example")[0])
    assert "nobody raises alarms" in text
    assert "the clock stands still" in text


def test_it_speaks_while_kafka_is_gone(watched: Watched) -> None:
    watched.start()
    with watched.monitoring():
        assert until(watched.is_well, 60)
        time.sleep(12)
        watched.stack.supervise("stop", "kafka")
        try:
            assert until(lambda: watched.mails()["engineer"] == [DOWN], 60), watched.mails()
            text = text_of(watched.server.to("engineer@h.example")[0])
            assert "Kafka has not answered" in text
        finally:
            watched.stack.up("kafka")
        assert until(lambda: watched.mails()["engineer"] == [DOWN, BACK], 90), watched.mails()


def test_a_planned_stop_is_no_alarm(watched: Watched) -> None:
    watched.start()
    with watched.monitoring():
        assert until(watched.is_well, 60)
        time.sleep(12)
        watched.end()
    time.sleep(12)
    watched.start()  # as after `make up`: nothing has pulsed for a while, and the lane is still starting
    assert until(watched.is_well, 60)
    time.sleep(14)
    with watched.monitoring():
        time.sleep(14)
        assert not any(watched.mails().values()), watched.mails()
