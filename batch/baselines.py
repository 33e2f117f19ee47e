"""Baselines in the lake: a row for each patient, day and vital, with clean values as counts, so that days add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from batch.patient_days import PatientDays, Step, unclean
from clinical.histograms import Histogram, merged
from clinical.policy import MEDIAN, LimitsPolicy
from clinical.vitals import SENSED
from lakehouse.lake import Lake
from lakehouse.landed import check_landed
from lakehouse.packing import SCHEMA as PACKED
from lakehouse.packing import unpack
from lakehouse.tables import BASELINES, LAKE_ALERT_EVENTS, READINGS

ONE_DAY: Final = timedelta(days=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# Ids are read as the numbers that Parquet keeps for them: a text for each of 86 million rows would be slow.
AS_NUMBERS: Final = ds.ParquetReadOptions(dictionary_columns={"patient_id"})

_OF_A_NIGHT: Final = ("day", "patient_id", "vital", "readings", "first_at", "last_at", "median_value")
_ROWS_AT_ONCE: Final = 10_000

# The values are stored in chart steps, which are whole numbers.
_STEPS: Final = {vital.name: round(1 / vital.chart_step) for vital in SENSED}


def count_day(lake: Lake, day: date, version: int, policy: LimitsPolicy, advance: Callable[[int], None]) -> PatientDays:
    """Count the clean readings that landed on a day, file by file.

    Raises
    ------
    DayIsOpen
        When more may still land on a past day.
    """
    check_landed(lake, day)
    since = day - policy.alert_days * ONE_DAY
    events = lake.read(
        LAKE_ALERT_EVENTS, [("landed_date", ">=", since), ("landed_date", "<=", day)], list(Step._fields)
    ).sort_by([("received_at", "ascending")])
    steps = (Step(**row) for row in events.to_pylist())
    days = PatientDays(unclean(steps, policy))
    readings = lake.open(READINGS, version).to_pyarrow_dataset(parquet_read_options=AS_NUMBERS)
    count(days, readings, pc.field("landed_date") == day, advance)
    return days


def count(days: PatientDays, readings: ds.Dataset, wanted: pc.Expression, advance: Callable[[int], None]) -> None:
    """Count the rows of `readings` that are wanted; a million in memory at a time."""
    columns = ["patient_id", "measured_at", *PACKED.names]
    for batch in readings.to_batches(columns=columns, filter=wanted, batch_readahead=4, fragment_readahead=2):
        if batch.num_rows:
            rows = pa.Table.from_batches([batch])
            names = batch["patient_id"].dictionary_encode()  # where it is not yet
            measured_us = batch["measured_at"].cast(pa.int64()).to_numpy()
            days.add(
                names.dictionary.to_pylist(),
                names.indices.to_numpy().astype(np.int64),
                measured_us // 1000,
                unpack(rows),
            )
            advance(batch.num_rows)


def baseline_rows(days: PatientDays, day: date, version: int) -> list[dict[str, Any]]:
    """Return the rows of `baselines`: late readings of the days before count to the day on which they landed."""
    rows = []
    for patient_id in days.patient_ids:
        counted = days.days_of(patient_id).values()
        for vital in SENSED:
            found = merged([each[vital.name] for each in counted])
            if found.readings:
                rows.append(
                    {
                        "day": day,
                        "patient_id": patient_id,
                        "vital": vital.name,
                        "readings": found.readings,
                        "first_at": EPOCH + timedelta(milliseconds=found.first_ms),
                        "last_at": EPOCH + timedelta(milliseconds=found.last_ms),
                        "median_value": found.quantile(MEDIAN),
                        "values": np.rint(found.values * _STEPS[vital.name]).astype("<i4").tobytes(),
                        "times": found.counts.astype("<i4").tobytes(),
                        "readings_version": version,
                    }
                )
    return rows


def read_nights(lake: Lake, day: date, policy: LimitsPolicy) -> dict[str, dict[int, dict[str, Histogram]]]:
    """Return the baselines of the last nights: patient -> day since 1970 -> vital name -> values.

    All values are given for the days of which the policy makes limits. Before them, where the drift guard alone looks,
    every value of a night is its median: of 10,000 patients, all values of all nights would be gigabytes.
    """
    since, whole_since = day - (policy.drift_nights - 1) * ONE_DAY, day - (policy.days - 1) * ONE_DAY
    found: dict[str, dict[int, dict[str, Histogram]]] = defaultdict(lambda: defaultdict(dict))
    for filters, columns in (
        ([("day", ">=", since), ("day", "<", whole_since)], _OF_A_NIGHT),
        ([("day", ">=", whole_since), ("day", "<=", day)], (*_OF_A_NIGHT, "values", "times")),
    ):
        for batch in lake.read(BASELINES, filters, columns).to_batches(max_chunksize=_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                number = (row["day"] - EPOCH.date()).days
                found[row["patient_id"]][number][row["vital"]] = histogram_of(row)
    return found


def histogram_of(row: Mapping[str, Any]) -> Histogram:
    """Return a row of `baselines` as it was counted; where it was read without its values, as its median."""
    if "values" in row:
        values = np.frombuffer(row["values"], "<i4") / _STEPS[row["vital"]]
        counts = np.frombuffer(row["times"], "<i4").astype(np.int64)
    else:
        values, counts = np.array([row["median_value"]]), np.array([row["readings"]])
    return Histogram(values, counts, _ms(row["first_at"]), _ms(row["last_at"]))


def _ms(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)
