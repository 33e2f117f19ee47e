"""What the nightly calibration wanted to change, and what the gate, people and the log made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple, TypeAlias

from batch.versions import is_of_day, is_rolled_back, nightly_versions
from clinical.calibration import UNCHANGED
from lakehouse.cassandra import Cassandra
from lakehouse.lake import Lake
from lakehouse.tables import LIMITS_PROPOSED, NO_WARD

Row: TypeAlias = dict[str, Any]

PUBLISHED: Final = "published"
REFUSED: Final = "refused by the gate"
NOT_IN_FORCE: Final = "not in force"
ROLLED_BACK: Final = "rolled back"

_DECIDED: Final = (
    "patient_id", "ward_id", "condition", "decision", "old_limit", "new_limit", "reason", "large", "refusal",
)  # fmt: skip
_TRIED: Final = (
    "alarms_before_per_patient_day", "alarms_after_per_patient_day", "in_alarm_before_s", "in_alarm_after_s",
    "events_missed", "lead_change_s",
)  # fmt: skip


class Night(NamedTuple):
    """Rows of `limit_decisions`, and of `limits_effect` from the backtest."""

    decisions: list[Row]
    tried: list[Row]


def read_night(lake: Lake, cassandra: Cassandra, day: date) -> Night:
    """Return what the calibration that was made from a day decided."""
    rows = lake.read(LIMITS_PROPOSED, [("day", "=", day)], [*_DECIDED, "backtest_days", *_TRIED]).to_pylist()
    changes = [row for row in rows if row["decision"] != UNCHANGED]
    versions = {each: nightly_versions(cassandra, each) for each in sorted({row["patient_id"] for row in changes})}
    return Night(list(decisions_of(changes, versions, day)), list(tried_of(changes)))


def decisions_of(
    changes: Iterable[Mapping[str, Any]], versions: Mapping[str, Sequence[Mapping[str, Any]]], day: date
) -> Iterator[Row]:
    """Yield the rows of `limit_decisions`, without the day.

    Parameters
    ----------
    changes
        Rows of `limits_proposed` whose decision is a change.
    versions
        Patient -> rows of `limits_by_patient` by recalibration, the newest first.
    """
    for change in changes:
        row = {name: change[name] for name in _DECIDED}
        yield row | {"ward_id": change["ward_id"] or NO_WARD, "verdict": _verdict(change, versions, day)}


def _verdict(change: Mapping[str, Any], versions: Mapping[str, Sequence[Mapping[str, Any]]], day: date) -> str:
    if change["refusal"] is not None:
        return REFUSED
    of_day = [row for row in versions[change["patient_id"]] if is_of_day(row["version"], day)]
    if not of_day:
        return NOT_IN_FORCE
    return ROLLED_BACK if is_rolled_back(of_day[0], day) else PUBLISHED


def tried_of(changes: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the rows of `limits_effect` of source backtest: what the same past days would have been."""
    for change in changes:
        days = change["backtest_days"]
        if days:
            yield {
                "patient_id": change["patient_id"], "ward_id": change["ward_id"] or NO_WARD,
                "condition": change["condition"], "days_before": days, "days_after": days,
                **{name: change[name] for name in _TRIED},
            }  # fmt: skip
