"""The marts in PostgreSQL as the jobs and the reports use them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from lakehouse.errors import StoreError
from lakehouse.mart_tables import PROOF_DAILY, QUALITY_DAILY, VITALS_DAILY
from lakehouse.marts import Marts
from lakehouse.postgres import connect
from lakehouse.settings import PostgresSettings, Service, Settings

DAY = date(2031, 3, 1)
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture(scope="module")
def batch(settings: Settings) -> Iterator[Marts]:
    with Marts(settings, Service.BATCH, patience_s=30) as marts:
        yield marts


@pytest.fixture
def table_name() -> str:
    """The scope of one test."""
    return uuid4().hex


def verdict(**more: Any) -> dict[str, Any]:
    return {"expectation": "e1", "severity": "warn", "success": True, "unexpected_count": 0, "total_count": 10} | more


def vital(patient_id: str, **more: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id, "ward_id": "w1", "vital": "heart_rate_bpm", "unit": "/min", "values_count": 3,
        "lowest_value": 60.0, "highest_value": 80.0, "mean_value": 70.5, "median_value": 70.0,
    } | more  # fmt: skip


def test_a_day_is_replaced_however_often_it_is_written(batch: Marts, table_name: str) -> None:
    for _ in range(2):
        assert batch.replace_day(QUALITY_DAILY, DAY, [verdict(observed=0.5)], table_name=table_name) == 1
    (row,) = batch.read(QUALITY_DAILY, DAY, table_name=table_name)
    assert row == verdict(
        day=DAY, table_name=table_name, observed=0.5, column=None, ward_id=None, threshold=None, detail=None
    )


def test_other_days_and_other_scopes_are_left_alone(batch: Marts, table_name: str) -> None:
    batch.replace_day(QUALITY_DAILY, DAY, [verdict()], table_name=table_name)
    batch.replace_day(QUALITY_DAILY, TOMORROW, [verdict()], table_name=table_name)
    batch.replace_day(QUALITY_DAILY, DAY, [], table_name=uuid4().hex)
    batch.replace_day(QUALITY_DAILY, DAY, [], table_name=table_name)
    assert [row["day"] for row in batch.read(QUALITY_DAILY, table_name=table_name)] == [TOMORROW]


def test_two_rows_of_one_key_are_refused_and_the_day_stays_as_it_was(batch: Marts, table_name: str) -> None:
    batch.replace_day(QUALITY_DAILY, DAY, [verdict(total_count=7)], table_name=table_name)
    with pytest.raises(StoreError, match="duplicate key"):  # the column and the ward are null in both
        batch.replace_day(QUALITY_DAILY, DAY, [verdict(), verdict()], table_name=table_name)
    assert [row["total_count"] for row in batch.read(QUALITY_DAILY, DAY, table_name=table_name)] == [7]


def test_a_patient_is_erased_from_all_marts(batch: Marts) -> None:
    patient_id, other = uuid4().hex, uuid4().hex
    batch.replace_day(VITALS_DAILY, DAY, [vital(patient_id), vital(other)])
    batch.replace_day(VITALS_DAILY, TOMORROW, [vital(patient_id)])
    assert batch.erase_patient(patient_id) == 2
    assert batch.erase_patient(patient_id) == 0
    assert [row["patient_id"] for row in batch.read(VITALS_DAILY, DAY)] == [other]


def test_the_reports_read_and_do_not_write(batch: Marts, settings: Settings, table_name: str) -> None:
    batch.replace_day(QUALITY_DAILY, DAY, [verdict()], table_name=table_name)
    with Marts(settings, Service.REPORTS, patience_s=5) as reports:
        assert len(reports.read(QUALITY_DAILY, DAY, table_name=table_name)) == 1
        with pytest.raises(StoreError, match="read-only transaction"):
            reports.replace_day(QUALITY_DAILY, DAY, [], table_name=table_name)


def test_a_role_stays_in_its_own_database(settings: Settings) -> None:
    with connect(settings, Service.SUPERSET, "superset", patience_s=5) as own:
        own.execute("CREATE TABLE IF NOT EXISTS test_own (x int)")
        own.execute("DROP TABLE test_own")
    with pytest.raises(StoreError, match=r"superset cannot at .*airflow: .*permission denied"):
        connect(settings, Service.SUPERSET, "airflow", patience_s=5)
    with pytest.raises(StoreError, match="permission denied"):
        connect(settings, Service.SUPERSET, patience_s=5)


def test_a_lost_connection_is_made_again(batch: Marts, settings: Settings) -> None:
    row = {
        "proven": True, "folded_entries": 1, "raised_events": 0, "missing_events": 0, "extra_events": 0,
        "different_events": 0,
    }  # fmt: skip
    with connect(settings, Service.ADMIN, "postgres", patience_s=5) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wardwatch-batch'"
        )
    assert batch.replace_day(PROOF_DAILY, DAY, [row]) == 1
    assert len(batch.read(PROOF_DAILY, DAY)) == 1


def test_a_wrong_password_is_said_in_words(settings: Settings) -> None:
    wrong = settings.model_copy(update={"passwords": settings.passwords | {Service.BATCH: SecretStr("wrong")}})
    with pytest.raises(StoreError, match=r"batch cannot at .*authentication failed"):
        Marts(wrong, Service.BATCH, patience_s=5).__enter__()


def test_a_database_that_is_away_is_said_in_words(settings: Settings) -> None:
    away = settings.model_copy(update={"postgres": PostgresSettings(port=1)})
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1.*make status"):
        Marts(away, Service.BATCH, patience_s=1).__enter__()
