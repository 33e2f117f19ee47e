"""How many readings a second one lane carries on this machine: the largest rate at which its backlog does not grow."""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from bench.live import live_stack, simulated, supervisor
from bench.report import Report
from lakehouse.errors import StoreError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE

WARM_UP_S: Final = 45
WITH_LANDING: Final = (20_000, 30_000, 40_000)
ALARMS_ONLY: Final = (30_000, 45_000, 60_000)
_PATIENCE_S: Final = 60.0


class Standing(NamedTuple):
    """How much was written to the log, and how much of it the lane has folded."""

    written: int
    folded: int

    @property
    def backlog(self) -> int:
        """Entries not folded yet."""
        return self.written - self.folded


def run(seconds: int) -> Report:
    """Raise the rate step by step, `seconds` each, with landing and without."""
    rows: list[tuple[str, ...]] = []
    with live_stack() as settings:
        both = max(_step(settings, rate, seconds, "with landing", rows) for rate in WITH_LANDING)
        supervisor(settings, "stop", "landing")
        try:
            alone = max(_step(settings, rate, seconds, "alarms only", rows) for rate in ALARMS_ONLY)
        finally:
            supervisor(settings, "start", "landing")
    return Report(
        title=f"Capacity of one lane, readings of six vitals at 1 Hz, {seconds} s each after {WARM_UP_S} s",
        columns=(
            "what runs",
            "asked for, readings/s",
            "written, entries/s",
            "folded, entries/s",
            "backlog before",
            "after",
        ),
        rows=rows,
        figures={"readings_per_s": round(alone), "readings_per_s_with_landing": round(both)},
        notes=(
            "A rate is carried when the backlog grows by less than one second of it.",
            "Load generator, broker, Cassandra, HDFS and standby share the cores with the lane.",
        ),
    )


def _step(settings: Settings, rate: int, seconds: int, what: str, rows: list[tuple[str, ...]]) -> float:
    """Measure one rate; return what was written a second if the lane carried it, else 0."""
    with simulated(settings, rate, 1):
        time.sleep(WARM_UP_S)
        before, began = standing(settings), time.monotonic()
        time.sleep(seconds)
        after, took_s = standing(settings), time.monotonic() - began
    written, folded = (after.written - before.written) / took_s, (after.folded - before.folded) / took_s
    rows.append((what, f"{rate:,}", f"{written:,.0f}", f"{folded:,.0f}", f"{before.backlog:,}", f"{after.backlog:,}"))
    return written if after.backlog - before.backlog < written else 0.0


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
    raise StoreError(f"a lane pulses every second; none was heard for {_PATIENCE_S:.0f} s; see `make status`")
