"""MIMIC-III Clinical Database Demo 1.4: vital signs that nurses charted, from CHARTEVENTS.

Entry errors are kept (a systolic of 11647): the alarms must cope with them. The authors shifted the dates of each
patient, so only intervals are real. https://physionet.org/content/mimiciii-demo/1.4/
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, TextIO

from clinical.vitals import DBP, HEART_RATE, MAP, RESP_RATE, SBP, SPO2, TEMPERATURE
from streaming.bedside.recordings.files import table
from streaming.bedside.recordings.recording import Recording, from_charts, prefer_arterial

# itemid -> vital: CareVue's number, then MetaVision's.
DIRECT: Final = {
    211: HEART_RATE.name, 220045: HEART_RATE.name,
    646: SPO2.name, 220277: SPO2.name,
    618: RESP_RATE.name, 220210: RESP_RATE.name,
    676: TEMPERATURE.name, 223762: TEMPERATURE.name,
}  # fmt: skip
FAHRENHEIT: Final = (678, 223761)
ARTERIAL: Final = {
    51: SBP.name, 220050: SBP.name, 8368: DBP.name, 220051: DBP.name, 52: MAP.name, 220052: MAP.name,
}  # fmt: skip
CUFF: Final = {
    455: SBP.name, 220179: SBP.name, 8441: DBP.name, 220180: DBP.name, 456: MAP.name, 220181: MAP.name,
}  # fmt: skip
ITEMS: Final = frozenset((*DIRECT, *FAHRENHEIT, *ARTERIAL, *CUFF))

# Between two stays of a patient lie months: nobody watches an empty bed, so a longer gap is played as a day.
LONGEST_GAP_S: Final = 86_400.0


def read(folder: Path) -> Iterator[Recording]:
    """Yield every patient with at least one vital sign, in the order of their numbers."""
    with table(folder, "CHARTEVENTS.csv") as file:
        yield from parse(file)


def parse(file: TextIO) -> Iterator[Recording]:
    """Read a CHARTEVENTS table."""
    charted: dict[int, dict[float, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    rows = csv.reader(file)
    columns = {name.lower(): place for place, name in enumerate(next(rows))}
    patient, item, time, number = (columns[name] for name in ("subject_id", "itemid", "charttime", "valuenum"))
    for row in rows:
        itemid = int(row[item])
        if itemid in ITEMS and row[number]:
            at_s = datetime.fromisoformat(f"{row[time]}+00:00").timestamp()
            charted[int(row[patient])][at_s][itemid] = float(row[number])
    for subject_id, charts in sorted(charted.items()):
        values = {at_s: _vitals(items) for at_s, items in shorten_gaps(charts).items()}
        recording = from_charts(f"mimic3-{subject_id}", values)
        if recording is not None:
            yield recording


def shorten_gaps(charts: dict[float, dict[int, float]]) -> dict[float, dict[int, float]]:
    """Move what comes after a gap of more than a day to one day after what comes before it."""
    result: dict[float, dict[int, float]] = {}
    left_out, last = 0.0, min(charts)
    for at_s in sorted(charts):
        left_out += max(at_s - last - LONGEST_GAP_S, 0.0)
        result[at_s - left_out] = charts[at_s]
        last = at_s
    return result


def _vitals(items: dict[int, float]) -> dict[str, float]:
    fahrenheit = [items[itemid] for itemid in FAHRENHEIT if itemid in items]
    values = {TEMPERATURE.name: (fahrenheit[-1] - 32) / 1.8} if fahrenheit else {}
    values.update((DIRECT[itemid], value) for itemid, value in items.items() if itemid in DIRECT)
    arterial = {ARTERIAL[itemid]: value for itemid, value in items.items() if itemid in ARTERIAL}
    cuff = {CUFF[itemid]: value for itemid, value in items.items() if itemid in CUFF}
    prefer_arterial(values, arterial, cuff)
    return values
