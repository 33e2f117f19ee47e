"""A day's readings as numbers, by Spark: a row for each device of each patient. The day itself never leaves Spark.

`of_devices` passes over the day once; its first step keeps a row for each device and hour, some thousands of times
smaller than the day, and everything after it works on that. `repeated` and `minutes` are passes over a few columns.
"""

from __future__ import annotations

from typing import Final

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as f

from clinical.vitals import DBP, HEART_RATE, MAP, PULSE_RATE, RESP_RATE, SBP, SPO2
from lakehouse.columns import VITAL_COLUMNS
from quality.thresholds import AHEAD_S, FLAT_READINGS, FLAT_S, LATE_S, LEAST_PAIRS

PULSES: Final = (HEART_RATE.name, PULSE_RATE.name)
MOVING: Final = (*PULSES, RESP_RATE.name, SPO2.name, SBP.name, DBP.name, MAP.name)  # temperature may well stand still
MEASURED: Final = tuple(column.name for column in VITAL_COLUMNS)
_WHO: Final = ("patient_id", "device_id")
_US: Final = 1_000_000


def of_devices(readings: DataFrame) -> pd.DataFrame:
    """Return statistics of each patient's devices.

    Parameters
    ----------
    readings
        Rows of the lake table `readings`, of one day.

    Returns
    -------
    pandas.DataFrame
        patient_id, device_id; rows; period_s (the shortest); first_s, last_s (received, seconds since 1970);
        late_rows, ahead_rows; pairs (both pressures known) and swapped_pairs (systolic not above diastolic),
        swapped_share (null below LEAST_PAIRS); NAME_count of each vital column; stuck_hours (a pulse and all else that
        moves stood still), flat_pulse_hours (a pulse did). Sorted by patient and device; no row for no readings.
    """
    devices: pd.DataFrame = _devices(_hours(readings)).orderBy(*_WHO).toPandas()
    return devices


def repeated(readings: DataFrame) -> int:
    """Count the rows whose patient, device and measured_at another row has, too; the first of each not counted."""
    # Eight bytes of hash instead of the texts: the shuffle is a fifth, and two keys of 10^8 meet once in 3,000 days.
    keys = readings.select(f.xxhash64(*_WHO, f.unix_micros("measured_at")).alias("key"))
    row = keys.groupBy("key").count().agg(f.sum(f.col("count") - 1).alias("repeated")).first()
    return int(row["repeated"] or 0) if row is not None else 0


def minutes(rows: DataFrame) -> list[int]:
    """Return the minutes since 1970 in which any of the rows was received, in no order: at most 1,440 a day."""
    minute = (f.unix_micros("received_at") / (60 * _US)).cast("long").alias("minute")
    return [row["minute"] for row in rows.select(minute).distinct().collect()]


def _hours(readings: DataFrame) -> DataFrame:
    """A row for each device and hour in which something was received of it."""
    measured, received = f.unix_micros("measured_at"), f.unix_micros("received_at")
    behind = received - measured
    both = f.col(SBP.name).isNotNull() & f.col(DBP.name).isNotNull()
    tenths = f.coalesce("tenths", f.lit(0))
    ranges = [each for name in MOVING for each in (f.min(name).alias(f"{name}_min"), f.max(name).alias(f"{name}_max"))]
    return readings.groupBy(*_WHO, (received / (3600 * _US)).cast("long").alias("hour")).agg(
        f.count("*").alias("rows"),
        f.min("period_s").alias("period_s"),
        (f.min(received) / _US).alias("first_s"),
        (f.max(received) / _US).alias("last_s"),
        ((f.max(measured) - f.min(measured)) / _US).alias("span_s"),
        f.count_if(behind > LATE_S * _US).alias("late_rows"),
        f.count_if(-behind > AHEAD_S * _US).alias("ahead_rows"),
        f.count_if(both).alias("pairs"),
        f.count_if(both & (f.col(SBP.name) <= f.col(DBP.name))).alias("swapped_pairs"),
        *(f.count(name).alias(f"{name}_count") for name in MEASURED),
        *ranges,
        (f.min(tenths) == f.max(tenths)).alias("same_tenths"),
    )


def _devices(hours: DataFrame) -> DataFrame:
    pulse = f.lit(False)
    for name in PULSES:
        pulse |= (f.col(f"{name}_count") >= FLAT_READINGS) & _same(name)
    pulse &= f.col("span_s") >= FLAT_S
    stuck = pulse & f.col("same_tenths")
    for name in MOVING:
        stuck &= (f.col(f"{name}_count") == 0) | _same(name)
    sums = ("rows", "late_rows", "ahead_rows", "pairs", "swapped_pairs", *(f"{name}_count" for name in MEASURED))
    swapped_share = f.sum("swapped_pairs") / f.sum("pairs")
    return hours.groupBy(*_WHO).agg(
        f.min("period_s").alias("period_s"),
        f.min("first_s").alias("first_s"),
        f.max("last_s").alias("last_s"),
        *(f.sum(name).alias(name) for name in sums),
        f.when(f.sum("pairs") >= LEAST_PAIRS, swapped_share).alias("swapped_share"),
        f.count_if(stuck).alias("stuck_hours"),
        f.count_if(pulse).alias("flat_pulse_hours"),
    )


def _same(name: str) -> Column:
    return f.col(f"{name}_min") == f.col(f"{name}_max")
