"""Which programs a name on the command line means."""

from __future__ import annotations

import pytest

from programs import PROGRAMS, select
from stack import StackError


def test_no_name_means_all() -> None:
    programs, with_init = select([])

    assert programs == list(PROGRAMS)
    assert with_init


def test_hdfs_is_two_programs_and_the_order_is_that_of_the_start() -> None:
    programs, with_init = select(["hdfs", "kafka"])

    assert [program.name for program in programs] == ["kafka", "namenode", "datanode"]
    assert not with_init


def test_live_is_all_but_the_night_and_its_reports() -> None:
    programs, with_init = select(["live"])

    assert {program.service for program in PROGRAMS} - {program.service for program in programs} == {
        "airflow",
        "superset",
    }
    assert with_init
    assert select(["live", "airflow", "superset"]) == select([])


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        StackError, match="there is no zookeeper; choose among kafka, cassandra, hdfs, postgres, mail, init, clock"
    ):
        select(["kafka", "zookeeper"])
