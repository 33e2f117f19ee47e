"""Rows of `audit` outlive a store that is away."""

from __future__ import annotations

import logging
from typing import Any, Self

import pytest

from lakehouse.errors import StoreError
from lakehouse.settings import Settings
from streaming.board import audit
from streaming.board.audit import Audit
from waiting import until


class Store:
    """Keeps rows, once it has come back."""

    def __init__(self) -> None:
        self.refusals = 0
        self.rows: list[str] = []

    def __call__(self, *_: object, **__: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def upsert(self, _table: object, row: dict[str, Any]) -> dict[str, Any]:
        return row

    def execute(self, row: dict[str, Any]) -> None:
        self.refusals -= 1
        if self.refusals >= 0:
            raise StoreError("no host is up")
        self.rows.append(row["action"])


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    fake = Store()
    monkeypatch.setattr(audit, "Cassandra", fake)
    return fake


def test_rows_are_written_in_their_order_once_the_store_is_back(store: Store) -> None:
    store.refusals = 3
    with Audit(Settings()) as rows:
        for number in range(5):
            rows.note("n.meier", f"act {number}", "accepted")
        assert until(lambda: len(store.rows) == 5, 5)
    assert store.rows == [f"act {number}" for number in range(5)]


def test_what_waits_is_written_before_the_end(store: Store) -> None:
    with Audit(Settings()) as rows:
        rows.note("n.meier", "sign in", "accepted")
    assert store.rows == ["sign in"]


def test_what_cannot_be_kept_stands_in_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit, "MOST_WAITING", 2)
    store.refusals = 1_000_000
    with caplog.at_level(logging.ERROR):
        rows = Audit(Settings())
        for number in range(3):
            rows.note("n.meier", f"act {number}", "accepted")
        with rows:
            pass
    lost = [record.getMessage() for record in caplog.records if "is lost" in record.getMessage()]
    assert [each.split(": ")[1].split(" by ")[0] for each in lost] == ["act 2", "act 0", "act 1"]


def test_what_a_browser_sends_does_not_make_a_row_that_no_store_takes() -> None:
    rows = Audit(Settings())
    rows.note("n.meier", "acknowledge", "refused", detail={"alert_id": "x" * 1_000_000})
    assert len(rows._waiting.get()["detail"]) == audit.LONGEST_DETAIL
