"""A lane whose snapshots are lost goes on as if they were not: its state comes from the lake, and from Kafka."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter
from lakehouse.lake import Lake
from lakehouse.landed import landed
from lakehouse.messages import Admission, Reading, Vitals, encode
from lakehouse.settings import Service, Settings
from streaming import rebuild
from streaming.bedside_log import BedsideLog
from streaming.lander import Lander, Progress
from streaming.partitions import checkpoint_folder, lane_name, snapshot_folder
from streaming.sink import EventSink
from streaming.snapshots import Snapshots
from tests.integration.streaming.own_lake import ends_of, read_log, with_own_lake

Ends = dict[int, int]


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return with_own_lake(settings, tmp_path, ["bedside"])


def write(settings: Settings, patient_id: str, beats: list[float]) -> Ends:
    """Write a patient's readings, the newest measured now, and a bad record; return where the log then ends."""
    key = patient_id.encode()
    now = datetime.now(UTC)
    with LogWriter(settings, Service.MONITORS) as writer:
        writer.send("bedside", key, encode(Admission(patient_id=patient_id, event="admit", ward_id="w7")))
        for second, beat in enumerate(beats):
            at = now - timedelta(seconds=len(beats) - second)
            message = Reading(patient_id=patient_id, measured_at=at, vitals=Vitals(heart_rate_bpm=beat))
            writer.send("bedside", key, encode(message))
        writer.send("bedside", key, b"nonsense")
    return ends_of(settings, "bedside")


def land(settings: Settings, ends: Ends) -> None:
    with Lake(settings) as lake:
        batch = read_log(settings, "bedside", landed(lake, "bedside", ends), ends)
        Lander(lake, {}, Progress(Heartbeat(settings.run / "landing.json"))).take(batch)


def commit(settings: Settings, ends: Ends) -> None:
    """Leave a checkpoint of Spark's as a lane leaves it: one batch finished, one begun."""
    checkpoint = checkpoint_folder(settings, lane_name(range(settings.kafka.partitions)))
    for folder in ("offsets", "commits"):
        (checkpoint / folder).mkdir(parents=True)
    for number, offsets in enumerate((ends, {partition: end + 9 for partition, end in ends.items()})):
        text = f"v1\n{{}}\n{json.dumps({'bedside': offsets})}"
        (checkpoint / "offsets" / str(number)).write_text(text, encoding="utf-8")
    (checkpoint / "commits" / "0").touch()


def fold_on(settings: Settings, fold: AlarmFold, ends: Ends) -> list[AlertEvent]:
    """Fold what Kafka has up to `ends`; return the events, in an order of their own."""
    with BedsideLog(settings, Service.ALARMS) as log:
        raised = [event for stretch in log.between(dict(fold.positions), ends) for event in fold.fold(stretch)]
    return sorted(raised, key=lambda event: event.event_id)


def newest(settings: Settings) -> AlarmFold:
    with Snapshots(snapshot_folder(settings, lane_name(range(settings.kafka.partitions)))) as snapshots:
        fold = snapshots.newest()
    assert fold is not None
    return fold


def test_a_rebuilt_lane_goes_on_as_the_lost_one_would_have(own: Settings) -> None:
    patient_id = f"p{uuid4().hex}"
    begins = ends_of(own, "bedside")
    land(own, write(own, patient_id, [80.0] * 20 + [150.0] * 20))
    committed = write(own, patient_id, [150.0] * 30)
    commit(own, committed)
    later = write(own, patient_id, [80.0] * 90)

    rebuilt = rebuild.run(own, None)

    lost = AlarmFold()
    lost.positions = begins
    assert any(event.patient_id == patient_id for event in fold_on(own, lost, committed))
    fold = newest(own)
    assert rebuilt.has_checkpoint
    assert fold.positions == committed
    assert fold.patients == lost.patients
    assert fold_on(own, fold, later) == fold_on(own, lost, later)


def test_without_a_checkpoint_it_stands_where_the_last_pulse_stood_so_that_what_is_behind_it_comes_out(
    own: Settings,
) -> None:
    out = write(own, f"p{uuid4().hex}", [80.0] * 5)
    with EventSink(own, Service.ALARMS) as sink:
        sink.pulse(lane_name(out), out)
    land(own, write(own, f"p{uuid4().hex}", [150.0] * 30))
    rebuilt = rebuild.run(own, None)
    assert newest(own).positions == out
    assert "up to its last pulse, since it has no checkpoint" in str(rebuilt)
