"""Two lanes, each with its own partitions, write together what one lane would; the board of each stands beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.errors import RecoveryError
from lakehouse.folding import AlarmFold
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter
from lakehouse.messages import Admission, Reading, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, WARD_BOARD
from streaming.bedside.partitioner import partition_of
from streaming.bedside_log import BedsideLog
from streaming.board_projection import BoardProjection
from streaming.lane import Lane, recovered
from streaming.partitions import lane_name, parse_partitions, snapshot_folder
from streaming.sink import EventSink
from streaming.snapshots import Snapshots
from waiting import until

Ends = dict[int, int]
LANES = ("0-1", "2-3")


@dataclass
class OpenLane:
    """A lane without Spark: it takes what the log has."""

    lane: Lane
    log: BedsideLog
    fold: AlarmFold
    sink: EventSink
    snapshots: Snapshots

    def take_up_to(self, ends: Ends) -> None:
        own = {partition: ends[partition] for partition in self.fold.positions}
        for stretch in self.log.between(dict(self.fold.positions), own):
            self.lane.take(stretch, [])


@contextmanager
def opened(settings: Settings, name: str) -> Iterator[OpenLane]:
    """Open a lane that begins at the present end of the log, or goes on from its snapshot."""
    with (
        Snapshots(snapshot_folder(settings, name)) as snapshots,
        BedsideLog(settings, Service.ALARMS) as log,
        BedsideLog(settings, Service.ALARMS) as behind,
        EventSink(settings, Service.ALARMS) as sink,
    ):
        if snapshots.newest() is None:
            fold = AlarmFold()
            fold.positions = {p: log.ends()[p][1] for p in parse_partitions(name, settings.kafka.partitions)}
            snapshots.save(fold)
        fold = recovered(snapshots, log, parse_partitions(name, settings.kafka.partitions), has_history=True)
        heartbeat = Heartbeat(settings.run / "heartbeats" / "alarms.json")
        yield OpenLane(Lane(fold, sink, snapshots, behind, heartbeat), log, fold, sink, snapshots)


def one_of_each_partition(ward_id: str, partitions: int) -> list[str]:
    """Return patients of a ward, of whom each partition has one."""
    found: dict[int, str] = {}
    for number in count():
        patient_id = f"{ward_id}-{number}"
        found.setdefault(partition_of(patient_id.encode(), partitions), patient_id)
        if len(found) == partitions:
            break
    return list(found.values())


def write(settings: Settings, patients: list[str]) -> Ends:
    """Write a tachycardia of each patient, still open; return where the log then ends."""
    begin = datetime.now(UTC) - timedelta(seconds=30)
    with LogWriter(settings, Service.MONITORS) as writer:
        for patient_id in patients:
            key = patient_id.encode()
            ward_id = patient_id.partition("-")[0]
            writer.send("bedside", key, encode(Admission(patient_id=patient_id, event="admit", ward_id=ward_id)))
            for second in range(30):
                at = begin + timedelta(seconds=second)
                reading = Reading(patient_id=patient_id, measured_at=at, vitals=Vitals(heart_rate_bpm=130))
                writer.send("bedside", key, encode(reading))
    with BedsideLog(settings, Service.ALARMS) as log:
        return {partition: end for partition, (_, end) in log.ends().items()}


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"run": tmp_path})


def test_two_lanes_share_the_log_and_each_goes_on_from_its_own_state(own: Settings) -> None:
    ward_id = uuid4().hex[:8]
    patients = one_of_each_partition(ward_id, own.kafka.partitions)
    with opened(own, LANES[0]) as first, opened(own, LANES[1]) as second:
        begins = first.fold.positions | second.fold.positions
        ends = write(own, patients)
        for each in (first, second):
            each.take_up_to(ends)
            each.snapshots.save(each.fold)

        whole = AlarmFold()
        whole.positions = begins
        with BedsideLog(own, Service.ALARMS) as log:
            expected = [event for stretch in log.between(dict(begins), ends) for event in whole.fold(stretch)]
        expected = [event for event in expected if event.patient_id in patients]
        assert [event.step for event in expected] == ["onset"] * len(patients)
        with Cassandra(own, Service.BATCH, patience_s=30) as cassandra:
            rows = [row for p in patients for row in cassandra.select(ALERT_EVENTS, {"patient_id": p})]
            assert sorted(row["event_id"] for row in rows) == sorted(event.event_id for event in expected)

            # The board of a ward whose patients are in two lanes has a document of each.
            with BoardProjection(first.sink.cassandra, first.fold), BoardProjection(second.sink.cassandra, second.fold):
                assert until(lambda: len(cassandra.select(WARD_BOARD, {"ward_id": ward_id})) == len(LANES), 30)
            boards = {
                row["lane"]: json.loads(row["beds"]) for row in cassandra.select(WARD_BOARD, {"ward_id": ward_id})
            }
    assert set(boards) == set(LANES)
    shown = [bed for beds in boards.values() for bed in beds]
    assert sorted(bed["patient_id"] for bed in shown) == sorted(patients)

    for name in LANES:
        with opened(own, name) as again:
            assert lane_name(again.fold.positions) == name
            assert again.fold.positions == {p: ends[p] for p in parse_partitions(name, own.kafka.partitions)}


def test_a_lane_does_not_go_on_from_the_state_of_another(own: Settings) -> None:
    with opened(own, LANES[0]) as lane, pytest.raises(RecoveryError, match=r"asked for 2-3, its snapshot has 0-1"):
        recovered(lane.snapshots, lane.log, [2, 3], has_history=True)


def test_a_lane_that_has_run_and_lost_its_state_is_not_begun_anew(own: Settings) -> None:
    with (
        Snapshots(snapshot_folder(own, "0-3")) as snapshots,
        BedsideLog(own, Service.ALARMS) as log,
        pytest.raises(RecoveryError, match=r"streaming rebuild"),
    ):
        recovered(snapshots, log, [0, 1, 2, 3], has_history=True)
