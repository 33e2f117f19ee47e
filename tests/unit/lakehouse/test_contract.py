"""A contract that contradicts itself fails when it is built, with the name of the culprit."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.contract import CassandraTable, Column, ContractError, LakeTable, MartTable, Topic

NAME = Column("name", "text", "A name.")
COUNT = Column("count", "int32", "A number.", nullable=True)


def column(**more: Any) -> Column:
    return Column(**({"name": "x", "type": "int16", "doc": "A thing."} | more))


def cassandra_table(**more: Any) -> CassandraTable:
    given: dict[str, Any] = {"name": "t", "doc": "A table.", "columns": (NAME, COUNT), "partition_key": ("name",)}
    return CassandraTable(**(given | {"ttl_days": 1} | more))


def lake_table(**more: Any) -> LakeTable:
    given: dict[str, Any] = {
        "name": "t",
        "doc": "A table.",
        "columns": (NAME, COUNT),
        "partition_by": "name",
        "sort_by": (),
        "dictionary": (),
        "retention_days": 1,
    }
    return LakeTable(**(given | more))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "Heart Rate"}, "lower-case identifier"),
        ({"doc": "no sentence"}, "explained by a sentence"),
        ({"name": "x_bpm", "unit": "beats"}, "a unit is one of"),
        ({"name": "x_s", "type": "text", "unit": "s"}, "only a number has a unit"),
        ({"name": "x_bpm", "unit": "s"}, "end it with '_s'"),
        ({"type": "text", "possible": (0, 1)}, "only a number has a range"),
        ({"possible": (1, 1)}, "low < high"),
        ({"name": "seen_at"}, "rename it"),
        ({"type": "timestamp"}, "rename it"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        column(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"columns": (NAME, NAME)}, r"repeats \['name'\]"),
        ({"partition_key": ()}, "has none"),
        ({"partition_key": ("nobody",)}, "has no 'nobody'"),
        ({"partition_key": ("count",)}, "a key is never null"),
        ({"clustering": (("name", "ASC"),)}, "names each column once"),
        ({"ttl_days": 0}, "at least 1 day"),
        ({"doc": "none"}, "explained by a sentence"),
    ],
)
def test_a_cassandra_table_that_contradicts_itself_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        cassandra_table(**wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"partition_by": "day"}, "has no 'day'"),
        ({"sort_by": ("day",)}, "has no 'day'"),
        ({"dictionary": ("day",)}, "has no 'day'"),
        ({"retention_days": 0}, "at least 1 day"),
    ],
)
def test_a_lake_table_that_contradicts_itself_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        lake_table(**wrong)


DAY = Column("day", "date", "A day.")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (("name",), "a mart is rebuilt day by day"),
        (("day", "nobody"), "has no 'nobody'"),
        (("day", "name", "name"), "names each column once"),
    ],
)
def test_a_mart_that_contradicts_itself_is_refused(key: tuple[str, ...], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        MartTable(name="t", doc="A table.", columns=(DAY, NAME, COUNT), key=key)


def test_the_key_of_a_mart_may_hold_a_null() -> None:
    assert MartTable(name="t", doc="A table.", columns=(DAY, COUNT), key=("day", "count")).key == ("day", "count")


def test_a_topic_says_what_it_carries() -> None:
    with pytest.raises(ContractError, match="has no kinds"):
        Topic(name="t", doc="A topic.", key="k", kinds=())


def test_the_key_is_the_partition_key_then_the_clustering() -> None:
    table = cassandra_table(columns=(NAME, COUNT.required()), clustering=(("count", "DESC"),))
    assert table.key == ("name", "count")


def test_optional_and_required_change_nothing_else() -> None:
    assert NAME.optional().required() == NAME
