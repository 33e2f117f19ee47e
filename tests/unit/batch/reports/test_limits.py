"""`limits` messages as history: a row for each condition, with why a message was refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from batch.reports.limits import history_of
from lakehouse.messages import Limit, Limits, encode

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)


def entry(limits: dict[str, Limit | None], offset: int = 7) -> dict[str, Any]:
    message = Limits(patient_id="p1", version=3, limits=limits, author="recalibration", reason="calm", expires_at=AT)
    return {"partition": 1, "offset": offset, "received_at": AT, "body": encode(message).decode()}


def test_each_condition_of_a_message_is_a_row() -> None:
    rows = list(history_of([entry({"spo2_low": [86.0, None], "heart_rate_high": None})], [], DAY))
    assert [(row["condition"], row["medium_limit"], row["high_limit"]) for row in rows] == [
        ("spo2_low", 86.0, None),
        ("heart_rate_high", None, None),
    ]
    shared = ("patient_id", "author", "version", "reason", "expires_at", "rejected_for")
    assert {tuple(row[name] for name in shared) for row in rows} == {("p1", "recalibration", 3, "calm", AT, None)}


def test_a_message_that_names_no_condition_is_told_too() -> None:
    (row,) = history_of([entry({})], [], DAY)
    assert (row["condition"], row["medium_limit"]) == ("none", None)


def test_a_refusal_is_found_by_its_place_in_the_log() -> None:
    refusals = [{"partition": 1, "offset": 8, "reason": "a limit is looser than policy allows"}]
    rows = history_of([entry({"spo2_low": [86.0, None]}), entry({"spo2_low": [50.0, None]}, 8)], refusals, DAY)
    assert [row["rejected_for"] for row in rows] == [None, "a limit is looser than policy allows"]


def test_a_message_that_landed_twice_is_told_once() -> None:
    assert len(list(history_of([entry({"spo2_low": None})] * 2, [], DAY))) == 1
