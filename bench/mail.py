"""How long from an alarm's event in `alerts` to the mail server's yes, on a quiet night and in a storm.

No Spark: events are written straight to the topic, and the ward board's documents, from which the pictures come, to
Cassandra as the lane writes them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np
from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Record
from numpy.typing import NDArray

from bench.latency import percentiles
from bench.live import ROOT, live_stack, processes, proportional_mb, supervisor, tree
from bench.mail_sink import MailSink, Taken
from bench.report import Report
from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent, encode
from lakehouse.kafka import producer_config
from lakehouse.settings import Service, Settings
from lakehouse.tables import WARD_BOARD
from lakehouse.topics import ALERTS

PATIENTS: Final = 10_000
BEDS: Final = 24
BOARD_EVERY_S: Final = 10.0
WARM_UP_S: Final = 70  # the trends then have four values, the fewest of which a picture is drawn
SETTLE_S: Final = 65  # until the minute is over in which the storm's mails count
HIGH_OF: Final = 4  # one alert in four is of high priority
PRIORITIES: Final = ("high", "medium")
# Alerts a second, and over how many wards: a quiet night, forty wards at once, and the whole hospital.
RUNS: Final = ((1, 417), (400, 40), (400, 417))
DRAINED_S: Final = 150.0


class Sent(NamedTuple):
    """One event that was written."""

    priority: str
    appended_ms: float


def run(seconds: int) -> Report:
    """Measure each rate for `seconds`."""
    parts: list[_Part] = []
    with (
        live_stack("kafka", "cassandra", "mail", "init") as settings,
        TemporaryDirectory() as folder,
        _without_notifier(settings),
        MailSink(settings.smtp) as sink,
        _board(settings),
        _notifier(settings, sink.port, Path(folder)) as pid,
    ):
        _wait_until_idle(Path(folder), sink)
        time.sleep(WARM_UP_S)
        for rate, wards in RUNS:
            if parts:
                time.sleep(SETTLE_S)
            cpu_before_s = _cpu_s(pid)
            sent = _alarm(settings, rate, wards, seconds, first=sum(len(part.sent) for part in parts))
            cpu_s = _cpu_s(pid) - cpu_before_s
            parts.append(_Part(rate, wards, sent, _drain(sink, set(sent)), cpu_s / seconds))
        mb = sum(proportional_mb(each) for each in tree(pid))
    return Report(
        title=f"Alarm event in `alerts` to mail accepted, {PATIENTS:,} patients on the boards, {seconds} s each",
        columns=("", "alerts", "not told", "p50 ms", "p95", "p99", "max"),
        rows=[row for part in parts for row in part.rows()],
        figures={name: value for part in parts for name, value in part.figures()} | {"notifier_mb": round(mb)},
        notes=(
            "From the broker's append time to the moment at which the mail server has the whole mail.",
            f"One alert in {HIGH_OF} is of high priority; each is an onset, and goes to one address of its ward.",
            "The mail server asks for STARTTLS and a login. Broker, Cassandra, mail server and load share the cores.",
            "Medium priority is held up to 30 s in a storm, for a mail that lists.",
            *(part.note() for part in parts),
            f"Notifier and artist: {mb:.0f} MB.",
        ),
    )


class _Part(NamedTuple):
    """What was measured at one rate."""

    rate: int
    wards: int
    sent: dict[str, Sent]
    taken: list[Taken]
    cores: float

    def rows(self) -> Iterator[tuple[str, ...]]:
        for priority in PRIORITIES:
            waits, lost = self._waits(priority)
            cells = (f"{len(waits) + lost:,}", str(lost), *(f"{value:.0f}" for value in percentiles(waits)))
            yield f"{priority} priority, {self.rate} alerts/s in {self.wards} wards", *cells

    def figures(self) -> Iterator[tuple[str, object]]:
        for priority in PRIORITIES:
            waits, lost = self._waits(priority)
            p50, p95, _, worst = percentiles(waits)
            name = priority if self.rate == 1 else f"storm_{self.wards}_wards_{priority}"
            yield from ((f"{name}_p50_ms", round(p50)), (f"{name}_p95_ms", round(p95)))
            yield from ((f"{name}_max_ms", round(worst)), (f"{name}_not_told", lost))

    def note(self) -> str:
        pictures = sum(mail.has_picture for mail in self.taken)
        size_kb = np.mean([mail.size for mail in self.taken]) / 1000
        return (
            f"At {self.rate} alerts/s in {self.wards} wards: {len(self.taken):,} mails, {pictures:,} with a picture, "
            f"{size_kb:.0f} kB on average; notifier and artist took {100 * self.cores:.0f} % of a core."
        )

    def _waits(self, priority: str) -> tuple[NDArray[np.float64], int]:
        waits = _waits_ms(self.sent, self.taken, priority)
        told = waits[np.isfinite(waits)]
        return told, len(waits) - len(told)


def _ward_of(patient: int) -> str:
    return f"bench-{patient // BEDS}"


@contextmanager
def _without_notifier(settings: Settings) -> Iterator[None]:
    """Let no other notifier take the events."""
    if not processes().get("notify", {}).get("pid"):
        yield
        return
    supervisor(settings, "stop", "notify")
    try:
        yield
    finally:
        supervisor(settings, "start", "notify")


@contextmanager
def _board(settings: Settings) -> Iterator[None]:
    """Write the board of every ward every ten seconds, as the lane does."""
    stop = threading.Event()

    def write() -> None:
        with Cassandra(settings, Service.ALARMS) as cassandra:
            while not stop.is_set():
                now_ms = int(time.time() * 1000)
                for ward in range(-(-PATIENTS // BEDS)):
                    beds = [_bed(patient, now_ms) for patient in range(ward * BEDS, (ward + 1) * BEDS)]
                    at = datetime.fromtimestamp(now_ms / 1000, UTC)
                    row = {"ward_id": f"bench-{ward}", "lane": "0-3", "written_at": at, "beds": json.dumps(beds)}
                    cassandra.session.execute_async(cassandra.upsert(WARD_BOARD, row))
                    if stop.wait(BOARD_EVERY_S * BEDS / PATIENTS):
                        return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _bed(patient: int, now_ms: int) -> dict[str, Any]:
    wave = (now_ms // 1000 + patient) % 20
    vitals = {"heart_rate_bpm": 90 + wave, "resp_rate_bpm": 16, "spo2_pct": 97, "sbp_mmhg": 120, "map_mmhg": 85}
    return {
        "patient_id": f"bench-{patient}", "bed": str(patient % BEDS + 1), "heard_ms": now_ms, "news2": 2,
        "vitals": {name: (value, now_ms) for name, value in vitals.items()}, "news2_missing": [],
    }  # fmt: skip


@contextmanager
def _notifier(settings: Settings, port: int, folder: Path) -> Iterator[int]:
    wards = "".join(f"  bench-{ward}: {{first: [ward-{ward}@h.example]}}\n" for ward in range(-(-PATIENTS // BEDS)))
    (folder / "care_teams.yaml").write_text(f"default: [duty@h.example]\nquiet_minutes: 0\nwards:\n{wards}")
    (folder / "wardwatch.env").write_text((settings.run / "wardwatch.env").read_text())
    variables = {
        "WARDWATCH_RUN": str(folder), "WARDWATCH_SMTP__PORT": str(port),
        "WARDWATCH_CARE_TEAMS": str(folder / "care_teams.yaml"),
    }  # fmt: skip
    with (folder / "notify.log").open("ab") as log:
        command = [sys.executable, "-m", "streaming", "notify"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | variables, stderr=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_idle(folder: Path, sink: MailSink) -> None:
    """Wait until what the topic held before is dealt with."""
    beat, quiet_since = folder / "heartbeats" / "notify.json", time.monotonic()
    while time.monotonic() - quiet_since < 5.0:  # noqa: PLR2004
        time.sleep(0.5)
        said = json.loads(beat.read_text()) if beat.exists() else {}
        if said.get("state") != "running" or said.get("records_in_hand"):
            quiet_since = time.monotonic()
    sink.taken()


def _alarm(settings: Settings, rate: int, wards: int, seconds: int, first: int) -> dict[str, Sent]:
    """Write so many onsets a second, evenly, and return what was written by the reference of its alert."""
    sent: dict[str, Sent] = {}
    run = f"bench.{time.time():.0f}"

    def on_delivery(priority: str, alert_id: str, _error: KafkaError | None, record: Record) -> None:
        sent[alert_id] = Sent(priority, record.timestamp()[1])

    config = producer_config(settings, Service.ALARMS, linger_ms=0, delivery_report_only_error=False)
    producer = Producer(config)
    begin = time.monotonic()
    for number in range(first, first + rate * seconds):
        if (wait_s := begin + (number - first) / rate - time.monotonic()) > 0:
            producer.poll(0)
            time.sleep(wait_s)
        patient = number * 7919 % min(wards * BEDS, PATIENTS)
        priority = "high" if number % HIGH_OF == 0 else "medium"
        alert_id = f"{run}.{number}"
        value = encode(_onset(patient, alert_id, priority, number))
        producer.produce(
            ALERTS.name, value, f"bench-{patient}".encode(),
            on_delivery=partial(on_delivery, priority, alert_id),
        )  # fmt: skip
    producer.flush()
    return sent


def _onset(patient: int, alert_id: str, priority: str, number: int) -> AlertEvent:
    now = datetime.now(UTC)
    return AlertEvent(
        event_id=f"{alert_id}.00000", alert_id=alert_id, patient_id=f"bench-{patient}", ward_id=_ward_of(patient),
        bed=str(patient % BEDS + 1), condition="heart_rate_high", step="onset", priority=priority,  # type: ignore[arg-type]
        value=152.0, limit=140.0, onset_at=now, measured_at=now, received_at=now, partition=0, offset=number,
    )  # fmt: skip


def _drain(sink: MailSink, wanted: set[str]) -> list[Taken]:
    """Return the mails, once every alert was told or nothing has come for long."""
    taken: list[Taken] = []
    until = time.monotonic() + DRAINED_S
    left = set(wanted)
    while left and time.monotonic() < until:
        time.sleep(1.0)
        if sink.count():
            fresh = sink.taken()
            left -= {name for mail in fresh for name in _references(mail)}
            taken += fresh
    return taken


def _references(mail: Taken) -> list[str]:
    return re.findall(r"[Rr]eference\s+(\S+)", mail.text)


def _waits_ms(sent: dict[str, Sent], taken: list[Taken], priority: str) -> NDArray[np.float64]:
    """Return for each alert of a priority how long its mail took; infinity where it was not told."""
    told: dict[str, float] = {}
    for mail in taken:
        for name in _references(mail):
            told.setdefault(name, mail.at_ms)
    mine = {name: each.appended_ms for name, each in sent.items() if each.priority == priority}
    return np.array([told.get(name, np.inf) - appended for name, appended in mine.items()])


def _cpu_s(pid: int) -> float:
    return float(sum(sum(each.cpu_times()[:2]) for each in tree(pid)))
