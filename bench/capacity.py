"""How many readings a second one lane carries on this machine: the largest rate at which its backlog does not grow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from bench.live import live_stack, simulated, stopped
from bench.report import Report
from lakehouse.errors import StoreError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE

WARM_UP_S: Final = 30
WHOLE_STACK: Final = (10_000, 15_000, 20_000, 25_000, 30_000)
ALARMS_ONLY: Final = (20_000, 30_000, 40_000, 50_000, 60_000, 70_000)
BESIDE_ALARMS: Final = ("watchdog", "board", "notify", "landing", "standby")
_WRITTEN: Final = 0.95  # of what was asked for; below, the load generator is what does not keep up
_PATIENCE_S: Final = 60.0
_DRAINED_S: Final = 600.0
_CAUGHT_UP: Final = 1_000  # entries: between pulse and look the log has grown a little


class Standing(NamedTuple):
    """How much was written to the log, and how much of it the lane has folded."""

    written: int
    folded: int

    @property
    def backlog(self) -> int:
        """Entries not folded yet."""
        return self.written - self.folded


class Step(NamedTuple):
    """One rate. Entries a second but for the backlogs, which are entries."""

    asked_for: int
    written: float
    folded: float
    backlog_before: int
    backlog_after: int

    @property
    def gave_in(self) -> str | None:
        """What did not keep up, if anything."""
        if self.written < _WRITTEN * self.asked_for:
            return "load generator"
        return "lane" if self.backlog_after - self.backlog_before >= self.written else None

    def cells(self, what: str) -> tuple[str, ...]:
        """Return the row as text."""
        return (what, *(f"{round(number):,}" for number in self), self.gave_in or "nothing")


def run(seconds: int) -> Report:
    """Raise the rate step by step, `seconds` each, until one is not carried: with all of the stack, and alarms only."""
    with live_stack() as settings:
        both = _climb(settings, WHOLE_STACK, seconds)
        with stopped(settings, *BESIDE_ALARMS):
            alone = _climb(settings, ALARMS_ONLY, seconds)
    return Report(
        title=f"Capacity of one lane, readings of six vitals at 1 Hz, {seconds} s each after {WARM_UP_S} s",
        columns=(
            "what runs",
            "asked for, readings/s",
            "written, entries/s",
            "folded, entries/s",
            "backlog before",
            "after",
            "what gave in",
        ),
        rows=[*(step.cells("whole live stack") for step in both), *(step.cells("alarms only") for step in alone)],
        figures={"readings_per_s": _carried(alone), "readings_per_s_with_landing": _carried(both)},
        notes=(
            "Each step begins with a lane that has caught up; the first that is not carried is the last.",
            "A rate is carried when the backlog grows by less than one second of it.",
            "Alarms only: without landing, standby, notifier, board and watchdog.",
            "Load generator, broker, Cassandra and HDFS share the cores with the lane.",
        ),
    )


def _carried(steps: Sequence[Step]) -> int:
    return max((step.asked_for for step in steps if step.gave_in is None), default=0)


def _climb(settings: Settings, rates: Sequence[int], seconds: int) -> list[Step]:
    """Return the steps up to the first that is not carried."""
    steps: list[Step] = []
    for rate in rates:
        _drain(settings)
        steps.append(_step(settings, rate, seconds))
        if steps[-1].gave_in:
            break
    return steps


def _step(settings: Settings, rate: int, seconds: int) -> Step:
    with simulated(settings, rate, 1):
        time.sleep(WARM_UP_S)
        before, began = standing(settings), time.monotonic()
        time.sleep(seconds)
        after, took_s = standing(settings), time.monotonic() - began
    written, folded = (after.written - before.written) / took_s, (after.folded - before.folded) / took_s
    return Step(rate, written, folded, before.backlog, after.backlog)


def _drain(settings: Settings) -> None:
    gives_up = time.monotonic() + _DRAINED_S
    while (left := standing(settings).backlog) > _CAUGHT_UP:
        if time.monotonic() > gives_up:
            raise StoreError(f"a lane catches up when nothing is written; {left:,} entries were left")


def standing(settings: Settings) -> Standing:
    """Compare the lane's next pulse with the ends of the log at that moment."""
    reader = consumer(settings, Service.ADMIN, "bench")
    try:
        assign(reader, ALERTS.name, {0: log_ends(reader, ALERTS.name)[0][1]})
        gives_up = time.monotonic() + _PATIENCE_S
        while time.monotonic() < gives_up:
            for record in records(reader, 1000, 0.05):
                message = decode(record.value() or b"")
                if isinstance(message, Pulse) and message.writer == "alarms":
                    ends = log_ends(reader, BEDSIDE.name)
                    return Standing(sum(end for _, end in ends.values()), sum(message.positions.values()))
    finally:
        reader.close()
    raise StoreError(f"a lane pulses twice a second; none was heard for {_PATIENCE_S:.0f} s; see `make logs`")
