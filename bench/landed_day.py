"""Whole days of simulated patients in the lake and in Cassandra, as days live would have left them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
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

DAY_S: Final = 86_400
PARTITIONS: Final = 4
MOST_SIMULATED: Final = 1_000  # patients; more of them share courses, since simulating takes longer than the jobs
READINGS_A_BATCH: Final = 200_000  # what a busy landing commits at once
EVENTS_A_WRITE: Final = 500
TRANSIT_MS: Final = 200
_COLUMNS: Final = [INDEX[vital.name] for vital in SIMULATED]


class _Batch(NamedTuple):
    """Some seconds of the ward: a row for each reading, in the order of time."""

    seconds: range
    at_s: NDArray[np.int64]
    patient: NDArray[np.int64]
    values: NDArray[np.float64]  # (n, vitals)


def land(settings: Settings, first: date, script: Script, period_s: int, progress: Callable[[int], None]) -> int:
    """Write the days of a script into an empty lake, and their alarms into lake and Cassandra. Returns the readings.

    Each patient has a reading every `period_s`; the patients take turns, so those who share a course are read at other
    seconds of it. In each second each partition has the readings that are due, one after another, and then a tick. The
    last day is closed: landing stands on the next one.

    Parameters
    ----------
    first
        The first day; how many there are is in the script's seconds.
    """
    begin = datetime.combine(first, time(), UTC)
    ids = np.array(script.patient_ids)
    fold, events, readings, day = AlarmFold(), list[AlertEvent](), 0, first
    offsets = [0] * PARTITIONS
    with Lake(settings) as lake:
        simulation = Simulation(replace(script, patients=min(script.patients, MOST_SIMULATED)), begin)
        for batch in _batches(simulation, script.patients, period_s):
            logs = [_log(batch, ids, partition, offset, begin, period_s) for partition, offset in enumerate(offsets)]
            offsets = [int(log.offset[-1]) + 1 for log in logs]
            events += [event for log in logs for event in fold.fold(log)]
            day = first + timedelta(seconds=batch.seconds.start)
            commit = Batch("bench", batch.seconds.start)
            lake.append(READINGS, pa.concat_tables(_readings(log, day) for log in logs), commit)
            lake.append(ENTRIES, pa.concat_tables(_ticks(log, day) for log in logs), commit)
            readings += len(batch.at_s)
            progress(len(batch.at_s))
        rows = event_rows(events)
        landed = rows.append_column("landed_date", rows["received_at"].cast(pa.date32()))
        lake.append(LAKE_ALERT_EVENTS, landed, Batch("bench", 0))
        tomorrow = {DAY_MARK: (day + timedelta(days=1)).toordinal()}
        lake.add(ENTRIES, lambda _: Addition(arrow_schema(ENTRIES).empty_table(), tomorrow))
    with Cassandra(settings, Service.ALARMS) as cassandra:
        for at in range(0, len(events), EVENTS_A_WRITE):
            part = events[at : at + EVENTS_A_WRITE]
            cassandra.write_together(cassandra.upsert(ALERT_EVENTS, event_row(event), timestamp_us=1) for event in part)
    return readings


def _batches(simulation: Simulation, patients: int, period_s: int) -> Iterator[_Batch]:
    due_in_order = _due(simulation, patients, period_s)
    begin_s, most_s = 0, max(1, READINGS_A_BATCH * period_s // patients)
    while due := list(islice(due_in_order, min(most_s, DAY_S - begin_s % DAY_S))):  # a batch is of one day
        seconds = range(begin_s, begin_s + len(due))
        at_s = np.repeat(np.array(seconds), [len(patient) for patient, _ in due])
        patient, values = (np.concatenate(parts) for parts in zip(*due, strict=True))
        yield _Batch(seconds, at_s, patient, values)
        begin_s = seconds.stop


def _due(
    simulation: Simulation, patients: int, period_s: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Yield of each second the patients whose turn it is, and their values."""
    turn = np.arange(patients) // PARTITIONS % period_s
    for second in simulation:
        patient = np.flatnonzero(turn == second.at_s % period_s)
        values = np.full((len(patient), len(VITALS)), np.nan)
        values[:, _COLUMNS] = second.values[patient % MOST_SIMULATED]
        yield patient, values


def _log(batch: _Batch, ids: NDArray[np.str_], partition: int, offset: int, begin: datetime, period_s: int) -> LogSlice:
    mine = batch.patient % PARTITIONS == partition
    n, ticks = int(mine.sum()), len(batch.seconds)
    at_s = np.concatenate([batch.at_s[mine], np.array(batch.seconds)])
    order = np.argsort(at_s, kind="stable")  # the tick of a second stands behind its readings
    is_reading = order < n
    values = np.concatenate([batch.values[mine], np.full((ticks, len(VITALS)), np.nan)])
    names = [*ids[batch.patient[mine]].tolist(), *[None] * ticks]
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
