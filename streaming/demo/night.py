"""The night of the demo: what was played is the day, and the limits that it leads to are in force from then on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from threading import Event
from typing import Final, NamedTuple

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from clinical.conditions import LIMIT_CONDITIONS
from lakehouse.cassandra import Cassandra
from lakehouse.messages import Limit
from lakehouse.settings import Service, Settings
from lakehouse.tables import LIMITS_BY_PATIENT

NIGHT_AFTER_S: Final = 270.0  # the played hours have passed by then
ROWS: Final = 12
_CONDITION: Final = {condition.name: condition for condition in LIMIT_CONDITIONS}


class Change(NamedTuple):
    """A medium-priority limit before the night and after it, in the unit of its vital."""

    patient_id: str
    condition: str
    before: float
    after: float

    @property
    def looser_by(self) -> float:
        """How much looser it is, in parts of the default; below 0 = tighter."""
        condition = _CONDITION[self.condition]
        return (self.after - self.before) * (1 if condition.side == "high" else -1) / condition.limit[0]


def pass_night(
    settings: Settings, command: Sequence[str], patient_ids: Sequence[str], console: Console, stop: Event
) -> None:
    """Wait until the day has been played, run the command that has its night, and say which limits have changed."""
    if stop.wait(NIGHT_AFTER_S):
        return
    console.print("Night falls: what was played so far is checked, proven and learned from. The ward is watched on.")
    before = limits_of(settings, patient_ids)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as night:
        for line in night.stdout or ():
            console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)
    if stop.wait(1.0):  # `make down` ends both, the night perhaps first
        return
    if night.returncode != 0:
        console.print("The night has failed: the old limits stay. `make night` has it once more.")
        return
    console.print(table_of(changes(before, limits_of(settings, patient_ids))))


def limits_of(settings: Settings, patient_ids: Iterable[str]) -> dict[tuple[str, str], float]:
    """Return the personal medium-priority limits in force, by patient and condition."""
    found: dict[tuple[str, str], float] = {}
    with Cassandra(settings, Service.BATCH) as cassandra:
        for patient_id in patient_ids:
            for row in reversed(cassandra.select(LIMITS_BY_PATIENT, {"patient_id": patient_id})):  # the newest last
                stated = medium_of(msgspec.json.decode(row["limits"]))
                found |= {(patient_id, condition): limit for condition, limit in stated.items()}
    return found


def medium_of(limits: Mapping[str, Limit | None]) -> dict[str, float]:
    """Return the medium-priority limits that a message states, by condition; null in a pair is the default."""
    return {
        condition: _CONDITION[condition].limit[0] if pair[0] is None else pair[0]
        for condition, pair in limits.items()
        if pair is not None
    }


def changes(before: dict[tuple[str, str], float], after: dict[tuple[str, str], float]) -> list[Change]:
    """Return what differs, the most loosened first; who had no personal limit had the default."""
    found = [
        Change(patient_id, name, before.get((patient_id, name), _CONDITION[name].limit[0]), limit)
        for (patient_id, name), limit in after.items()
    ]
    return sorted((each for each in found if each.before != each.after), key=lambda each: -each.looser_by)


def table_of(changed: Sequence[Change]) -> Table:
    """Draw the limits that the night has changed."""
    title = f"{len(changed)} limits fit their patients now; alarms follow them from here on"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False)
    for column in ("patient", "condition", "limit before", "limit now"):
        table.add_column(column, justify="right" if column.startswith("limit") else "left")
    for each in changed[:ROWS]:
        table.add_row(each.patient_id, each.condition.replace("_", " "), f"{each.before:g}", f"{each.after:g}")
    if len(changed) > ROWS:
        table.caption = f"and {len(changed) - ROWS} more"
    return table
