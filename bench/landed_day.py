"""A whole day of simulated patients in the lake and in Cassandra, as a day live would have left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS
from lakehouse.alert_rows import event_row, event_rows
from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.hdfs import ensure_folders
from lakehouse.lake import Batch, Lake
from lakehouse.log import LogSlice
from lakehouse.messages import Tick, encode
from lakehouse.packing import pack
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, ENTRIES, LAKE, LAKE_ALERT_EVENTS, READINGS
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.simulation import Script, Simulation

PARTITIONS: Final = 4
SECONDS_A_BATCH: Final = 200  # what landing commits at once: some 200,000 rows
EVENTS_A_WRITE: Final = 500
TRANSIT_MS: Final = 200
_COLUMNS: Final = [INDEX[vital.name] for vital in SIMULATED]


def land(settings: Settings, day: date, script: Script, progress: Callable[[int], None]) -> int:
    """Write the day of a script into an empty lake, and its alarms into lake and Cassandra. Returns the readings.

    In each second each partition has its patients' readings, one after another, and then a tick.
    """
    begin = datetime.combine(day, time(), UTC)
    begin_ms = round(begin.timestamp() * 1000)
    homes = np.arange(script.patients) % PARTITIONS
    ids = np.array(script.patient_ids)
    fold, events, readings = AlarmFold(), list[AlertEvent](), 0
    ensure_folders(settings)
    with Lake(settings) as lake:
        for table in LAKE.values():
            lake.ensure(table)
        for first_s, values in _batches(Simulation(script, begin), script.patients):
            batch = Batch("bench", first_s)
            for partition in range(PARTITIONS):
                mine = np.flatnonzero(homes == partition)
                log = _log(ids[mine], values[:, mine], partition, first_s, begin_ms)
                events += fold.fold(log)
                lake.append(READINGS, _readings(log, day), batch._replace(writer=f"bench-{partition}"))
                lake.append(ENTRIES, _ticks(log, day), batch._replace(writer=f"bench-{partition}"))
                readings += int(log.is_reading.sum())
            progress(len(values) * script.patients)
        rows = event_rows(events)
        lake.append(LAKE_ALERT_EVENTS, rows.append_column("landed_date", _days(day, len(rows))), Batch("bench", 0))
    with Cassandra(settings, Service.ALARMS) as cassandra:
        for at in range(0, len(events), EVENTS_A_WRITE):
            part = events[at : at + EVENTS_A_WRITE]
            cassandra.write_together(cassandra.upsert(ALERT_EVENTS, event_row(event), timestamp_us=1) for event in part)
    return readings


def _batches(simulation: Simulation, patients: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the first second of a batch and its values, (seconds, patients, vitals)."""
    waiting: list[NDArray[np.float64]] = []
    for second in simulation:
        values = np.full((patients, len(VITALS)), np.nan)
        values[:, _COLUMNS] = second.values
        waiting.append(values)
        if len(waiting) == SECONDS_A_BATCH:
            yield second.at_s + 1 - len(waiting), np.stack(waiting)
            waiting = []


def _log(ids: NDArray[np.str_], values: NDArray[np.float64], partition: int, first_s: int, begin_ms: int) -> LogSlice:
    seconds, patients = values.shape[:2]
    width = patients + 1  # and a tick
    place = np.arange(seconds * width)
    measured_ms = begin_ms + (first_s + place // width) * 1000
    is_reading = place % width < patients
    padded = np.concatenate([values, np.full((seconds, 1, values.shape[2]), np.nan)], axis=1)
    tick = Tick()
    return LogSlice(
        partition=np.full(len(place), partition, np.int32),
        offset=first_s * width + place,
        received_ms=measured_ms + TRANSIT_MS,
        patient_ids=[*ids.tolist(), None] * seconds,
        is_reading=is_reading,
        measured_ms=np.where(is_reading, measured_ms, 0),
        period_ms=np.where(is_reading, 1000, 0),
        values=padded.reshape(-1, values.shape[2]),
        others={int(row): tick for row in np.flatnonzero(~is_reading)},
    )


def _readings(log: LogSlice, day: date) -> pa.Table:
    mine = log.take(log.is_reading)
    packed = pack(mine.values)
    columns = {
        "landed_date": _days(day, len(mine.offset)),
        "patient_id": pa.array(mine.patient_ids),
        "device_id": pa.array(mine.patient_ids),
        "measured_at": _times(mine.measured_ms),
        "received_at": _times(mine.received_ms),
        "partition": pa.array(mine.partition),
        "offset": pa.array(mine.offset),
        "period_s": pa.array(mine.period_ms / 1000),
        "raw": pa.nulls(len(mine.offset), pa.string()),
    }
    return pa.table(columns | {name: packed[name] for name in packed.column_names})


def _ticks(log: LogSlice, day: date) -> pa.Table:
    mine = log.take(~log.is_reading)
    n = len(mine.offset)
    return pa.table(
        {
            "landed_date": _days(day, n),
            "kind": pa.array(["tick"] * n),
            "patient_id": pa.nulls(n, pa.string()),
            "received_at": _times(mine.received_ms),
            "partition": pa.array(mine.partition),
            "offset": pa.array(mine.offset),
            "body": pa.array([encode(Tick()).decode()] * n),
        }
    )


def _days(day: date, rows: int) -> pa.Array:
    return pa.array([day]).take(pa.array(np.zeros(rows, np.int32)))


def _times(at_ms: NDArray[np.int64]) -> pa.Array:
    return pa.array(at_ms * 1000).cast(pa.timestamp("us", tz="UTC"))
