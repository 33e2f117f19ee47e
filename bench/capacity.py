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


def run(seconds: int) -> Report:
    """Raise the rate step by step, `seconds` each, until one is not carried: with all of the stack, and alarms only."""
    rows: list[tuple[str, ...]] = []
    with live_stack() as settings:
        both = _climb(settings, WHOLE_STACK, seconds, "whole live stack", rows)
        with stopped(settings, *BESIDE_ALARMS):
            alone = _climb(settings, ALARMS_ONLY, seconds, "alarms only", rows)
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
        rows=rows,
        figures={"readings_per_s": alone, "readings_per_s_with_landing": both},
        notes=(
            "Each step begins with a lane that has caught up; the first that is not carried is the last.",
            "A rate is carried when the backlog grows by less than one second of it.",
            "Alarms only: without landing, standby, notifier, board and watchdog.",
            "Load generator, broker, Cassandra and HDFS share the cores with the lane.",
        ),
    )


def _climb(settings: Settings, rates: Sequence[int], seconds: int, what: str, rows: list[tuple[str, ...]]) -> int:
    """Return the largest rate that is carried, 0 if none is."""
    carried = 0
    for rate in rates:
        _drain(settings)
        with simulated(settings, rate, 1):
            time.sleep(WARM_UP_S)
            before, began = standing(settings), time.monotonic()
            time.sleep(seconds)
            after, took_s = standing(settings), time.monotonic() - began
        written, folded = (after.written - before.written) / took_s, (after.folded - before.folded) / took_s
        if written < _WRITTEN * rate:
            gave_in = "load generator"
        elif after.backlog - before.backlog >= written:
            gave_in = "lane"
        else:
            gave_in, carried = "nothing", rate
        numbers = (rate, round(written), round(folded), before.backlog, after.backlog)
        rows.append((what, *(f"{number:,}" for number in numbers), gave_in))
        if gave_in != "nothing":
            break
    return carried


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
