"""Versions of a patient's nightly limits, as Cassandra keeps them: of which day each is, and what it followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from lakehouse.cassandra import Cassandra
from lakehouse.entries import RECALIBRATION
from lakehouse.tables import LIMITS_BY_PATIENT

VERSIONS_A_DAY: Final = 100
ROLLED_BACK: Final = "rolled back:"

Version: TypeAlias = Mapping[str, Any]  # a row of `limits_by_patient`


def nightly_versions(cassandra: Cassandra, patient_id: str) -> list[dict[str, Any]]:
    """Return the nightly limits that a patient has had, the newest first."""
    rows = cassandra.select(LIMITS_BY_PATIENT, {"patient_id": patient_id})
    return [row for row in rows if row["author"] == RECALIBRATION]


def next_version(last: int, day: date) -> int:
    """Return the version of limits made from a closed day: YYYYMMDD00, or one more than the last where that is more."""
    return max(last + 1, int(f"{day:%Y%m%d}") * VERSIONS_A_DAY)


def is_of_day(version: int, day: date) -> bool:
    """Say whether a version was made from a day."""
    return version // VERSIONS_A_DAY == int(f"{day:%Y%m%d}")


def is_rolled_back(row: Version, day: date) -> bool:
    """Say whether a version took back the limits of a day."""
    return is_of_day(row["version"], day) and str(row["reason"]).startswith(ROLLED_BACK)


def holds_at(row: Version, at: datetime) -> bool:
    """Say whether a version had not run out at a time."""
    return row["expires_at"] is None or bool(row["expires_at"] > at)


def before_day(versions: Sequence[Version], day: date) -> Version | None:
    """Return what was in force when the first version of a day came; None = the defaults.

    Parameters
    ----------
    versions
        The newest first, at least one of them of that day.
    """
    first = [row for row in versions if is_of_day(row["version"], day)][-1]
    before = next((row for row in versions if not is_of_day(row["version"], day)), None)
    return before if before is not None and holds_at(before, first["received_at"]) else None
