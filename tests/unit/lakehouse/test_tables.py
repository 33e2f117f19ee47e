"""Conventions that hold over all tables together."""

from __future__ import annotations

import msgspec

from clinical.vitals import VITALS
from lakehouse.contract import Column, Table
from lakehouse.events import AlertEvent
from lakehouse.mart_tables import MARTS
from lakehouse.packing import SCHEMA
from lakehouse.tables import ALERT_EVENTS, CASSANDRA, LAKE, LAKE_ALERT_EVENTS, LANDED, READINGS

TABLES: tuple[Table, ...] = (*LAKE.values(), *CASSANDRA.values(), *MARTS.values())


def test_the_same_name_means_the_same_everywhere() -> None:
    seen: dict[str, Column] = {}
    for table in TABLES:
        for column in table.columns:
            known = seen.setdefault(column.name, column)
            assert column.optional() == known.optional(), f"{table.name}.{column.name} has two meanings"


def test_every_vital_of_the_catalogue_is_a_column_of_readings() -> None:
    named = [name for name in READINGS.names if name in {*SCHEMA.names} - {"tenths"}]
    assert named == [vital.name if vital.unit != "Cel" else "temperature_tenths_c" for vital in VITALS]


def test_every_field_of_an_alert_event_is_a_column_of_both_tables() -> None:
    fields = {field.name for field in msgspec.structs.fields(AlertEvent)}
    assert fields == set(ALERT_EVENTS.names)
    assert fields == set(LAKE_ALERT_EVENTS.names) - {"landed_date", "announced_at"}


def test_lake_tables_are_partitioned_by_the_day_of_landing_or_by_that_of_the_night() -> None:
    assert {table.partition_by for table in LANDED} == {"landed_date"}
    assert {table.partition_by for table in LAKE.values() if table not in LANDED} == {"day"}


def test_only_what_is_deleted_by_hand_has_no_time_to_live() -> None:
    assert [table.name for table in CASSANDRA.values() if table.ttl_days is None] == ["open_alerts_by_ward"]
