"""Landing as a process of its own: through death, bad input and a storage that is away, each record once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lakehouse import events
from lakehouse.events import AlertEvent, Pulse
from lakehouse.kafka import LogWriter
from lakehouse.lake import Lake
from lakehouse.messages import Reading, Tick, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.tables import QUARANTINE
from tests.integration.streaming.own_lake import ends_of, landed_event_ids, landed_offsets, with_own_lake
from tests.local_stack import LocalStack
from waiting import until

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FIVE_MB = b'{"kind":"tick","x":"' + b"x" * 5_000_000 + b'"}'

pytestmark = pytest.mark.timeout(600)


class Landing:
    """The process, its lake and its heartbeat."""

    def __init__(self, stack: LocalStack, run: Path) -> None:
        shutil.copy(stack.run / "wardwatch.env", run)
        self.settings: Settings = with_own_lake(stack.settings, run, ["bedside", "alerts"])
        self._begins = ends_of(stack.settings, "bedside")
        self._environment = stack.environment | {
            "WARDWATCH_RUN": str(run),
            "WARDWATCH_HDFS__ROOT": self.settings.hdfs.root,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        with (self.settings.run / "landing.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streaming", "landing"],
                env=self._environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._process

    def end(self) -> None:
        """End the process, and Java with it, whatever state they are in."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self._process.wait()

    def heartbeat(self) -> dict[str, Any]:
        path = self.settings.run / "heartbeats" / "landing.json"
        beat: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"state": "", "at": ""}
        return beat

    def log_offsets(self) -> list[tuple[int, int]]:
        """Partition and offset of every record of `bedside` that was written since."""
        ends = ends_of(self.settings, "bedside")
        return [(partition, offset) for partition in ends for offset in range(self._begins[partition], ends[partition])]

    def has_landed_all(self) -> bool:
        return landed_offsets(self.settings) == self.log_offsets()


@pytest.fixture
def landing(stack: LocalStack, tmp_path: Path) -> Iterator[Landing]:
    process = Landing(stack, tmp_path)
    yield process
    process.end()


def reading(patient_id: str) -> bytes:
    return encode(Reading(patient_id=patient_id, measured_at=AT, vitals=Vitals(heart_rate_bpm=80)))


def alert(event_id: str, patient_id: str) -> bytes:
    return events.encode(
        AlertEvent(event_id=event_id, patient_id=patient_id, step="onset", received_at=AT, partition=0, offset=1)
    )


def test_through_death_bad_input_and_a_storage_that_is_away(stack: LocalStack, landing: Landing) -> None:
    patient_id = f"p{uuid4().hex}"
    key = patient_id.encode()
    with LogWriter(stack.settings, Service.MONITORS) as writer:
        for _ in range(500):
            writer.send("bedside", key, reading(patient_id))
        writer.send("bedside", key, FIVE_MB)
        writer.send("bedside", key, b"\xff\xfe")
        writer.send("bedside", b"somebody else", reading(patient_id))
    with LogWriter(stack.settings, Service.ALARMS) as writer:
        for event_id in ("1", "2", "1"):
            writer.send("alerts", key, alert(f"{patient_id}.{event_id}", patient_id))
        writer.send("alerts", None, events.encode(Pulse(writer="alarms", lane="0-11", at=AT, positions={})), 0)

    # It dies between two tables; what it did is repeated.
    assert landing.start(WARDWATCH_FAULT="landing.between_tables").wait(120) == -signal.SIGKILL
    landing.end()
    landing.start()
    assert until(landing.has_landed_all, 120, every_s=2)

    # The storage goes; landing says that it waits, and catches up.
    stack.supervise("stop", "datanode")
    with LogWriter(stack.settings, Service.MONITORS) as writer:
        for _ in range(500):
            writer.send("bedside", key, reading(patient_id))
            writer.send("bedside", None, encode(Tick()), 3)
    assert until(lambda: landing.heartbeat()["state"].startswith("waiting for the lake"), 60)
    stack.supervise("start", "datanode")
    assert until(landing.has_landed_all, 120, every_s=2)

    mine = [event_id for event_id in landed_event_ids(landing.settings) if event_id.startswith(patient_id)]
    assert mine == [f"{patient_id}.1", f"{patient_id}.2"]
    with Lake(landing.settings) as lake:
        bad = lake.read(QUARANTINE).to_pylist()
    assert {(row["key"], row["raw_bytes"]) for row in bad} >= {
        (key, FIVE_MB),
        (key, b"\xff\xfe"),
        (b"somebody else", reading(patient_id)),
    }
    assert until(lambda: landing.heartbeat()["readings_landed"] >= 500, 30)  # the rows are there before it says so
