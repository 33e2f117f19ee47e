"""Simulated days of the lake: patients of `streaming.bedside.simulation`, one reading a minute, with ticks and beds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from clinical.vitals import INDEX, VITALS
from lakehouse.contract import LakeTable
from lakehouse.lake import Batch, Lake
from lakehouse.messages import Admission, Tick, encode
from lakehouse.packing import pack
from lakehouse.render import arrow_schema
from lakehouse.settings import Settings
from lakehouse.tables import ENTRIES, READINGS
from streaming.bedside.episodes import SIMULATED
from streaming.bedside.simulation import Script, Simulation

PATIENTS: Final = 48
MINUTES: Final = 360
PERIOD_S: Final = 60.0
WARDS: Final = ("w1", "w2", "w3", "w4")
TRANSIT: Final = timedelta(milliseconds=200)

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Day:
    """Values, shape (minutes, patients, vitals); and which readings were sent at all, shape (minutes, patients)."""

    values: Floats
    sent: NDArray[np.bool_]

    def changed(self, change: Callable[[Day], None]) -> Day:
        """Return a copy with a fault."""
        copy = Day(self.values.copy(), self.sent.copy())
        change(copy)
        return copy


def simulated() -> Day:
    """Six hours of a clean day."""
    script = Script(patients=PATIENTS, seed=4, seconds=MINUTES * 60)
    values = np.full((MINUTES, PATIENTS, len(VITALS)), np.nan)
    columns = [INDEX[vital.name] for vital in SIMULATED]
    for second in Simulation(script, datetime(2026, 1, 1, tzinfo=UTC)):
        if second.at_s % 60 == 0:
            values[second.at_s // 60, :, columns] = second.values.T
    return Day(values, np.ones((MINUTES, PATIENTS), bool))


def ward_of(patient: int) -> str:
    return WARDS[patient % len(WARDS)]


def land(settings: Settings, day: date, content: Day) -> None:
    """Write the day into the lake, as landing would."""
    midnight = datetime.combine(day, time.min, UTC)
    minute, patient = np.nonzero(content.sent)
    ids = [f"p{number}" for number in patient]
    measured = [midnight + timedelta(minutes=int(m)) for m in minute]
    packed = pack(content.values[minute, patient])
    readings = {
        "patient_id": ids,
        "device_id": [f"{each}-monitor" for each in ids],
        "measured_at": measured,
        "received_at": [at + TRANSIT for at in measured],
        "partition": [0] * len(ids),
        "offset": list(range(len(ids))),
        "period_s": [PERIOD_S] * len(ids),
        "raw": [None] * len(ids),
    } | {name: packed[name].combine_chunks() for name in packed.column_names}
    others: list[tuple[str, str | None, datetime, bytes]] = [
        ("admission", f"p{number}", midnight, encode(Admission(patient_id=f"p{number}", event="admit", ward_id=ward)))
        for number, ward in ((number, ward_of(number)) for number in range(PATIENTS))
    ]
    others += [("tick", None, midnight + timedelta(minutes=m), encode(Tick())) for m in range(MINUTES)]
    kinds, patients, received, bodies = zip(*others, strict=True)
    entries = {
        "kind": kinds, "patient_id": patients, "received_at": received, "partition": [1] * len(others),
        "offset": list(range(len(others))), "body": [body.decode() for body in bodies],
    }  # fmt: skip
    with Lake(settings) as lake:
        for table, columns in ((READINGS, readings), (ENTRIES, entries)):
            lake.append(table, _table(table, day, columns), Batch(f"test/{day}", 1))


def _table(table: LakeTable, day: date, columns: dict[str, Any]) -> pa.Table:
    schema = arrow_schema(table)
    rows = len(columns["offset"])
    filled = columns | {"landed_date": [day] * rows}
    return pa.table([pa.array(filled[name], schema.field(name).type) for name in schema.names], schema=schema)
