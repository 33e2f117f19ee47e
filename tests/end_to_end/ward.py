"""A ward for end-to-end tests: patients that write to the log, and every place where their alarms must be."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage as Mail
from email.policy import default
from typing import Any

from msgspec import convert

from lakehouse import events as alerts
from lakehouse.alert_rows import event_row
from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.lake import Lake
from lakehouse.messages import Admission, Message, Reading, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, ALERTS_BY_PATIENT, LAKE_ALERT_EVENTS, OPEN_ALERTS_BY_WARD, READINGS
from lakehouse.topics import ALERTS, BEDSIDE
from streaming.bedside_log import BedsideLog
from tests.local_stack import LocalStack

# Landing takes seconds; where a batch hangs, it ends after a minute and is started again.
LANDS_WITHIN_S = 240
CALM = {"heart_rate_bpm": 80.0, "spo2_pct": 97.0}
Values = dict[str, float]


def seconds_of(*stretches: tuple[int, Values]) -> list[Values]:
    """Return vitals second by second: calm, but for what each stretch (seconds, values) says."""
    return [CALM | values for seconds, values in stretches for _ in range(seconds)]


@dataclass(frozen=True)
class Ward:
    """Writes to the log as monitors do, and reads every store."""

    stack: LocalStack
    settings: Settings

    def send(self, messages: Iterable[Message]) -> None:
        """Write messages of patients; they are acknowledged when this returns."""
        with LogWriter(self.settings, Service.MONITORS) as log:
            for message in messages:
                log.send(BEDSIDE.name, message.patient_id.encode(), encode(message))  # type: ignore[union-attr]

    def play(
        self,
        patient_id: str,
        vitals: list[Values],
        *,
        begin: datetime | None = None,
        ward_id: str = "icu-1",
        bed: str = "1",
        discharge: bool = False,
    ) -> datetime:
        """Admit a patient and write a recording at 1 Hz, that ends now or begins at a time; return when it goes on.

        Of a patient who is discharged at its end no more events come, so that all there are can be compared.
        """
        begin = begin or datetime.now(UTC) - timedelta(seconds=len(vitals))
        times = [begin + timedelta(seconds=second) for second in range(len(vitals) + 1)]
        readings = (
            Reading(patient_id=patient_id, device_id="monitor-1", measured_at=at, vitals=convert(values, Vitals))
            for at, values in zip(times, vitals, strict=False)
        )
        admission = Admission(patient_id=patient_id, event="admit", ward_id=ward_id, bed=bed)
        self.send([admission, *readings, *([Admission(patient_id=patient_id, event="discharge")] if discharge else ())])
        return times[-1]

    def folded(self, *patients: str) -> list[AlertEvent]:
        """Return what the log says: the events of these patients by a fold of the whole log."""
        fold = AlarmFold()
        with BedsideLog(self.settings, Service.BATCH) as log:
            ends = log.ends()
            begins = {partition: first for partition, (first, _) in ends.items()}
            stretches = log.between(begins, {partition: end for partition, (_, end) in ends.items()})
            events = [event for stretch in stretches for event in fold.fold(stretch)]
        return [event for event in events if event.patient_id in patients]

    def in_cassandra(self, *patients: str) -> list[dict[str, Any]]:
        """Return the row of each event of these patients."""
        with Cassandra(self.settings, Service.BATCH, patience_s=30) as cassandra:
            found = [row for patient in patients for row in cassandra.select(ALERT_EVENTS, {"patient_id": patient})]
        return sorted(found, key=_event_id)

    def alerts_in_cassandra(self, *patients: str) -> list[dict[str, Any]]:
        """Return the latest state of each alert of these patients."""
        with Cassandra(self.settings, Service.BATCH, patience_s=30) as cassandra:
            return [row for patient in patients for row in cassandra.select(ALERTS_BY_PATIENT, {"patient_id": patient})]

    def open_alerts(self, ward_id: str, *patients: str) -> list[str]:
        """Return the alerts of these patients that are listed as open in a ward."""
        with Cassandra(self.settings, Service.BATCH, patience_s=30) as cassandra:
            rows = cassandra.select(OPEN_ALERTS_BY_WARD, {"ward_id": ward_id})
        return [row["alert_id"] for row in rows if row["patient_id"] in patients]

    def in_topic(self, *patients: str) -> Counter[str]:
        """Return how often each event of these patients stands in the topic `alerts`."""
        reader = consumer(self.settings, Service.BATCH, "test")
        ends = log_ends(reader, ALERTS.name)
        assign(reader, ALERTS.name, {partition: first for partition, (first, _) in ends.items()})
        left = sum(end - first for first, end in ends.values())
        keys = {patient.encode() for patient in patients}
        found: Counter[str] = Counter()
        while left > 0:
            taken = records(reader, 1000, 0.1)
            left -= len(taken)
            # Other tests share the topic, and write there what is no event at all: only these patients' count.
            ours = (alerts.decode(r.value() or b"") for r in taken if r.key() in keys)
            found.update(message.event_id for message in ours if isinstance(message, AlertEvent))
        reader.close()
        return found

    def in_lake(self, *patients: str) -> Counter[str]:
        """Return how often each event of these patients stands in the lake."""
        with Lake(self.settings, patience_s=30) as lake:
            rows = lake.read(LAKE_ALERT_EVENTS, [("patient_id", "in", list(patients))], ["event_id"])
        return Counter(rows["event_id"].to_pylist())

    def landed_readings(self, patient_id: str) -> Counter[tuple[int, int]]:
        """Return how often each reading of a patient, by its place in the log, stands in the lake."""
        with Lake(self.settings, patience_s=30) as lake:
            rows = lake.read(READINGS, [("patient_id", "=", patient_id)], ["partition", "offset"])
        return Counter(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))

    def mails(self, *patients: str) -> list[Mail]:
        """Return the mails that speak of these patients."""
        folder = self.settings.run / "mail" / "new"
        mails = [message_from_bytes(path.read_bytes(), policy=default) for path in folder.iterdir()]
        return [mail for mail in mails if any(patient in _text(mail) for patient in patients)]

    def told(self, *patients: str) -> Counter[str]:
        """Return how many steps of each alert of these patients were told; a digest tells several in one mail.

        A mail names an alert by its reference. The same mail, accepted twice, counts once.
        """
        mails = {mail["Message-ID"]: _text(mail) for mail in self.mails(*patients)}
        references = (name for text in mails.values() for name in re.findall(r"[Rr]eference\s+(\S+)", text))
        return Counter(name for name in references if name.startswith(tuple(f"{patient}." for patient in patients)))

    def start(self, command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start one of our processes by hand, outside the supervisor."""
        arguments = [sys.executable, "-m", "streaming", command]
        with (self.settings.run / "logs" / f"test-{command}.log").open("ab") as log:
            return subprocess.Popen(arguments, env=self.stack.environment | environment, stdout=log, stderr=log)


def as_stored(events: Iterable[AlertEvent]) -> list[dict[str, Any]]:
    """Return the rows that Cassandra gives back for events."""
    rows = [event_row(event) for event in events]
    return sorted(({name: row.get(name) for name in ALERT_EVENTS.names} for row in rows), key=_event_id)


def _text(mail: Mail) -> str:
    body = mail.get_body(("plain",))
    assert body is not None, "our mails have a plain text"
    return str(body.get_content())


def _event_id(row: dict[str, Any]) -> str:
    return str(row["event_id"])
