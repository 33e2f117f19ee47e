"""From the statistics of devices to those of wards and of the day, which the rules compare. Pure: frames in and out."""

from __future__ import annotations

from typing import Final, NamedTuple

import pandas as pd

from clinical.news2 import PARAMETERS
from clinical.vitals import CONSCIOUSNESS, ON_OXYGEN, RESP_RATE, SBP, SPO2, TEMPERATURE
from lakehouse.columns import vital_column
from lakehouse.tables import NO_WARD
from quality.statistics import PULSES
from quality.thresholds import LEAST_DEVICES, LEAST_PAIRS, MONITORED_PERIOD_S

# What a monitor measures without pause; a cuff measures now and then, and a person even less often.
CONTINUOUS: Final = (*PULSES, RESP_RATE.name, SPO2.name)
# In the order of clinical.news2.PARAMETERS: any of these columns gives the parameter.
_NEWS2: Final = dict(
    zip(
        PARAMETERS,
        (
            (RESP_RATE.name,), (SPO2.name,), (ON_OXYGEN.name,), (SBP.name,), PULSES, (CONSCIOUSNESS.name,),
            (vital_column(TEMPERATURE).name,),
        ),
        strict=True,
    )
)  # fmt: skip


class Landed(NamedTuple):
    """What the day's tables hold, besides what the devices tell."""

    repeated: int
    quarantined: int
    entries: int
    watched_share: float


def of_wards(devices: pd.DataFrame) -> pd.DataFrame:
    """Return ward_id, completeness, values_present and swapped_share of each ward; null where too little is known.

    Parameters
    ----------
    devices
        As `quality.census.placed` returns it.
    """
    given = _with_values(devices)
    sums = given.groupby("ward_id").sum(numeric_only=True)
    enough = given[given["expected_s"] > 0].groupby("ward_id").size().reindex(sums.index, fill_value=0) >= LEAST_DEVICES
    return pd.DataFrame(
        {
            "completeness": _share(sums["present_s"], sums["expected_s"]).where(enough),
            "values_present": _share(sums["values"], sums["values_due"]).where(enough),
            "swapped_share": _share(sums["swapped_pairs"], sums["pairs"]).where(sums["pairs"] >= LEAST_PAIRS),
        }
    ).reset_index()


def of_day(devices: pd.DataFrame, landed: Landed) -> pd.DataFrame:
    """Return one row: the statistics of the day as a whole.

    Parameters
    ----------
    devices
        As `quality.census.placed` returns it; without a row on a day without readings, and then all shares are null.
    """
    sums = _with_values(devices).sum(numeric_only=True)
    patients = devices.groupby("patient_id").agg(
        {"ward_id": "first"} | {f"{name}_count": "sum" for names in _NEWS2.values() for name in names}
    )
    monitored = devices["expected_s"] > 0
    pulsed = devices[[f"{name}_count" for name in PULSES]].sum(axis=1) > 0
    row = {
        "rows": sums["rows"],
        "completeness": _ratio(sums["present_s"], sums["expected_s"]),
        "values_present": _ratio(sums["values"], sums["values_due"]),
        "swapped_share": _ratio(sums["swapped_pairs"], sums["pairs"]),
        "flat_pulse_share": _ratio((devices["flat_pulse_hours"] > devices["stuck_hours"]).sum(), pulsed.sum()),
        "duplicate_share": _ratio(landed.repeated, sums["rows"]),
        "quarantine_share": _ratio(landed.quarantined, landed.quarantined + landed.entries + sums["rows"]),
        "late_share": _ratio(sums["late_rows"], sums["rows"]),
        "ahead_share": _ratio(sums["ahead_rows"], sums["rows"]),
        "silent_share": _ratio(devices["silent"].sum(), monitored.sum()),
        "watched_share": landed.watched_share,
        "placed_share": _ratio((patients["ward_id"] != NO_WARD).sum(), len(patients)),
    }
    for parameter, names in _NEWS2.items():
        known = patients[[f"{name}_count" for name in names]].sum(axis=1) > 0
        row[f"news2_{parameter}_share"] = _ratio(known.sum(), len(patients))
    return pd.DataFrame([row]).astype(float)


def _with_values(devices: pd.DataFrame) -> pd.DataFrame:
    """Add how many continuous values there are, and how many there would be had each reading of a device all of them.

    A vital that a device never gave is none of its own. Both count in seconds, so that a device at 1 Hz weighs no more
    than one at a reading a minute.
    """
    counts = devices[[f"{name}_count" for name in CONTINUOUS]]
    period = devices["period_s"].where(devices["period_s"] <= MONITORED_PERIOD_S, 0.0)
    return devices.assign(
        values=counts.sum(axis=1) * period, values_due=(counts > 0).sum(axis=1) * devices["rows"] * period
    )


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole).where(whole > 0)


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole else None
