"""What the services are told, read back from the files that they read."""

from __future__ import annotations

import configparser
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from jinja2 import UndefinedError
from pydantic import SecretStr

from java import Java
from lakehouse.settings import KafkaSettings, Service
from programs import PROGRAMS
from render import render, render_local
from stack import StackPart, StackSettings

JAVA = Java(Path("/java"), "17.0.15", "PATH")
SETTINGS = StackSettings(
    passwords={service: SecretStr(f"{service}-secret") for service in Service},
    kafka=KafkaSettings(bootstrap="127.0.0.1:19092"),
    stack=StackPart(kafka_heap="333M", broker_password=SecretStr("b"), controller_password=SecretStr("c")),
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    render_local(SETTINGS, tmp_path, JAVA)
    return tmp_path


def properties(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def hadoop(path: Path) -> dict[str, str]:
    elements = ET.parse(path).getroot().iter("property")  # noqa: S314  our own file
    return {str(element.findtext("name")): str(element.findtext("value")) for element in elements}


def test_kafka_listens_on_loopback_and_allows_nothing_that_no_rule_allows(run: Path) -> None:
    kafka = properties(run / "kafka" / "conf" / "server.properties")

    assert kafka["listeners"] == "CLIENT://127.0.0.1:19092,CONTROLLER://127.0.0.1:9093"
    assert kafka["allow.everyone.if.no.acl.found"] == "false"
    assert kafka["super.users"] == "User:broker;User:controller;User:admin"


def test_kafka_takes_a_message_of_5_mb(run: Path) -> None:
    assert int(properties(run / "kafka" / "conf" / "server.properties")["message.max.bytes"]) > 5 * 1024 * 1024


def test_cassandra_acknowledges_what_is_on_disk_and_asks_for_a_password(run: Path) -> None:
    cassandra = yaml.safe_load((run / "cassandra" / "conf" / "cassandra.yaml").read_text())

    assert cassandra["commitlog_sync"] == "batch"
    assert cassandra["authenticator"] == "PasswordAuthenticator"
    assert cassandra["rpc_address"] == "127.0.0.1"


def test_every_address_of_hdfs_is_loopback(run: Path) -> None:
    hdfs = hadoop(run / "hdfs" / "conf" / "hdfs-site.xml")

    addresses = [value for name, value in hdfs.items() if name.endswith("address")]
    assert len(addresses) == 5
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_only_our_user_and_the_daemons_may_speak_to_hdfs(run: Path) -> None:
    assert hadoop(run / "hdfs" / "conf" / "hadoop-policy.xml")["security.client.protocol.acl"] == "hdfs,wardwatch"


def test_a_heap_is_a_setting(run: Path) -> None:
    assert "-Xmx333M" in (run / "kafka" / "conf" / "java.args").read_text().splitlines()


def test_all_data_are_below_the_run_folder(run: Path) -> None:
    assert properties(run / "kafka" / "conf" / "server.properties")["log.dirs"] == str(run / "kafka" / "data")
    assert hadoop(run / "hdfs" / "conf" / "hdfs-site.xml")["dfs.namenode.name.dir"] == f"file://{run}/hdfs/data/name"


def test_postgres_asks_everyone_for_a_password_and_listens_on_loopback_alone(run: Path) -> None:
    config = (run / "postgres" / "conf" / "postgresql.conf").read_text()
    rules = [line for line in (run / "postgres" / "conf" / "pg_hba.conf").read_text().splitlines() if line[0] != "#"]

    assert "\nlisten_addresses = '127.0.0.1'\n" in config
    assert "\nunix_socket_directories = ''\n" in config
    assert rules
    assert all(rule.endswith(" scram-sha-256") for rule in rules)


def test_airflow_listens_on_loopback_keeps_to_itself_and_reports_to_nobody(run: Path) -> None:
    airflow = configparser.RawConfigParser()
    airflow.read(run / "airflow" / "conf" / "airflow.cfg")

    assert airflow["api"]["host"] == "127.0.0.1"
    assert airflow["core"]["load_examples"] == "False"
    assert airflow["usage_data_collection"]["enabled"] == "False"
    assert "airflow:airflow-secret@127.0.0.1:5432/airflow" in airflow["database"]["sql_alchemy_conn"]


def test_superset_listens_on_loopback_and_reads_marts_as_the_role_that_only_reads(run: Path) -> None:
    there = json.loads((run / "superset" / "conf" / "superset.json").read_text())
    supervisor = configparser.RawConfigParser()
    supervisor.read(run / "supervisord.conf")

    assert "--bind 127.0.0.1:8088" in supervisor["program:superset"]["command"]
    assert there["metadata"].endswith("superset:superset-secret@127.0.0.1:5432/superset")
    assert there["marts"].endswith("reports:reports-secret@127.0.0.1:5432/wardwatch")


def test_no_secret_is_on_a_command_line_or_in_an_environment(run: Path) -> None:
    config = (run / "supervisord.conf").read_text()

    assert [service for service in Service if f"{service}-secret" in config] == []


def test_every_process_is_restarted(run: Path) -> None:
    supervisor = configparser.RawConfigParser()
    supervisor.read(run / "supervisord.conf")

    programs = [section for section in supervisor.sections() if section.startswith("program:")]
    assert set(programs) == {f"program:{program.name}" for program in PROGRAMS}
    assert all(supervisor[program]["autorestart"] == "true" for program in programs)


def test_a_variable_that_is_unknown_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("kafka/java.args", {})
