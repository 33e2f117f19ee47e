"""`init` makes everything and may be repeated; `doctor` says what is wrong. As the commands that people run."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lakehouse import kafka_admin
from lakehouse.__main__ import app
from lakehouse.access import ACCESS
from lakehouse.cassandra_admin import CassandraAdmin
from lakehouse.initialise import initialise
from lakehouse.postgres import connect
from lakehouse.settings import CassandraSettings, Service, Settings


@pytest.fixture
def runner(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("WARDWATCH_RUN", str(settings.run))
    return CliRunner()


def test_a_second_init_changes_nothing(settings: Settings) -> None:
    initialise(settings, wait_s=60)
    assert [(outcome.store, outcome.changes, outcome.error) for outcome in initialise(settings, wait_s=60)] == [
        ("Kafka", [], None),
        ("Cassandra", [], None),
        ("HDFS", [], None),
        ("PostgreSQL", [], None),
    ]


def test_the_doctor_finds_nothing_wrong_after_init(runner: CliRunner) -> None:
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    assert "everything answers" in result.output


def test_the_doctor_names_a_permission_that_lacks_and_init_mends_it(settings: Settings, runner: CliRunner) -> None:
    client = kafka_admin.admin(settings)
    (binding,) = kafka_admin.acls(Service.CLOCK, ACCESS[Service.CLOCK])
    for future in client.delete_acls([kafka_admin._exactly(binding)]).values():
        future.result(30)
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "may not write bedside; run `python -m lakehouse init`" in result.output
    assert "clock may write topic bedside" in runner.invoke(app, ["init"]).output


def test_the_doctor_names_a_mart_that_is_not_there_and_a_right_that_lacks(
    settings: Settings, runner: CliRunner
) -> None:
    with connect(settings, Service.ADMIN) as admin:
        admin.execute("DROP TABLE mart.proof_daily")
        admin.execute("REVOKE SELECT ON mart.quality_daily FROM reports")
    said = runner.invoke(app, ["doctor"]).output
    assert "the mart proof_daily is not there; run `python -m lakehouse init`" in said
    assert "may not SELECT quality_daily; run `python -m lakehouse init`" in said
    assert "reports may SELECT quality_daily" in runner.invoke(app, ["init"]).output
    assert "everything answers" in runner.invoke(app, ["doctor"]).output


def test_what_is_too_much_is_taken_back(settings: Settings) -> None:
    with CassandraAdmin(settings) as cassandra:
        cassandra._session.execute("GRANT MODIFY ON wardwatch.audit TO notify")
        assert cassandra.ensure_roles() == ["notify may no longer MODIFY wardwatch.audit"]


def test_a_store_that_is_away_is_named_and_the_others_are_made(settings: Settings) -> None:
    away = settings.model_copy(update={"cassandra": CassandraSettings(port=1)})
    outcomes = {outcome.store: outcome for outcome in initialise(away, wait_s=1)}
    assert outcomes["Cassandra"].error is not None
    assert "127.0.0.1:1" in outcomes["Cassandra"].error
    assert outcomes["Kafka"].error is None
    assert outcomes["HDFS"].error is None


def test_the_default_superuser_can_no_longer_log_in(settings: Settings) -> None:
    with CassandraAdmin(settings) as cassandra:
        rows = {row["role"]: row for row in cassandra._session.execute("LIST ROLES")}
    assert not rows["cassandra"]["login"]
    assert not rows["cassandra"]["super"]
