"""A lane is named after its partitions."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.settings import Settings
from streaming.partitions import heartbeat_file, lane_name, parse_partitions


@pytest.mark.parametrize(
    ("text", "partitions"),
    [(None, [0, 1, 2, 3]), ("0-1", [0, 1]), ("2-3", [2, 3]), ("3", [3]), ("0-1,3", [0, 1, 3]), ("3,0-1,1", [0, 1, 3])],
)
def test_a_lane_is_written_as_ranges(text: str | None, partitions: list[int]) -> None:
    assert parse_partitions(text, 4) == partitions


@pytest.mark.parametrize("text", ["0-4", "4", "3-1", "-1"])
def test_a_partition_that_the_topic_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_partitions(text, 4)


@pytest.mark.parametrize("text", ["", "all", "0-", "0;1", "1.5"])
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"partitions are written like .*; found"):
        parse_partitions(text, 4)


@given(st.sets(st.integers(0, 30), min_size=1))
def test_the_name_of_a_lane_reads_back(partitions: set[int]) -> None:
    assert parse_partitions(lane_name(partitions), 31) == sorted(partitions)


def test_neighbours_are_one_range() -> None:
    assert lane_name([3, 0, 1, 2, 6]) == "0-3,6"


def test_two_lanes_of_one_machine_do_not_share_a_heartbeat() -> None:
    settings = Settings(run=Path("/run"))
    assert heartbeat_file(settings, "alarms", "0-1") == Path("/run/heartbeats/alarms-0-1.json")
    assert heartbeat_file(settings, "alarms", None) == Path("/run/heartbeats/alarms.json")
