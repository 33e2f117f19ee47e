"""A row keeps its contract before it reaches PostgreSQL."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lakehouse.errors import StoreError
from lakehouse.mart_tables import DELIVERY_DAILY, MARTS, PROOF_DAILY, QUALITY_DAILY
from lakehouse.marts import _line

DAY = date(2026, 11, 24)
PROOF = {
    "proven": True, "folded_entries": 10, "raised_events": 2, "missing_events": 0, "extra_events": 0,
    "different_events": 0,
}  # fmt: skip


def test_the_day_is_filled_in() -> None:
    assert _line(PROOF_DAILY, PROOF, {"day": DAY}) == [DAY, True, 10, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"colour": "red"}, r"knows no \['colour'\]"),
        ({"day": date(2026, 11, 23)}, "lies within what is replaced"),
        ({"raised_events": None}, r"\['raised_events'\] may not be null"),
    ],
)
def test_a_row_that_breaks_the_contract_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(StoreError, match=words):
        _line(PROOF_DAILY, PROOF | more, {"day": DAY})


def test_the_scope_is_filled_in() -> None:
    row = {
        "expectation": "e", "severity": "stop", "success": True, "unexpected_count": 0, "total_count": 1,
    }  # fmt: skip
    line = _line(QUALITY_DAILY, row, {"day": DAY, "table_name": "readings"})
    assert dict(zip(QUALITY_DAILY.names, line, strict=True))["table_name"] == "readings"


def test_every_mart_has_a_name_of_its_own_and_is_listed_by_it() -> None:
    assert MARTS[DELIVERY_DAILY.name] is DELIVERY_DAILY
    assert len(MARTS) == 14
