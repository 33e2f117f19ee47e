"""What is judged of the tables of the lake: their contracts, and what is about more than one column or row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import pandas as pd
from pyspark.sql import functions as f

from lakehouse.messages import Admission, decode
from lakehouse.settings import Settings
from lakehouse.tables import ENTRIES, LIMITS_PROPOSED, QUARANTINE, READINGS
from lakehouse.topics import BEDSIDE
from quality import shares, statistics
from quality.census import Census, Move, Watch, placed
from quality.judge import Finding, Judge
from quality.lake_days import LakeDays, open_lake
from quality.proposals import COLUMNS, contradictions
from quality.render import of_contract, of_rules
from quality.thresholds import ENTRIES_RULES, LIMITS_PROPOSED_RULES, LOOK_BACK_DAYS, READINGS_RULES, Subject

READING: Final = "reading"  # the kind that has a table of its own

Advance: TypeAlias = Callable[[int], None]


class Judged(NamedTuple):
    """How many rows were judged, and what was found."""

    rows: int
    findings: list[Finding]


def judge_readings(settings: Settings, day: date, judge: Judge, advance: Advance) -> Judged:
    """Judge the readings of a day, in four passes over them; only a row for each device leaves Spark."""
    with open_lake(settings, "quality-readings") as lake:
        lake.check_landed(day)
        readings = lake.rows(READINGS, day)
        findings = judge.contract("contract", readings, of_contract(READINGS))
        advance(1)
        devices = statistics.of_devices(readings)
        advance(1)
        repeated = statistics.repeated(readings)
        advance(1)
        alive = {*statistics.minutes(readings), *statistics.minutes(lake.rows(ENTRIES, day))}
        advance(1)
        census = census_of(lake, day)
        quarantined = lake.rows(QUARANTINE, day).where(f.col("topic") == BEDSIDE.name).count()
        entries = lake.rows(ENTRIES, day).count()
    advance(1)
    watch = Watch(alive)
    devices = placed(devices, census, watch)
    landed = shares.Landed(repeated, quarantined, entries, watch.share)
    frames: dict[Subject, pd.DataFrame] = {
        "day": shares.of_day(devices, landed),
        "wards": shares.of_wards(devices),
        "devices": devices,
    }
    for subject, frame in frames.items():
        rules = [rule for rule in READINGS_RULES if rule.of == subject]
        findings += judge.statistics(subject, frame, of_rules(rules))
    advance(1)
    return Judged(int(devices["rows"].sum()), findings)


def census_of(lake: LakeDays, day: date) -> Census:
    """Return where patients lay at the end of a day, from the admissions of LOOK_BACK_DAYS."""
    rows: pd.DataFrame = (
        lake.rows(ENTRIES, day, LOOK_BACK_DAYS)
        .where(f.col("kind") == "admission")
        .select("received_at", "partition", "offset", "body")
        .orderBy("received_at", "partition", "offset")
        .toPandas()
    )
    moves = zip((rows["received_at"].astype("int64") / 1e9), map(_admission, rows["body"]), strict=True)
    return Census(Move(at_s, message) for at_s, message in moves)


def _admission(body: str) -> Admission:
    message = decode(body.encode())
    if not isinstance(message, Admission):
        raise TypeError(f"entries of kind admission hold admissions; found {type(message).__name__}; land the day anew")
    return message


def judge_entries(settings: Settings, day: date, judge: Judge, advance: Advance) -> Judged:
    """Judge the other messages of a day."""
    with open_lake(settings, "quality-entries") as lake:
        lake.check_landed(day)
        entries = lake.rows(ENTRIES, day)
        findings = judge.contract("contract", entries, of_contract(ENTRIES))
        advance(1)
        counts = entries.groupBy("kind").agg(f.count("*").alias("rows"), f.count("patient_id").alias("named"))
        kinds: pd.DataFrame = counts.toPandas()
        ticked = statistics.minutes(entries.where(f.col("kind") == "tick"))
        alive = {*ticked, *statistics.minutes(entries), *statistics.minutes(lake.rows(READINGS, day))}
    advance(1)
    known = [kind for kind in BEDSIDE.kinds if kind != READING]
    about_patients = kinds[kinds["kind"] != "tick"]
    row = {
        "unknown_kinds": kinds.loc[~kinds["kind"].isin(known), "rows"].sum(),
        "unnamed": (about_patients["rows"] - about_patients["named"]).sum(),
        "ticked_share": len(ticked) / len(alive) if alive else None,
    }
    findings += judge.statistics("day", pd.DataFrame([row]).astype(float), of_rules(ENTRIES_RULES))
    return Judged(int(kinds["rows"].sum()), findings)


def judge_limits_proposed(settings: Settings, day: date, judge: Judge, advance: Advance) -> Judged:
    """Judge the limits that the calibration of a day proposes: a row for each patient and condition."""
    with open_lake(settings, "quality-limits-proposed") as lake:
        rows = lake.rows(LIMITS_PROPOSED, day)
        findings = judge.contract("contract", rows, of_contract(LIMITS_PROPOSED))
        advance(1)
        proposed: pd.DataFrame = rows.select(*COLUMNS).toPandas()
    advance(1)
    findings += judge.statistics("day", contradictions(proposed), of_rules(LIMITS_PROPOSED_RULES))
    return Judged(len(proposed), findings)
