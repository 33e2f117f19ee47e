from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from clinical.vitals import INDEX, VITALS
from lakehouse.messages import Reading, Vitals, decode
from streaming.bedside.readings import encode_rows


def rows(*vitals: dict[str, float]) -> np.ndarray:
    values = np.full((len(vitals), len(VITALS)), np.nan)
    for place, row in enumerate(vitals):
        for name, value in row.items():
            values[place, INDEX[name]] = value
    return values


def test_a_row_becomes_a_reading() -> None:
    [message] = encode_rows(["p1"], ["d1"], [1_800_000_000.5], [60.0], rows({"heart_rate_bpm": 81, "spo2_pct": 97}))
    assert decode(message) == Reading(
        patient_id="p1",
        device_id="d1",
        measured_at=datetime(2027, 1, 15, 8, 0, 0, 500_000, tzinfo=UTC),
        period_s=60,
        vitals=Vitals(heart_rate_bpm=81, spo2_pct=97),
    )


def test_what_was_not_measured_is_null() -> None:
    messages = encode_rows("pp", "dd", [0, 0], [1, 1], rows({"heart_rate_bpm": 81}, {"spo2_pct": 97}))
    first, second = (decode(message) for message in messages)
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert first.vitals == Vitals(heart_rate_bpm=81)
    assert second.vitals == Vitals(spo2_pct=97)


def test_consciousness_is_a_letter_and_oxygen_a_yes_or_no() -> None:
    [message] = encode_rows("p", "d", [0], [1], rows({"consciousness": 2, "on_oxygen": 1}))
    reading = decode(message)
    assert isinstance(reading, Reading)
    assert reading.vitals == Vitals(consciousness="V", on_oxygen=True)
