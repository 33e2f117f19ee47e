"""Which rows are about a patient: by their patient_id, or by what they name."""

from __future__ import annotations

from typing import Any

import pytest

from batch.erase import is_of

ALERT = "heart_rate_high.1772323200000"


@pytest.mark.parametrize(
    "row",
    [
        {"patient_id": "p1", "alert_id": f"p1.{ALERT}"},
        {"alert_id": f"p1.{ALERT}"},
        {"alert_id": None, "event_id": f"p1.{ALERT}.00003"},
        {"event_id": "p1.refused.0-17"},
        {"beds": f'[{{"patient_id":"p1","bed":"3","alerts":["p1.{ALERT}"]}}]'},
        {"patient_id": None, "detail": f'{{"alert_id": "p1.{ALERT}"}}'},
    ],
    ids=["its own", "an alert", "an event", "a refused command", "a board", "an audit entry"],
)
def test_a_row_is_of_the_patient_whom_it_names(row: dict[str, Any]) -> None:
    assert is_of(row, "p1")


@pytest.mark.parametrize("other", ["p1.2", "p1-2", "xp1", "x.p1", "p12", "p1.heart_rate_high"])
def test_a_patient_whose_id_only_contains_it_is_another(other: str) -> None:
    rows: list[dict[str, Any]] = [
        {"patient_id": other, "alert_id": f"{other}.{ALERT}"},
        {"alert_id": f"{other}.{ALERT}"},
        {"event_id": f"{other}.{ALERT}.00003"},
        {"beds": f'[{{"patient_id":"{other}","alerts":["{other}.{ALERT}"]}}]'},
    ]
    assert [row for row in rows if is_of(row, "p1")] == []


def test_a_number_in_a_document_is_no_id() -> None:
    assert not is_of({"beds": '[{"patient_id":"p1","vitals":{"heart_rate_bpm":[80,1]}}]'}, "80")
