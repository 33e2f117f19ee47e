"""MIMIC II Waveform Database, matched subset: numerics records of a bedside monitor, one value a minute.

A record is a WFDB pair ``sNNNNN-YYYY-MM-DD-hh-mmn.hea`` and ``.dat``. The monitor writes 0 for "not connected".
Cuff pressures stand only at the minutes of a measurement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from clinical.vitals import DBP, HEART_RATE, INDEX, MAP, PULSE_RATE, RESP_RATE, SBP, SPO2, VITALS
from streaming.bedside.recordings.files import missing
from streaming.bedside.recordings.recording import Floats, Recording

DIRECT: Final = {"HR": HEART_RATE.name, "PULSE": PULSE_RATE.name, "RESP": RESP_RATE.name, "SpO2": SPO2.name}
ARTERIAL: Final = {"ABPSys": SBP.name, "ABPDias": DBP.name, "ABPMean": MAP.name}
CUFF: Final = {"NBPSys": SBP.name, "NBPDias": DBP.name, "NBPMean": MAP.name}


def read(folder: Path) -> Iterator[Recording]:
    """Yield every numerics record of the folder."""
    import wfdb  # noqa: PLC0415  slow to import, and only this dataset needs it

    headers = sorted(folder.glob("*n.hea"))
    if not headers:
        raise missing(folder / "RECORDn.hea")
    for header in headers:
        record = wfdb.rdrecord(str(header.with_suffix("")))
        yield parse(header.stem, record.sig_name, np.asarray(record.p_signal, dtype=np.float64), record.fs)


def parse(name: str, signals: Sequence[str], physical: Floats, rate_hz: float) -> Recording:
    """Turn the signals of one record, shape (n, len(signals)) in physical units, into a recording."""
    connected = np.where(physical == 0, np.nan, physical)
    by_name = {signal: connected[:, place] for place, signal in enumerate(signals)}
    values = np.full((len(physical), len(VITALS)), np.nan)
    for signal, vital in DIRECT.items():
        if signal in by_name:
            values[:, INDEX[vital]] = by_name[signal]
    _add_pressure(values, by_name)
    patient_id = f"mimic2-{name.split('-', maxsplit=1)[0]}"
    period_s = float(round(1 / rate_hz, 3))
    at_s = np.arange(len(values), dtype=np.float64) * period_s
    return Recording(patient_id, f"{patient_id}-monitor", period_s, at_s, np.round(values, 2))


def _add_pressure(values: Floats, by_name: dict[str, Floats]) -> None:
    """Row by row, the arterial line's pressures where it gives any, else the cuff's."""
    nothing = np.full(len(values), np.nan)
    line = np.stack([by_name.get(signal, nothing) for signal in ARTERIAL], axis=1)
    cuff = np.stack([by_name.get(signal, nothing) for signal in CUFF], axis=1)
    has_line = ~np.isnan(line).all(axis=1, keepdims=True)
    values[:, [INDEX[vital] for vital in ARTERIAL.values()]] = np.where(has_line, line, cuff)
