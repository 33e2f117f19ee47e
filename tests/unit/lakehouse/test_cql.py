"""Statements are made from the contract; what does not fit it is refused before it is sent."""

from __future__ import annotations

import pytest

from lakehouse.cql import check_row, in_key_order, insert, where
from lakehouse.tables import ALERT_EVENTS, WARD_BOARD

BOARD_ROW = {"ward_id": "w", "lane": "0-3", "written_at": None, "beds": "[]"}


def test_an_insert_names_every_column() -> None:
    expected = 'INSERT INTO k.ward_board ("ward_id", "lane", "written_at", "beds") VALUES (?, ?, ?, ?)'
    assert insert(WARD_BOARD, "k") == expected
    assert insert(WARD_BOARD, "k", timestamp=True) == f"{expected} USING TIMESTAMP ?"
    assert insert(WARD_BOARD, "k", if_absent=True) == f"{expected} IF NOT EXISTS"


def test_a_key_may_be_given_in_any_order() -> None:
    key = {"alert_id": "a", "patient_id": "p"}
    assert where(ALERT_EVENTS, key) == '"patient_id" = ? AND "alert_id" = ?'
    assert list(in_key_order(ALERT_EVENTS, key).values()) == ["p", "a"]


@pytest.mark.parametrize("key", [{}, {"alert_id": "a"}, {"patient_id": "p", "step": "onset"}])
def test_a_key_begins_with_the_whole_partition_key(key: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give its first parts"):
        where(ALERT_EVENTS, key)


def test_a_row_that_fits_passes() -> None:
    check_row(WARD_BOARD, BOARD_ROW)


@pytest.mark.parametrize(
    ("row", "words"),
    [(BOARD_ROW | {"ward": 1}, r"unknown \['ward'\]"), ({"beds": "[]"}, r"lacks \['ward_id', 'lane'\]")],
)
def test_a_row_that_does_not_fit_is_refused_by_name(row: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_row(WARD_BOARD, row)
