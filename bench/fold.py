"""The fold alone, on one core: readings of six vitals a second, from columns in memory."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from bench.report import Report
from clinical.alarms import fold
from clinical.readings import COUNTS
from clinical.rules import rules_of
from clinical.state import Entries, blank_patient
from clinical.vitals import DBP, HEART_RATE, INDEX, RESP_RATE, SBP, SPO2, TEMPERATURE, VITALS
from lakehouse.entries import Names, entries_of
from lakehouse.log import LogSlice

# vital -> mean and spread of what is drawn for it; calm patients with an excursion now and then, as on a ward
_DRAWN: Final = {
    HEART_RATE: (85, 12),
    RESP_RATE: (17, 3),
    SPO2: (96, 1.5),
    SBP: (122, 12),
    DBP: (74, 8),
    TEMPERATURE: (37, 0.4),
}
_ROWS: Final = 1_000_000


def run(seconds: int) -> Report:
    """Fold patients at 1 Hz for about `seconds` for each number of patients."""
    rows = []
    figures: dict[str, object] = {}
    for patients in (1_000, 10_000):
        per_s, events = _measure(patients, seconds / 2)
        rows.append((f"{patients:,}", f"{per_s / 1e6:.1f}", f"{1e9 / per_s:.0f}", f"{events:,}"))
        figures[f"readings_per_s_{patients}"] = round(per_s)
    return Report(
        title="The fold alone, one core, readings of six vitals at 1 Hz",
        columns=("patients", "million readings/s", "ns a reading", "events"),
        rows=rows,
        figures=figures | {"readings_per_s": figures["readings_per_s_1000"]},
        notes=(
            "Columns in memory in, events out; no decoding. In the order of the log: second after second.",
            "10,000 patients are 35 MB of state: memory, not the rules, sets the pace there.",
        ),
    )


def _measure(patients: int, seconds: float) -> tuple[float, int]:
    rules = rules_of()
    blank = blank_patient(rules["limit"][0])
    state = np.repeat(blank, patients).view(np.recarray)
    counts = np.zeros(len(COUNTS), np.int64)
    stretch = _stretch(patients)
    span_ms = _ROWS // patients * 1000
    fold(rules, state, blank, stretch, counts)  # compiled, and every patient known
    took = 0.0
    readings = events = 0
    while took < seconds:
        stretch.received_at[:] += span_ms
        stretch.measured_at[:] += span_ms
        began = time.perf_counter()
        events += len(fold(rules, state, blank, stretch, counts))
        took += time.perf_counter() - began
        readings += len(stretch.kind)
    return readings / took, events


def _stretch(patients: int) -> Entries:
    """Return `_ROWS` readings, one second of all patients after another."""
    generator = np.random.default_rng(1)
    second = np.repeat(np.arange(_ROWS // patients), patients)
    values = np.full((_ROWS, len(VITALS)), np.nan)
    for vital, (mean, spread) in _DRAWN.items():
        step = vital.chart_step
        # slow drift of each patient, and noise
        drift = generator.normal(mean, spread, patients)[np.arange(_ROWS) % patients]
        values[:, INDEX[vital.name]] = np.round((drift + generator.normal(0, spread / 8, _ROWS)) / step) * step
    values[:, INDEX[SPO2.name]] = np.minimum(values[:, INDEX[SPO2.name]], 100)
    received_ms = second * 1000 + 1_700_000_000_000
    log = LogSlice(
        partition=np.zeros(_ROWS, np.int32),
        offset=np.arange(_ROWS),
        received_ms=received_ms,
        patient_ids=[],
        is_reading=np.ones(_ROWS, np.bool_),
        measured_ms=received_ms.copy(),
        period_ms=np.full(_ROWS, 1000),
        values=values,
        others={},
    )
    return entries_of(log, np.arange(_ROWS) % patients, Names())
