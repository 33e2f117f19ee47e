"""What the administrator makes in PostgreSQL follows the contract, and says so where it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from psycopg import sql

from lakehouse.columns import REASON
from lakehouse.contract import Column, MartTable
from lakehouse.errors import StoreError
from lakehouse.mart_tables import PROOF_DAILY
from lakehouse.postgres import Connection, connect
from lakehouse.postgres_admin import PostgresAdmin, columns_of, differences, ensure_table
from lakehouse.settings import Service, Settings

COLOUR = Column("colour", "text", "A colour.")


@pytest.fixture
def marts(settings: Settings) -> Iterator[Connection]:
    with connect(settings, Service.ADMIN, patience_s=30) as connection:
        yield connection


@pytest.fixture
def table(marts: Connection) -> Iterator[MartTable]:
    """A mart of this test alone."""
    made = replace(PROOF_DAILY, name=f"test_{uuid4().hex}")
    assert ensure_table(marts, made) == [f"table {made.name} made"]
    yield made
    marts.execute(f"DROP TABLE mart.{made.name}".encode())


def insert(marts: Connection, table: MartTable, *more: str) -> None:
    statement = sql.SQL("INSERT INTO {} VALUES ({})").format(
        sql.Identifier("mart", table.name), sql.SQL(", ").join([date(2031, 3, 1), True, 1, 0, 0, 0, 0, *more])
    )
    marts.execute(statement)


def test_a_table_that_is_right_is_left_alone(marts: Connection, table: MartTable) -> None:
    insert(marts, table)
    assert ensure_table(marts, table) == []
    assert differences(marts, table) == []


def test_a_column_that_the_contract_gains_is_added(marts: Connection, table: MartTable) -> None:
    insert(marts, table)
    grown = replace(table, columns=(*table.columns, REASON))
    assert differences(marts, grown) == [f"{table.name} lacks reason; run `python -m lakehouse init`"]
    assert ensure_table(marts, grown) == [f"table {table.name}: column reason added"]
    assert columns_of(marts, grown)["reason"] == "text"


def test_a_required_column_is_added_only_while_there_are_no_rows(marts: Connection, table: MartTable) -> None:
    grown = replace(table, columns=(*table.columns, COLOUR))
    assert ensure_table(marts, grown) == [f"table {table.name}: column colour added"]
    insert(marts, grown, "red")
    shape = Column("shape", "text", "A shape.")
    with pytest.raises(StoreError, match=r"lacks \['shape'\]; drop mart"):
        ensure_table(marts, replace(grown, columns=(*grown.columns, shape)))


def test_a_column_that_changes_its_type_is_refused_with_what_to_do(marts: Connection, table: MartTable) -> None:
    changed = tuple(replace(each, type="text") if each.name == "proven" else each for each in table.columns)
    with pytest.raises(StoreError, match=r"proven is boolean, the contract says text; drop mart\..* batch report"):
        ensure_table(marts, replace(table, columns=changed))


def test_another_key_is_refused(marts: Connection, table: MartTable) -> None:
    with pytest.raises(StoreError, match="a mart keeps its key"):
        ensure_table(marts, replace(table, key=("day", "proven")))


def test_what_a_table_and_a_column_mean_is_kept_with_them(marts: Connection, table: MartTable) -> None:
    row = marts.execute(
        "SELECT obj_description(to_regclass(%(t)s)) AS of_table, col_description(to_regclass(%(t)s), 2) AS of_column",
        {"t": f"mart.{table.name}"},
    ).fetchone()
    assert row == {"of_table": table.doc, "of_column": table.column("proven").doc}


def test_a_right_too_many_is_taken_away(marts: Connection, settings: Settings) -> None:
    marts.execute("GRANT DELETE ON mart.proof_daily TO reports")
    with PostgresAdmin(settings, patience_s=30) as admin:
        assert admin.ensure_marts() == ["reports may no longer DELETE proof_daily"]


def test_a_role_whose_password_is_another_gets_that_of_the_settings(marts: Connection, settings: Settings) -> None:
    marts.execute("ALTER ROLE superset PASSWORD 'forgotten'")
    with PostgresAdmin(settings, patience_s=30) as admin:
        assert admin.ensure_roles() == ["role superset: new password"]
        assert admin.ensure_roles() == []


def test_a_second_time_changes_nothing(settings: Settings) -> None:
    with PostgresAdmin(settings, patience_s=30) as admin:
        assert [*admin.ensure_roles(), *admin.ensure_databases(), *admin.ensure_marts()] == []
