"""A batch that is repeated after a crash, whole or cut in another way, adds only what the lake does not have yet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse import events
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent
from lakehouse.heartbeat import Heartbeat
from lakehouse.lake import Lake
from lakehouse.landed import landed
from lakehouse.messages import Reading, Tick, Vitals, encode
from lakehouse.settings import Settings
from lakehouse.tables import READINGS
from streaming.lander import Lander, Progress
from tests.integration.streaming.own_lake import RECORDS, landed_event_ids, landed_offsets, with_own_lake

AT = datetime(2026, 1, 5, 23, 59, 58, tzinfo=UTC)


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return with_own_lake(settings, tmp_path)


def records(partition: int, first: int, count: int, at: datetime = AT) -> list[dict[str, Any]]:
    """A reading, a tick, a bad record, a reading, ..."""
    reading = encode(Reading(patient_id="p1", measured_at=at, vitals=Vitals(heart_rate_bpm=80)))
    kinds = ((b"p1", reading), (None, encode(Tick())), (b"p1", b"nonsense"))
    return [
        {
            "topic": "bedside", "partition": partition, "offset": offset, "timestamp": at,
            "key": kinds[offset % 3][0], "value": kinds[offset % 3][1],
        }
        for offset in range(first, first + count)
    ]  # fmt: skip


def alert(offset: int, event_id: str) -> dict[str, Any]:
    event = AlertEvent(event_id=event_id, patient_id="p1", step="onset", received_at=AT, partition=0, offset=1)
    return {
        "topic": "alerts", "partition": 0, "offset": offset, "timestamp": AT, "key": b"p1",
        "value": events.encode(event),
    }  # fmt: skip


def land(settings: Settings, *batches: list[dict[str, Any]]) -> None:
    with Lake(settings) as lake:
        lander = Lander(lake, {}, Progress(Heartbeat(settings.run / "landing.json")))
        for batch in batches:
            lander.take(pa.Table.from_pylist(batch, schema=RECORDS))


@pytest.mark.parametrize("fault", ["landing.before_write", "landing.between_tables", "landing.after_write"])
def test_a_crash_at_any_point_neither_loses_nor_doubles(
    own: Settings, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    batch = records(0, 0, 30) + records(5, 100, 30) + [alert(0, "e1"), alert(1, "e2")]
    monkeypatch.setenv("WARDWATCH_FAULT", fault)
    monkeypatch.setenv("WARDWATCH_RUN", str(own.run))
    process = get_context("spawn").Process(target=land, args=(own, batch))
    process.start()
    process.join()
    assert process.exitcode == -9
    monkeypatch.delenv("WARDWATCH_FAULT")
    land(own, batch[:20], batch[:45] + batch[-2:], batch[45:], batch)
    assert landed_offsets(own) == [(0, offset) for offset in range(30)] + [(5, offset) for offset in range(100, 130)]
    assert landed_event_ids(own) == ["e1", "e2"]


def test_an_event_that_lane_and_standby_both_wrote_lands_once(own: Settings) -> None:
    land(own, [alert(0, "e1"), alert(1, "e2"), alert(2, "e1")], [alert(3, "e2"), alert(4, "e3")])
    assert landed_event_ids(own) == ["e1", "e2", "e3"]


def test_the_lake_says_how_far_it_has_the_log(own: Settings) -> None:
    land(own, records(0, 0, 3), records(0, 3, 2) + records(7, 10, 5))
    with Lake(own) as lake:
        assert landed(lake, "bedside", range(12)) == {0: 5, 7: 15}


def test_a_gap_before_a_batch_is_refused(own: Settings) -> None:
    land(own, records(0, 0, 3))
    with pytest.raises(RecoveryError, match=r"bedside\[0\] is landed up to 3, and the batch begins at 5"):
        land(own, records(0, 5, 3))


def test_a_batch_lands_on_the_day_of_its_newest_record_and_never_on_an_earlier_day(own: Settings) -> None:
    midnight = AT + timedelta(seconds=2)
    land(own, records(0, 0, 3), records(0, 3, 3) + records(1, 0, 3, midnight), records(0, 6, 3))
    with Lake(own) as lake:
        rows = lake.read(READINGS, columns=["landed_date", "partition", "offset"]).to_pylist()
    assert {(row["partition"], row["offset"]): row["landed_date"] for row in rows} == {
        (0, 0): date(2026, 1, 5),
        (0, 3): date(2026, 1, 6),
        (1, 0): date(2026, 1, 6),
        (0, 6): date(2026, 1, 6),
    }
