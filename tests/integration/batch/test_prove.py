"""The proof of a day: what was raised is proven, and whatever was changed, dropped or invented in a store is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pytest

from batch import prove as job
from batch.prove import Difference, Proof
from lakehouse.alert_rows import event_rows
from lakehouse.cassandra import Cassandra
from lakehouse.columns import LANDED_DATE
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.hdfs import Hdfs
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter
from lakehouse.lake import Addition, Batch, Lake
from lakehouse.lake_log import log_on_disk
from lakehouse.landed import DAY_MARK, DayIsOpen, landed, last_day
from lakehouse.log_days import DayStates
from lakehouse.mart_tables import PROOF_DAILY
from lakehouse.marts import Marts
from lakehouse.messages import Admission, Limits, Reading, Tick, Vitals, encode
from lakehouse.progress import unwatched
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, ENTRIES, LAKE_ALERT_EVENTS, PROOF, READINGS
from streaming.bedside_log import BedsideLog
from streaming.lander import Lander, Progress
from streaming.sink import EventSink, Outcome, requests_of, urgent_first
from tests.integration.streaming.own_lake import ends_of, read_log, with_own_lake

ONE_DAY = timedelta(days=1)


class Hospital:
    """A patient whose log, alarms and lake are all real, and only this test's."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.patient_id = f"p{uuid4().hex}"
        self.begins = ends_of(settings, "bedside")
        self.fold = AlarmFold()
        self.fold.positions = dict(self.begins)
        self._closed: date | None = None
        with Hdfs(settings) as hdfs:  # other tests share the topic: the day before ended where this test begins
            states = DayStates(hdfs)
            for partition, begin in self.begins.items():
                fold = AlarmFold()
                fold.positions = {partition: begin}
                states.save(self.yesterday(), partition, fold)

    @staticmethod
    def yesterday() -> date:
        return datetime.now(UTC).date() - timedelta(days=1)

    def measure(self, beats: list[float], late_s: int = 0) -> None:
        """Write readings of as many seconds as beats, the newest measured `late_s` ago, then a tick everywhere."""
        key, now = self.patient_id.encode(), datetime.now(UTC)
        with LogWriter(self.settings, Service.MONITORS) as log:
            log.send("bedside", key, encode(Admission(patient_id=self.patient_id, event="admit", ward_id="w", bed="1")))
            for second, beat in enumerate(beats):
                at = now - timedelta(seconds=len(beats) - second + late_s)
                message = Reading(patient_id=self.patient_id, measured_at=at, vitals=Vitals(heart_rate_bpm=beat))
                log.send("bedside", key, encode(message))
            log.send("bedside", key, b"nonsense")
        self.tick()

    def set_limit(self, medium: float) -> None:
        limits = Limits(
            patient_id=self.patient_id, version=1, limits={"heart_rate_high": [medium, 140]}, author="dr-a", reason="x"
        )
        with LogWriter(self.settings, Service.BATCH) as log:
            log.send("bedside", self.patient_id.encode(), encode(limits))

    def tick(self) -> None:
        with LogWriter(self.settings, Service.CLOCK) as log:
            for partition in self.begins:
                log.send("bedside", None, encode(Tick()), partition=partition)

    def raise_alarms(self) -> list[AlertEvent]:
        """Do what the lane does with the log up to its present end, and land it; return the events."""
        with BedsideLog(self.settings, Service.ALARMS) as log:
            stretches = list(log.between(dict(self.fold.positions), ends_of(self.settings, "bedside")))
        alerts = ends_of(self.settings, "alerts")
        events = []
        with EventSink(self.settings, Service.ALARMS) as sink:
            for stretch in stretches:
                told = self.fold.fold(stretch)
                for part in urgent_first(Outcome(told, requests_of(stretch))):
                    sink.write(part)
                events += told
        with Lake(self.settings) as lake:
            lander = Lander(lake, {}, Progress(Heartbeat(self.settings.run / "landing.json")))
            now = ends_of(self.settings, "bedside")
            lander.take(read_log(self.settings, "bedside", self.begins | landed(lake, "bedside", now), now))
            lander.take(read_log(self.settings, "alerts", alerts, ends_of(self.settings, "alerts")))
        return events

    def day(self) -> date:
        """The day on which all landed until it was closed."""
        if self._closed is not None:
            return self._closed
        with Lake(self.settings) as lake:
            landed_on = last_day(lake.open(ENTRIES))
        assert landed_on is not None
        return landed_on

    def close_day(self) -> None:
        """Let landing go on to the next day."""
        self._closed = self.day()
        tomorrow = {DAY_MARK: (self._closed + ONE_DAY).toordinal()}
        with Lake(self.settings) as lake:
            lake.add(ENTRIES, lambda _: Addition(arrow_schema(ENTRIES).empty_table(), tomorrow))

    def move_back(self, days: int) -> date:
        """Let all that has landed have landed some days earlier, on the day that is returned; no state is kept."""
        earlier = self.day() - days * ONE_DAY
        with Lake(self.settings) as lake:
            for table in (READINGS, ENTRIES, LAKE_ALERT_EVENTS):
                rows = lake.read(table)
                lake.delete(table, "true")
                place = rows.schema.get_field_index(LANDED_DATE.name)
                landed_on = pa.array([earlier] * len(rows), pa.date32())
                lake.append(table, rows.set_column(place, LANDED_DATE.name, landed_on), Batch(f"move/{earlier}", 1))
        with Hdfs(self.settings) as hdfs:
            DayStates(hdfs).delete(self.yesterday())
        return earlier

    def prove(self, today: date | None = None) -> Proof:
        """Prove the day of the last landing, closed; as if it were tomorrow."""
        self.close_day()
        return job.prove(self.settings, self.day(), unwatched, today=today or self.day() + ONE_DAY)

    def faults(self) -> list[tuple[str, str, str]]:
        return [(each.store, each.fault, each.event_id) for each in self.prove().differences]


@pytest.fixture
def hospital(settings: Settings, tmp_path: Path) -> Hospital:
    return Hospital(with_own_lake(settings, tmp_path, ["bedside", "alerts"]))


@pytest.fixture
def cassandra(settings: Settings) -> Iterator[Cassandra]:
    # As the lane: only it may write what the proof looks at.
    with Cassandra(settings, Service.ALARMS) as opened:
        yield opened


def test_a_day_with_late_data_repeats_a_restart_and_new_limits_proves_clean(hospital: Hospital) -> None:
    hospital.measure([80.0] * 10 + [130.0] * 40)
    first = hospital.raise_alarms()
    hospital.measure([130.0] * 20, late_s=30)  # late, and partly what was sent before
    hospital.set_limit(125)
    hospital.fold = AlarmFold.from_bytes(hospital.fold.to_bytes())
    hospital.measure([135.0] * 30 + [80.0] * 60)
    told = [*first, *hospital.raise_alarms()]
    assert "onset" in {event.step for event in told}
    proof = hospital.prove()
    assert proof.differences == []
    assert proof.events == len(told)
    assert hospital.prove() == proof


def test_a_log_that_does_not_fit_into_one_slice_is_folded_by_processes_side_by_side(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital.measure([80.0] * 10 + [130.0] * 40)
    told = hospital.raise_alarms()
    whole = hospital.prove()
    monkeypatch.setattr(job, "log_on_disk", partial(log_on_disk, most_rows=10))
    assert hospital.prove() == whole
    assert whole.events == len(told) > 0


def test_a_day_after_days_without_a_tick_begins_where_the_last_one_ended(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    assert hospital.raise_alarms()
    hospital.move_back(3)
    hospital.measure([80.0] * 60)
    told = hospital.raise_alarms()
    proof = hospital.prove()
    assert proof.differences == []
    assert proof.events == len(told)


def test_a_proof_begins_with_the_latest_state_that_was_kept(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    assert hospital.raise_alarms()
    earlier = hospital.move_back(3)
    job.prove(hospital.settings, earlier, unwatched)
    with Lake(hospital.settings) as lake:  # what lies before the state is not read again
        for table in (READINGS, ENTRIES):
            lake.delete(table, "true")
    hospital.measure([80.0] * 60)
    told = hospital.raise_alarms()
    proof = hospital.prove()
    assert proof.differences == []
    assert proof.events == len(told)


def test_a_past_day_is_not_proven_while_landing_is_behind(hospital: Hospital) -> None:
    hospital.measure([80.0])
    hospital.raise_alarms()
    with pytest.raises(DayIsOpen, match="wait until landing has reached the next day"):
        job.prove(hospital.settings, hospital.day(), unwatched, today=hospital.day() + ONE_DAY)


def test_a_proof_says_when_cassandra_has_forgotten_the_day(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    hospital.raise_alarms()
    assert hospital.prove().summary()["compared_with"] == ("lake", "cassandra")
    long_after = hospital.day() + timedelta(days=ALERT_EVENTS.ttl_days or 0)
    assert hospital.prove(today=long_after).summary()["compared_with"] == ("lake",)


def test_the_next_day_begins_where_this_one_ended(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    hospital.raise_alarms()
    hospital.prove()
    with Hdfs(hospital.settings) as hdfs:
        states = DayStates(hdfs)
        kept = [states.load(hospital.day(), partition) for partition in hospital.begins]
    positions = {p: offset for fold in kept if fold is not None for p, offset in fold.positions.items()}
    assert positions == ends_of(hospital.settings, "bedside")
    assert sum(fold.patients for fold in kept if fold is not None) == 1


def test_a_changed_event_is_named_with_what_was_changed(hospital: Hospital, cassandra: Cassandra) -> None:
    hospital.measure([130.0] * 40)
    (onset, *_) = hospital.raise_alarms()
    key = {"patient_id": onset.patient_id, "alert_id": onset.alert_id, "event_id": onset.event_id}
    cassandra.execute(cassandra.upsert(ALERT_EVENTS, key | {"value": 131.0, "step": "onset"}))
    (found,) = hospital.prove().differences
    assert (found.store, found.fault, found.event_id) == ("cassandra", "different", onset.event_id)
    assert found.detail == "value is 131.0, and the log says 130.0"
    assert (found.partition, found.offset) == (onset.partition, onset.offset)


def test_a_changed_event_of_the_lake_is_named_with_what_differs(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    (onset, *_) = hospital.raise_alarms()
    with Lake(hospital.settings) as lake:
        rows = lake.read(LAKE_ALERT_EVENTS, [("event_id", "=", onset.event_id)])
        lake.delete(LAKE_ALERT_EVENTS, f"event_id = '{onset.event_id}'")
        changed = rows.set_column(rows.schema.get_field_index("priority"), "priority", [["high"]])
        lake.append(LAKE_ALERT_EVENTS, changed, Batch("somebody", 1))
    (found,) = hospital.prove().differences
    assert (found.store, found.fault, found.event_id) == ("lake", "different", onset.event_id)
    assert found.detail == "priority is 'high', and the log says 'medium'"


def test_a_dropped_event_is_missing(hospital: Hospital, cassandra: Cassandra) -> None:
    hospital.measure([130.0] * 40)
    (onset, *_) = hospital.raise_alarms()
    key = {"patient_id": onset.patient_id, "alert_id": onset.alert_id, "event_id": onset.event_id}
    cassandra.execute(cassandra.delete(ALERT_EVENTS, key))
    with Lake(hospital.settings) as lake:
        lake.delete(LAKE_ALERT_EVENTS, f"event_id = '{onset.event_id}'")
    assert hospital.faults() == [("lake", "missing", onset.event_id), ("cassandra", "missing", onset.event_id)]


def test_an_invented_event_is_extra(hospital: Hospital, cassandra: Cassandra) -> None:
    hospital.measure([130.0] * 40)
    (onset, *_) = hospital.raise_alarms()
    invented = f"{onset.alert_id}.99999"
    rows = event_rows([onset])
    rows = rows.set_column(rows.schema.get_field_index("event_id"), "event_id", [[invented]])
    rows = rows.append_column(LANDED_DATE.name, [[hospital.day()]])
    with Lake(hospital.settings) as lake:
        lake.append(LAKE_ALERT_EVENTS, rows, Batch("somebody", 1))
    nobody = {"patient_id": f"nobody-{uuid4().hex}", "alert_id": "x", "event_id": "x.00000"}
    place = {"partition": onset.partition, "offset": onset.offset}
    placed = nobody | {"patient_id": f"nobody-{uuid4().hex}", "event_id": "x.00001"}
    cassandra.execute(cassandra.upsert(ALERT_EVENTS, nobody | {"step": "onset"}))
    cassandra.execute(cassandra.upsert(ALERT_EVENTS, placed | place | {"step": "onset"}))
    try:
        assert hospital.faults() == [
            ("lake", "extra", invented), ("cassandra", "extra", "x.00000"), ("cassandra", "extra", "x.00001"),
        ]  # fmt: skip
    finally:
        for key in (nobody, placed):
            cassandra.execute(cassandra.delete(ALERT_EVENTS, key))


def test_what_a_proof_found_is_kept_in_place_of_what_an_earlier_one_had_found(hospital: Hospital) -> None:
    hospital.measure([130.0] * 40)
    hospital.raise_alarms()
    proof = hospital.prove()
    fault = Difference("lake", "missing", "p.hr.1.00000", "p", 0, 7, "gone")
    for differences, rows in (([fault], 1), ([], 0)):
        job.keep(hospital.settings, proof._replace(differences=differences))
        with Lake(hospital.settings) as lake, Marts(hospital.settings, Service.BATCH) as marts:
            assert len(lake.read(PROOF)) == rows
            (daily,) = marts.read(PROOF_DAILY, proof.day)
        assert (daily["proven"], daily["missing_events"], daily["raised_events"]) == (not rows, rows, proof.events)


def test_a_day_without_a_tick_has_no_end(hospital: Hospital) -> None:
    hospital.tick()
    hospital.raise_alarms()
    with pytest.raises(RecoveryError, match="none landed on 2020-01-01"):
        job.prove(hospital.settings, date(2020, 1, 1), unwatched)
