"""The watchdog as a process of its own: a real Kafka that is written to and then gone, and a real mail server.

What it hears of Kafka and when it speaks is tested beside it and in tests/unit, by clocks that a test can turn.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.streaming.notify.servers import PASSWORD, USER, Server, text_of
from tests.integration.streaming.watchdog.conftest import monitoring
from tests.local_stack import LocalStack
from waiting import until

TEAMS = """\
default: [duty@h.example]
wards: {icu: {first: [nurse@h.example]}}
engineers: [engineer@h.example]
watchdog: {silence_s: 10, wards_after_s: 5}
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
        """Whether it has heard of all partitions that all is well."""
        beat = self.folder / "heartbeats" / "watchdog.json"
        return beat.exists() and '"state": "running"' in beat.read_text()

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
    with monitoring(watched.stack.settings):
        assert until(watched.is_well, 60)
        watched.stack.supervise("stop", "kafka")
        try:
            assert until(lambda: watched.mails()["engineer"] == [DOWN], 40), watched.mails()
            assert watched.mails()["nurse"] == []
            watched.end(signal.SIGKILL)
            watched.start()
            assert until(lambda: watched.mails() == everyone(DOWN), 40), watched.mails()
        finally:
            watched.stack.up("kafka")
        watched.end(signal.SIGKILL)
        watched.start()
        assert until(lambda: watched.mails() == everyone(DOWN, BACK), 90), watched.mails()
        assert until(watched.is_well, 10)
        watched.end()
    assert "Kafka has not answered" in text_of(watched.server.to("nurse@h.example")[0])
    assert watched.mails() == everyone(DOWN, BACK)
