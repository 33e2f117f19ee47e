"""A whole day of simulated patients in the lake and in Cassandra, as a day live would have left it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS
from lakehouse.alert_rows import event_row, event_rows
from lakehouse.cassandra import Cassandra
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.lake import Addition, Batch, Lake
from lakehouse.landed import DAY_MARK
from lakehouse.log import LogSlice
from lakehouse.messages import Tick, encode
from lakehouse.packing import pack
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, ENTRIES, LAKE_ALERT_EVENTS, READINGS
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.simulation import Script, Simulation

PARTITIONS: Final = 4
SECONDS_A_BATCH: Final = 200  # what landing commits at once: 200,000 rows of 1,000 patients at 1 Hz
EVENTS_A_WRITE: Final = 500
TRANSIT_MS: Final = 200
_COLUMNS: Final = [INDEX[vital.name] for vital in SIMULATED]


class _Batch(NamedTuple):
    """Some seconds of the ward: a row for each reading, in the order of time."""

    first_s: int
    at_s: NDArray[np.int64]
    patient: NDArray[np.int64]
    values: NDArray[np.float64]  # (n, vitals)


def land(settings: Settings, day: date, script: Script, period_s: int, progress: Callable[[int], None]) -> int:
    """Write the day of a script into an empty lake, and its alarms into lake and Cassandra. Returns the readings.

    Each patient has a reading every `period_s`; the patients take turns. In each second each partition has the readings
    that are due, one after another, and then a tick. The day is closed: landing stands on the next one.
    """
    begin = datetime.combine(day, time(), UTC)
    ids = np.array(script.patient_ids)
    fold, events, readings = AlarmFold(), list[AlertEvent](), 0
    offsets = [0] * PARTITIONS
    with Lake(settings) as lake:
        for batch in _batches(Simulation(script, begin), script.patients, period_s):
            for partition in range(PARTITIONS):
                log = _log(batch, ids, partition, offsets[partition], begin, period_s)
                offsets[partition] += len(log.offset)
                events += fold.fold(log)
                commit = Batch(f"bench-{partition}", batch.first_s)
                lake.append(READINGS, _readings(log, day), commit)
                lake.append(ENTRIES, _ticks(log, day), commit)
                readings += int(log.is_reading.sum())
            progress(len(batch.at_s))
        rows = event_rows(events)
        lake.append(LAKE_ALERT_EVENTS, rows.append_column("landed_date", _days(day, len(rows))), Batch("bench", 0))
        tomorrow = {DAY_MARK: (day + timedelta(days=1)).toordinal()}
        lake.add(ENTRIES, lambda _: Addition(arrow_schema(ENTRIES).empty_table(), tomorrow))
    with Cassandra(settings, Service.ALARMS) as cassandra:
        for at in range(0, len(events), EVENTS_A_WRITE):
            part = events[at : at + EVENTS_A_WRITE]
            cassandra.write_together(cassandra.upsert(ALERT_EVENTS, event_row(event), timestamp_us=1) for event in part)
    return readings


def _batches(simulation: Simulation, patients: int, period_s: int) -> Iterator[_Batch]:
    turn = np.arange(patients) // PARTITIONS % period_s
    waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []
    for second in simulation:
        due = np.flatnonzero(turn == second.at_s % period_s)
        values = np.full((len(due), len(VITALS)), np.nan)
        values[:, _COLUMNS] = second.values[due]
        waiting.append((due, values))
        if len(waiting) == SECONDS_A_BATCH:
            first_s = second.at_s + 1 - SECONDS_A_BATCH
            at_s = np.repeat(np.arange(first_s, second.at_s + 1), [len(due) for due, _ in waiting])
            patient, values = (np.concatenate(parts) for parts in zip(*waiting, strict=True))
            yield _Batch(first_s, at_s, patient, values)
            waiting = []


def _log(batch: _Batch, ids: NDArray[np.str_], partition: int, offset: int, begin: datetime, period_s: int) -> LogSlice:
    mine = batch.patient % PARTITIONS == partition
    n = int(mine.sum())
    at_s = np.concatenate([batch.at_s[mine], batch.first_s + np.arange(SECONDS_A_BATCH)])
    order = np.argsort(at_s, kind="stable")  # the tick of a second stands behind its readings
    is_reading = order < n
    values = np.concatenate([batch.values[mine], np.full((SECONDS_A_BATCH, len(VITALS)), np.nan)])
    names = [*ids[batch.patient[mine]].tolist(), *[None] * SECONDS_A_BATCH]
    at_ms = round(begin.timestamp() * 1000) + at_s[order] * 1000
    tick = Tick()
    return LogSlice(
        partition=np.full(len(order), partition, np.int32),
        offset=offset + np.arange(len(order)),
        received_ms=at_ms + TRANSIT_MS,
        patient_ids=[names[row] for row in order],
        is_reading=is_reading,
        measured_ms=np.where(is_reading, at_ms, 0),
        period_ms=np.where(is_reading, period_s * 1000, 0),
        values=values[order],
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
