"""The lake on HDFS: every batch once, and the same rows for Spark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest

from clinical.vitals import VITALS
from lakehouse.columns import REASON
from lakehouse.contract import LakeTable
from lakehouse.errors import StoreError
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.packing import pack, unpack
from lakehouse.render import arrow_schema
from lakehouse.settings import HdfsSettings, Settings
from lakehouse.tables import ENTRIES, READINGS

DAY = date(2026, 11, 24)
START = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def lake(settings: Settings) -> Iterator[Lake]:
    with Lake(settings, patience_s=60) as opened:
        yield opened


@pytest.fixture
def readings(settings: Settings, lake: Lake) -> Iterator[LakeTable]:
    """A table of the contract of `readings`, of this test alone."""
    table = replace(READINGS, name=f"test_{uuid4().hex}")
    lake.ensure(table)
    yield table
    with Hdfs(settings) as hdfs:
        hdfs.delete(f"lake/{table.name}")


def rows(patients: int, seconds: int, day: date = DAY) -> pa.Table:
    """One reading a second and patient, in order of arrival; each patient's heart rate is 60.5 plus its number."""
    n = patients * seconds
    patient, second = np.tile(np.arange(patients), seconds), np.repeat(np.arange(seconds), patients)
    values = np.full((n, len(VITALS)), np.nan)
    values[:, 0], values[:, 7] = 60.5 + patient, 36.6
    times = [START + timedelta(seconds=int(each)) for each in second]
    columns = {
        "landed_date": [day] * n,
        "patient_id": [f"p{each:03d}" for each in patient],
        "device_id": ["m"] * n,
        "measured_at": times,
        "received_at": times,
        "partition": patient % 12,
        "offset": np.arange(n),
        "period_s": np.ones(n),
        "raw": pa.nulls(n, pa.string()),
    }
    packed = pack(values)
    return pa.table(columns | {name: packed[name] for name in packed.column_names})


def test_a_batch_is_written_once_however_often_it_is_repeated(lake: Lake, readings: LakeTable) -> None:
    assert lake.append(readings, rows(2, 3), Batch("landing", 1))
    assert not lake.append(readings, rows(2, 3), Batch("landing", 1))
    assert lake.append(readings, rows(2, 3), Batch("landing", 2))
    assert lake.read(readings, columns=["offset"]).num_rows == 12
    assert lake.last_batch(readings, "landing") == 2
    assert lake.last_batch(readings, "somebody else") is None


def test_values_come_back_bit_for_bit(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(3, 1), Batch("landing", 1))
    values = unpack(lake.read(readings).sort_by("patient_id"))
    assert values[:, 0].tolist() == [60.5, 61.5, 62.5]
    assert values[:, 7].tolist() == [36.6, 36.6, 36.6]
    assert np.isnan(values[:, 1:7]).all()


def test_rows_have_the_types_of_the_contract(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(1, 1), Batch("landing", 1))
    assert lake.read(readings).schema == arrow_schema(readings)


def test_filters_choose_rows(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(3, 5), Batch("landing", 1))
    lake.append(readings, rows(3, 5, DAY + timedelta(days=1)), Batch("landing", 2))
    found = lake.read(readings, [("landed_date", "=", DAY), ("patient_id", "=", "p001")], ["patient_id", "landed_date"])
    assert found.to_pylist() == [{"patient_id": "p001", "landed_date": DAY}] * 5


def test_a_closed_day_is_sorted_in_one_step_and_other_days_are_left(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(3, 5), Batch("landing", 1))
    lake.append(readings, rows(3, 5, DAY + timedelta(days=1)), Batch("landing", 2))
    assert lake.sort_day(readings, DAY, Batch("care", 1))
    assert not lake.sort_day(readings, DAY, Batch("care", 1))
    day = lake.read(readings, [("landed_date", "=", DAY)])
    assert day.equals(day.sort_by([(name, "ascending") for name in readings.sort_by]))
    assert lake.read(readings, columns=["offset"]).num_rows == 30


def test_a_table_can_be_read_as_it_was(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(1, 1), Batch("landing", 1))
    version = lake.open(readings).version()
    lake.append(readings, rows(1, 1), Batch("landing", 2))
    assert lake.read(readings, version=version).num_rows == 1


def test_a_column_that_the_contract_gains_is_added(lake: Lake, readings: LakeTable) -> None:
    lake.append(readings, rows(1, 1), Batch("landing", 1))
    grown = replace(readings, columns=(*readings.columns, REASON))
    with pytest.raises(StoreError, match=r"lacks \['reason'\]; after an update run `python -m lakehouse init`"):
        lake.read(grown)
    assert lake.ensure(grown) == [f"lake table {readings.name}: column reason added"]
    assert lake.ensure(grown) == []
    assert lake.read(grown, columns=["reason"]).to_pylist() == [{"reason": None}]


def test_a_property_that_differs_from_the_contract_is_set(lake: Lake, readings: LakeTable) -> None:
    lake.open(readings).alter.set_table_properties({"delta.checkpointInterval": "100"})
    assert lake.ensure(readings) == [f"lake table {readings.name}: delta.checkpointInterval is 10 now"]
    assert lake.ensure(readings) == []


def test_a_column_that_changes_its_type_is_refused(lake: Lake, readings: LakeTable) -> None:
    changed = tuple(replace(each, type="text") if each.name == "tenths" else each for each in readings.columns)
    with pytest.raises(StoreError, match=r"differs in \['tenths'\]"):
        lake.ensure(replace(readings, columns=changed))


def test_a_table_that_is_not_there_is_said_in_words(lake: Lake) -> None:
    with pytest.raises(StoreError, match="python -m lakehouse init"):
        lake.read(replace(ENTRIES, name="nowhere"))


def test_a_cluster_that_is_away_is_said_in_words(settings: Settings) -> None:
    away = settings.model_copy(update={"hdfs": HdfsSettings(rpc_port=1)})
    with Lake(away, patience_s=1) as lake, pytest.raises(StoreError, match="make status"):
        lake.read(READINGS)
