"""What came of the changes that a night proposed."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from batch.reports.decisions import decisions_of, tried_of
from batch.versions import ROLLED_BACK as TAKEN_BACK
from batch.versions import next_version

DAY = date(2026, 11, 24)
OF_DAY = next_version(-1, DAY)


def change(**more: Any) -> dict[str, Any]:
    return {
        "patient_id": "p1", "ward_id": None, "condition": "spo2_low", "decision": "loosened", "old_limit": 90.0,
        "new_limit": 88.0, "reason": "calm", "large": True, "refusal": None, "backtest_days": 7,
        "alarms_before_per_patient_day": 5.0, "alarms_after_per_patient_day": 2.0, "in_alarm_before_s": 100.0,
        "in_alarm_after_s": 40.0, "events_missed": 0, "lead_change_s": 0.0,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "versions", "verdict"),
    [
        ("an event would be missed", [], "refused by the gate"),
        (None, [], "not in force"),
        (None, [{"version": OF_DAY - 100, "reason": "the night before"}], "not in force"),
        (None, [{"version": OF_DAY, "reason": "recalibration"}], "published"),
        (
            None,
            [{"version": OF_DAY + 1, "reason": f"{TAKEN_BACK} version"}, {"version": OF_DAY, "reason": "x"}],
            "rolled back",
        ),
        (
            None,
            [{"version": OF_DAY + 100, "reason": "the night after"}, {"version": OF_DAY, "reason": "x"}],
            "published",
        ),
    ],
)
def test_a_verdict(refusal: str | None, versions: list[dict[str, Any]], verdict: str) -> None:
    (row,) = decisions_of([change(refusal=refusal)], {"p1": versions}, DAY)
    assert (row["verdict"], row["ward_id"], row["new_limit"]) == (verdict, "unassigned", 88.0)


def test_what_was_tried_out_is_an_effect_and_what_was_not_is_none() -> None:
    rows = list(tried_of([change(), change(condition="map_low", backtest_days=0)]))
    assert [(row["condition"], row["days_before"], row["events_missed"]) for row in rows] == [("spo2_low", 7, 0)]
