"""Builds statistics of devices; what a test does not name is that of a device without fault."""

from __future__ import annotations

from typing import Any

import pandas as pd

from quality.statistics import MEASURED

T = 1_764_000_000.0  # a full minute


def device(patient_id: str = "p1", *, rows: int = 3600, first_s: float = T, **given: Any) -> dict[str, Any]:
    period_s = given.pop("period_s", 1.0)
    row = {
        "patient_id": patient_id,
        "device_id": f"{patient_id}-monitor",
        "rows": rows,
        "period_s": period_s,
        "first_s": first_s,
        "last_s": first_s + (rows - 1) * period_s,
        "late_rows": 0,
        "ahead_rows": 0,
        "pairs": rows,
        "swapped_pairs": 0,
        "stuck_hours": 0,
        "flat_pulse_hours": 0,
    }
    row |= {f"{name}_count": rows for name in MEASURED} | given
    row.setdefault("swapped_share", row["swapped_pairs"] / row["pairs"] if row["pairs"] else None)
    return row


def devices(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows or [device()]).iloc[: len(rows)]
