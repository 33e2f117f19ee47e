"""Who may do what: the sentences of the design, one test each."""

from __future__ import annotations

from confluent_kafka.admin import AclOperation

from lakehouse.access import ACCESS, group_id
from lakehouse.cassandra_admin import grants
from lakehouse.kafka_admin import acls
from lakehouse.settings import Service
from lakehouse.tables import CASSANDRA
from lakehouse.topics import TOPICS


def test_every_service_but_the_administrator_has_an_entry() -> None:
    # The last three know PostgreSQL alone.
    without = {Service.ADMIN, Service.REPORTS, Service.AIRFLOW, Service.SUPERSET}
    assert set(ACCESS) == set(Service) - without


def test_permissions_name_what_there_is() -> None:
    for access in ACCESS.values():
        assert access.reads | access.writes <= set(TOPICS)
        assert access.selects | access.modifies <= set(CASSANDRA)


def test_only_the_lane_and_its_standby_write_alerts() -> None:
    assert {service for service, access in ACCESS.items() if "alerts" in access.writes} == {
        Service.ALARMS,
        Service.STANDBY,
    }


def test_monitors_and_clock_may_write_bedside_and_nothing_else() -> None:
    for service in (Service.MONITORS, Service.CLOCK):
        (only,) = acls(service, ACCESS[service])
        assert (only.name, only.operation) == ("bedside", AclOperation.WRITE)
        assert not ACCESS[service].has_role


def test_a_reader_may_use_only_groups_of_its_own_name() -> None:
    groups = {binding.name for binding in acls(Service.NOTIFY, ACCESS[Service.NOTIFY]) if binding.name not in TOPICS}
    assert groups == {"wardwatch-notify-"}
    others = [each for each in acls(Service.BATCH, ACCESS[Service.BATCH]) if each.name == "wardwatch-notify-"]
    assert [each.operation for each in others] == [AclOperation.DESCRIBE]
    assert group_id(Service.NOTIFY).startswith("wardwatch-notify-")


def test_every_table_that_is_written_can_be_read_back_by_its_writer_or_the_board() -> None:
    for access in ACCESS.values():
        assert access.modifies <= access.selects


def test_grants_are_named_with_their_keyspace() -> None:
    assert ("MODIFY", "k.audit") in grants(ACCESS[Service.BOARD], "k")
    assert ("MODIFY", "k.alert_events") not in grants(ACCESS[Service.BOARD], "k")
