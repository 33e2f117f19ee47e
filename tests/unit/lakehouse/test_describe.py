"""A contract is readable at a terminal."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from lakehouse.describe import describe, find, names, overview
from lakehouse.settings import KafkaSettings


def printed(name: str) -> str:
    console = Console(width=120, record=True, file=StringIO())
    for what in find(name):
        console.print(describe(what, KafkaSettings()))
    return console.export_text()


@pytest.mark.parametrize("name", names())
def test_everything_can_be_described(name: str) -> None:
    assert name in printed(name)


def test_a_column_shows_its_unit_and_its_range() -> None:
    (line,) = (line for line in printed("readings").splitlines() if line.strip().startswith("spo2_pct"))
    assert line.split()[:7] == ["spo2_pct", "int16", "yes", "%", "10", "to", "100"]


def test_a_name_in_two_stores_is_described_twice() -> None:
    text = printed("alert_events")
    assert "Delta on HDFS" in text
    assert "Cassandra" in text


def test_a_topic_shows_who_reads_and_who_writes() -> None:
    assert "written by  alarms, standby" in printed("alerts")


def test_the_overview_names_everything() -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(overview())
    text = console.export_text()
    assert all(name in text for name in names())
