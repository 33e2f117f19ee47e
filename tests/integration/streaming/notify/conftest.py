"""A notifier as a process of its own, between the real Kafka and Cassandra and a mail server of the test."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent, encode
from lakehouse.kafka import LogWriter
from lakehouse.settings import Service
from lakehouse.tables import DELIVERIES
from lakehouse.topics import ALERTS
from tests.integration.streaming.notify.servers import PASSWORD, USER, Server, text_of
from tests.local_stack import LocalStack
from tests.unit.streaming.notify.builders import event
from waiting import until

TEAMS = """\
default: [default-{run}@h.example]
wards:
  {run}: {{first: [nurse-{run}@h.example], second: [physician-{run}@h.example]}}
  {run}-large: {{first: [nurse-{run}@h.example, gone-{run}@h.example, grey-{run}@h.example]}}
storm: {{mails_per_minute: 10, high_hold_s: 1, hold_s: 2}}
"""


def eventually(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait until something holds."""
    assert until(condition, within_s)


class Bench:
    """What a test does: write events, start and kill the notifier, look at mails and rows.

    Wards and addresses carry a name of this run, so that tests share the topic without meeting.
    """

    def __init__(self, stack: LocalStack, folder: Path, server: Server, database: Cassandra) -> None:
        self.run = f"r{uuid4().hex[:10]}"
        self.server = server
        self._settings = stack.settings
        self._environment = stack.environment
        self._folder = folder
        self._database = database
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copy(stack.run / "wardwatch.env", folder)
        (folder / "care_teams.yaml").write_text(TEAMS.format(run=self.run))

    def address(self, name: str) -> str:
        return f"{name}-{self.run}@h.example"

    def event(self, number: int, **fields: Any) -> AlertEvent:
        filled = {"ward_id": self.run, "event_id": f"{self.run}-{number}", "alert_id": f"{self.run}-alert-{number}"}
        return event(number=number, received_at=datetime.now(UTC), **(filled | fields))

    def write(self, *events: AlertEvent | bytes) -> None:
        with LogWriter(self._settings, Service.ALARMS) as log:
            for each in events:
                value = each if isinstance(each, bytes) else encode(each)
                log.send(ALERTS.name, self.run.encode(), value)

    def start(self, fault: str = "") -> None:
        smtp = self.server.settings
        variables = {
            "WARDWATCH_RUN": str(self._folder),
            "WARDWATCH_CARE_TEAMS": str(self._folder / "care_teams.yaml"),
            "WARDWATCH_SMTP__PORT": str(smtp.port),
            "WARDWATCH_SMTP__CA_FILE": str(smtp.ca_file),
            "WARDWATCH_SMTP__USER": USER,
            "WARDWATCH_SMTP__PASSWORD": PASSWORD,
            "WARDWATCH_SMTP__TIMEOUT_S": "3",
            "WARDWATCH_FAULT": fault,
        }
        with (self._folder / "notify.log").open("ab") as log:
            command = [sys.executable, "-m", "streaming", "notify"]
            self._process = subprocess.Popen(command, env=self._environment | variables, stderr=log)

    def wait_for_its_death(self) -> int:
        assert self._process is not None
        return self._process.wait(timeout=60)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(timeout=30) in {0, -signal.SIGTERM}  # the latter while it is still starting

    def message_ids(self, name: str) -> list[str]:
        return [mail["Message-ID"] for mail in self.server.to(self.address(name))]

    def references(self, name: str) -> list[str]:
        """Return the alert references in the mails to someone, in order."""
        texts = [text_of(mail) for mail in self.server.to(self.address(name))]
        return [word for text in texts for word in text.split() if word.startswith(f"{self.run}-alert-")]

    def states(self, name: str) -> dict[str, str]:
        """Return the state of each row of a recipient today, by event_id."""
        key = {"recipient": self.address(name), "day": datetime.now(UTC).date()}
        return {row["event_id"]: row["state"] for row in self._database.select(DELIVERIES, key)}

    def heartbeat(self) -> dict[str, Any]:
        path = self._folder / "heartbeats" / "notify.json"
        beat: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return beat


@pytest.fixture(scope="session")
def database(stack: LocalStack) -> Iterator[Cassandra]:
    with Cassandra(stack.settings, Service.NOTIFY, patience_s=60) as opened:
        yield opened


@pytest.fixture
def bench(stack: LocalStack, database: Cassandra, tmp_path: Path) -> Iterator[Bench]:
    with Server(tmp_path) as server:
        made = Bench(stack, tmp_path, server, database)
        try:
            yield made
        finally:
            made.stop()
