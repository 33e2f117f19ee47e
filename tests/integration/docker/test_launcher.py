"""The launcher with real services."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from lakehouse.settings import Service, Settings
from tests.local_stack import LocalStack
from waiting import until


def kafka_admin(settings: Settings) -> AdminClient:
    return AdminClient(
        {
            "bootstrap.servers": settings.kafka.bootstrap,
            "security.protocol": settings.kafka.security_protocol,
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": Service.ADMIN.value,
            "sasl.password": settings.password(Service.ADMIN),
            "log_level": 0,
        }
    )


def test_kafka_that_is_killed_comes_back_with_its_topics(stack: LocalStack) -> None:
    admin = kafka_admin(stack.settings)
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(timeout=30)

    stack.kill("kafka")

    assert "kept" in kafka_admin(stack.settings).list_topics(timeout=60).topics
    assert stack.status()["kafka"]["starts"] >= 2
    admin.delete_topics(["kept"])["kept"].result(timeout=30)


def test_each_process_is_shown_with_port_and_memory(stack: LocalStack) -> None:
    kafka = stack.status()["kafka"]

    assert kafka["state"] == "running"
    assert stack.settings.kafka.bootstrap == f"127.0.0.1:{kafka['ports'][0]}"
    assert 100 < kafka["memory_mb"] < 1000


def test_a_second_start_says_that_it_runs(stack: LocalStack) -> None:
    pid = stack.pid("kafka")

    again = stack.launch("up", "kafka", "cassandra", "hdfs", "postgres", "mail", "init")

    assert again.returncode == 0
    assert "already running" in again.stdout
    assert stack.pid("kafka") == pid


def test_nobody_else_can_read_the_secrets(stack: LocalStack) -> None:
    assert stack.run.stat().st_mode & 0o777 == 0o700
    assert (stack.run / "wardwatch.env").stat().st_mode & 0o777 == 0o600
    assert (stack.run / "kafka" / "conf" / "server.properties").stat().st_mode & 0o077 == 0


@pytest.fixture
def mail_only(tmp_path: Path) -> Iterator[LocalStack]:
    local = LocalStack(tmp_path / "run")
    try:
        local.up("mail")
        yield local
    finally:
        local.down()


def test_all_processes_end(mail_only: LocalStack) -> None:
    mail_only.down()

    assert mail_only.status() == {}
    assert mail_only.has_ended()


def test_a_later_start_keeps_ports_and_secrets(mail_only: LocalStack) -> None:
    before = (mail_only.run / "wardwatch.env").read_text()
    mail_only.down()

    mail_only.up("mail")

    assert (mail_only.run / "wardwatch.env").read_text() == before


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next_start(mail_only: LocalStack) -> None:
    orphan = mail_only.pid("mail")
    os.kill(int((mail_only.run / "supervisord.pid").read_text()), signal.SIGKILL)
    assert until(lambda: "1 processes go on without it" in mail_only.launch("status").stdout, 10)

    again = mail_only.launch("up", "mail")

    assert again.returncode == 0, again.stderr
    assert "Ended 1 processes that a killed supervisor had left behind" in again.stdout
    assert mail_only.pid("mail") != orphan


def test_a_used_port_is_one_line_that_names_port_and_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = LocalStack(tmp_path / "run").launch("up", "mail", WARDWATCH_PORTS="", WARDWATCH_SMTP__PORT=str(port))

    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert f"mail needs port {port}" in line
    assert f"(pid {os.getpid()})" in line
    assert "set WARDWATCH_SMTP__PORT=" in line


def test_data_without_their_secrets_are_not_started(tmp_path: Path) -> None:
    (tmp_path / "run" / "cassandra" / "data").mkdir(parents=True)

    refused = LocalStack(tmp_path / "run").launch("up", "mail")

    assert refused.returncode == 1
    assert "data and secrets belong together" in refused.stderr


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")

    refused = LocalStack(tmp_path / "run").launch("up", "mail")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"wardwatch: File exists: {tmp_path}/run; ")
    assert len(refused.stderr.splitlines()) == 1


def test_a_folder_in_which_hdfs_would_fail_is_refused_at_once(tmp_path: Path) -> None:
    refused = LocalStack(tmp_path / "my run").launch("up", "hdfs")

    assert refused.returncode == 1
    assert "need a folder without spaces and signs" in refused.stderr


def test_an_unknown_service_is_one_line(tmp_path: Path) -> None:
    refused = LocalStack(tmp_path / "run").launch("up", "zookeeper")

    assert refused.returncode == 1
    assert refused.stderr.startswith("wardwatch: there is no zookeeper; choose among kafka, cassandra")
