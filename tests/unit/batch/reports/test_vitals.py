"""Readings counted patient by patient, however they are cut."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from batch.reports.census import Place
from batch.reports.latency import MEASURED_TO_RECEIVED
from batch.reports.vitals import Counted
from clinical.vitals import INDEX, VITALS
from lakehouse.packing import pack

DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
HEART_RATE, TEMPERATURE, SPO2 = INDEX["heart_rate_bpm"], INDEX["temperature_c"], INDEX["spo2_pct"]


def readings(*rows: tuple[str, dict[int, float]], late_s: float = 0.0) -> pa.Table:
    """Patient and values of each reading; it arrives so many seconds after it was measured."""
    values = np.full((len(rows), len(VITALS)), np.nan)
    for row, (_, given_values) in enumerate(rows):
        values[row, list(given_values)] = list(given_values.values())
    packed = pack(values)
    times = pa.array([AT] * len(rows), pa.timestamp("us", tz="UTC"))
    received = pa.array([AT + timedelta(seconds=late_s)] * len(rows), pa.timestamp("us", tz="UTC"))
    columns = {"patient_id": [patient for patient, _ in rows], "measured_at": times, "received_at": received}
    return pa.table(columns | {name: packed[name] for name in packed.column_names})


def vitals_of(counted: Counted) -> list[dict[str, Any]]:
    """The rows without those of the score."""
    return [row for row in counted.rows(lambda _: Place("w1")) if row["vital"] != "news2"]


def test_each_vital_of_each_patient_is_a_row() -> None:
    counted = Counted(DAY)
    counted.add(
        readings(
            ("p2", {HEART_RATE: 60.0, TEMPERATURE: 36.6}),
            ("p1", {HEART_RATE: 80.0}),
            ("p2", {HEART_RATE: 70.0}),
            ("p2", {HEART_RATE: 80.0}),
        )
    )
    rows = vitals_of(counted)
    assert [(row["patient_id"], row["vital"], row["values_count"]) for row in rows] == [
        ("p1", "heart_rate_bpm", 1),
        ("p2", "heart_rate_bpm", 3),
        ("p2", "temperature_c", 1),
    ]
    of_p2 = rows[1]
    assert (of_p2["lowest_value"], of_p2["highest_value"], of_p2["mean_value"], of_p2["median_value"]) == (
        60.0, 80.0, 70.0, 70.0,
    )  # fmt: skip
    assert (rows[2]["median_value"], rows[2]["unit"]) == (36.6, "Cel")


def test_the_score_of_a_patient_is_a_row_on_the_scale_and_in_the_ward_of_the_census() -> None:
    counted = Counted(DAY)
    counted.add(readings(("p1", {HEART_RATE: 115.0, SPO2: 90.0})))
    for scale, score in ((1, 2.0 + 3.0), (2, 2.0)):
        (row,) = (each for each in counted.rows({"p1": Place("w7", scale)}.__getitem__) if each["vital"] == "news2")
        assert (row["ward_id"], row["highest_value"], row["values_count"]) == ("w7", score, 1)


def test_an_impossible_value_is_left_out() -> None:
    counted = Counted(DAY)
    counted.add(readings(("p1", {HEART_RATE: 60.0}), ("p1", {HEART_RATE: 999.0})))
    assert [(row["values_count"], row["highest_value"]) for row in vitals_of(counted)] == [(1, 60.0)]


def test_the_way_from_device_to_log_is_measured() -> None:
    counted = Counted(DAY)
    counted.add(readings(("p1", {HEART_RATE: 60.0}), late_s=1.3))
    row = counted.transit.row(DAY, MEASURED_TO_RECEIVED)
    assert row is not None
    assert (row["p50_ms"], row["measurements"]) == (1_300.0, 1)


def test_no_readings_are_no_rows() -> None:
    counted = Counted(DAY)
    counted.add(readings())
    assert (vitals_of(counted), counted.readings) == ([], 0)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(30, 200)), min_size=1, max_size=200), st.integers(0, 200))
def test_it_does_not_matter_how_the_readings_are_cut(values: list[tuple[int, int]], cut: int) -> None:
    rows = [(f"p{patient}", {HEART_RATE: float(value)}) for patient, value in values]
    whole, parts = Counted(DAY), Counted(DAY)
    whole.add(readings(*rows))
    parts.add(readings(*rows[:cut]))
    parts.add(readings(*rows[cut:]))
    assert vitals_of(whole) == vitals_of(parts)
    medians = {row["patient_id"]: row["median_value"] for row in vitals_of(whole)}
    for patient in {patient for patient, _ in values}:
        own = [value for each, value in values if each == patient]
        assert medians[f"p{patient}"] == np.median(own)
