"""Care for the lake, and the erasure of a patient, on real stores."""

from __future__ import annotations

import zlib
from base64 import b64encode
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import pytest

from batch.care import care
from batch.erase import StillHere, erase
from lakehouse.cassandra import Cassandra
from lakehouse.folding import AlarmFold
from lakehouse.hdfs import Hdfs
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter
from lakehouse.lake import Addition, Lake
from lakehouse.landed import DAY_MARK, DayIsOpen, landed, last_day
from lakehouse.log_days import DayStates
from lakehouse.messages import Admission, Reading, Vitals, encode
from lakehouse.progress import unwatched
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import (
    ALERTS_BY_PATIENT,
    DELIVERIES,
    ENTRIES,
    ERASURES,
    OPEN_ALERTS_BY_WARD,
    QUARANTINE,
    READINGS,
)
from streaming.bedside_log import BedsideLog
from streaming.lander import Lander, Progress
from streaming.sink import EventSink, Outcome, requests_of, urgent_first
from tests.integration.streaming.own_lake import ends_of, read_log, with_own_lake


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return with_own_lake(settings, tmp_path, ["bedside", "alerts"])


def live(settings: Settings, patient_id: str, *, admitted: bool = True, discharged: bool) -> AlarmFold:
    """Let a patient with a fast heart stay for a minute, alarmed and landed as the speed layer would."""
    begins, alerts = ends_of(settings, "bedside"), ends_of(settings, "alerts")
    key, now = patient_id.encode(), datetime.now(UTC)
    with LogWriter(settings, Service.MONITORS) as log:
        if admitted:
            log.send("bedside", key, encode(Admission(patient_id=patient_id, event="admit", ward_id="w", bed="1")))
        for second in range(60):
            at = now - timedelta(seconds=60 - second)
            reading = Reading(patient_id=patient_id, measured_at=at, vitals=Vitals(heart_rate_bpm=130))
            log.send("bedside", key, encode(reading))
        log.send("bedside", key, b"nonsense")
        wrong_key = Reading(patient_id=patient_id, measured_at=now, vitals=Vitals(heart_rate_bpm=130))
        log.send("bedside", b"somebody", encode(wrong_key))
        if discharged:
            log.send("bedside", key, encode(Admission(patient_id=patient_id, event="discharge")))
    fold = AlarmFold()
    fold.positions = dict(begins)
    now_ends = ends_of(settings, "bedside")
    with BedsideLog(settings, Service.ALARMS) as log_, EventSink(settings, Service.ALARMS) as sink:
        for stretch in log_.between(begins, now_ends):
            for part in urgent_first(Outcome(fold.fold(stretch), requests_of(stretch))):
                sink.write(part)
    with Lake(settings) as lake:
        lander = Lander(lake, {}, Progress(Heartbeat(settings.run / "landing.json")))
        lander.take(read_log(settings, "bedside", begins | landed(lake, "bedside", now_ends), now_ends))
        lander.take(read_log(settings, "alerts", alerts, ends_of(settings, "alerts")))
    return fold


def landing_day(settings: Settings) -> date:
    with Lake(settings) as lake:
        found = last_day(lake.open(ENTRIES))
    assert found is not None
    return found


def test_a_closed_day_is_sorted_once_and_an_open_one_is_refused(own: Settings) -> None:
    patients = [f"{name}-{uuid4().hex}" for name in ("b", "a")]
    for patient_id in patients:
        live(own, patient_id, discharged=False)
    day = landing_day(own)
    with pytest.raises(DayIsOpen, match="wait until landing has reached the next day"):
        care(own, day, unwatched)
    with Lake(own) as lake:
        before = lake.read(READINGS)
        tomorrow = Addition(arrow_schema(ENTRIES).empty_table(), {DAY_MARK: (day + timedelta(days=1)).toordinal()})
        lake.add(ENTRIES, lambda _: tomorrow)
        done = care(own, day, unwatched)
        assert "readings" in done.sorted_tables
        rows = lake.open(READINGS).to_pyarrow_table()
        order = [(name, "ascending") for name in READINGS.sort_by]
        assert rows["patient_id"].to_pylist() == sorted(rows["patient_id"].to_pylist())
        assert lake.read(READINGS).sort_by(order).equals(before.sort_by(order))
    assert care(own, day, unwatched).sorted_tables == []


def digest_row(*patient_ids: str) -> dict[str, object]:
    """A digest about patients, given up, as the notifier keeps it."""
    mail = EmailMessage()
    mail.set_content("\n".join(f"Patient {each}, ward w, reference {each}.heart_rate_high.1" for each in patient_ids))
    mail.add_alternative(f"<p>{'<br>'.join(patient_ids)}</p>", subtype="html", cte="quoted-printable")
    return {
        "recipient": "a@example.org", "day": datetime.now(UTC).date(), "event_id": f"<{uuid4().hex}@wardwatch>",
        "state": "dead", "attempts": 9, "mail": b64encode(zlib.compress(mail.as_bytes())).decode(),
    }  # fmt: skip


def test_who_is_known_by_readings_alone_is_here_until_a_discharge(own: Settings) -> None:
    patient_id = f"unknown-{uuid4().hex}"
    live(own, patient_id, admitted=False, discharged=False)
    with pytest.raises(StillHere, match="is not discharged"):
        erase(own, patient_id, now=datetime.now(UTC) + timedelta(days=2))


def test_an_erased_patient_is_nowhere_and_the_others_are_where_they_were(own: Settings) -> None:
    gone = f"gone-{uuid4().hex}"
    here = f"{gone}.2"  # whose alerts' ids begin with the other's id and a dot
    fold = live(own, gone, discharged=True)
    live(own, here, discharged=False)
    day = landing_day(own)
    with Hdfs(own) as hdfs:
        DayStates(hdfs).save(day, 0, fold)
    digests = [digest_row(gone, here), digest_row(here)]
    with Cassandra(own, Service.ADMIN) as cassandra:
        cassandra.write_all(cassandra.upsert(DELIVERIES, row) for row in digests)
    with pytest.raises(StillHere, match="measured something since"):
        erase(own, gone)
    later = datetime.now(UTC) + timedelta(days=2)
    with pytest.raises(StillHere, match="is not discharged"):
        erase(own, here, now=later)

    done = erase(own, gone, now=later)

    assert done.rows_left == 0
    assert (done.lake_rows > 60, done.cassandra_rows > 2, done.states) == (True, True, 1)
    with Lake(own) as lake, Cassandra(own, Service.BATCH) as cassandra, Hdfs(own) as hdfs:
        assert set(lake.read(READINGS)["patient_id"].to_pylist()) == {here}
        quarantined = lake.read(QUARANTINE)
        assert sorted(quarantined["key"].to_pylist()) == sorted([here.encode(), b"somebody"])
        assert [here.encode() in raw for raw in quarantined["raw_bytes"].to_pylist() if raw != b"nonsense"] == [True]
        assert cassandra.select(ALERTS_BY_PATIENT, {"patient_id": gone}) == []
        assert cassandra.select(ALERTS_BY_PATIENT, {"patient_id": here})
        open_alerts = cassandra.select(OPEN_ALERTS_BY_WARD, {"ward_id": "w"})
        assert [row["patient_id"] for row in open_alerts if row["patient_id"].startswith(gone)] == [here]
        kept_mails = [cassandra.select(DELIVERIES, {n: row[n] for n in DELIVERIES.key})[0]["mail"] for row in digests]
        assert kept_mails == [None, digests[1]["mail"]]
        kept = DayStates(hdfs).load(day, 0)
        assert kept is not None
        assert gone.encode() not in kept.to_bytes()
        assert len(lake.read(ERASURES)) == 1
    assert erase(own, gone, now=later).lake_rows == 0
