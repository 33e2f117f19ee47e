"""Secrets are made once and are nobody else's."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from credentials import missing_secrets, read_env, write_env
from lakehouse.settings import Service, Settings


def test_the_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    write_env(tmp_path, {"WARDWATCH_SMTP__PASSWORD": "one"})
    (tmp_path / "wardwatch.env").chmod(0o644)
    write_env(tmp_path, {"WARDWATCH_SMTP__PASSWORD": "two"})

    assert (tmp_path / "wardwatch.env").stat().st_mode & 0o777 == 0o600
    assert read_env(tmp_path) == {"WARDWATCH_SMTP__PASSWORD": "two"}
    assert [path.name for path in tmp_path.iterdir()] == ["wardwatch.env"]


def test_before_the_first_start_nothing_is_known(tmp_path: Path) -> None:
    assert read_env(tmp_path) == {}


def test_each_service_gets_its_own_secret() -> None:
    secrets = missing_secrets({})

    passwords = [secrets[f"WARDWATCH_PASSWORDS__{service.upper()}"] for service in Service]
    assert len(set(passwords)) == len(Service)
    assert all(len(password) == 32 for password in passwords)


def test_what_exists_is_not_made_again() -> None:
    assert missing_secrets(missing_secrets({})) == {}


def test_a_service_that_joins_later_gets_a_secret_and_the_others_keep_theirs() -> None:
    known = missing_secrets({})
    del known["WARDWATCH_PASSWORDS__BOARD"]

    assert list(missing_secrets(known)) == ["WARDWATCH_PASSWORDS__BOARD"]


def test_the_processes_read_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = missing_secrets({})
    write_env(tmp_path, secrets)
    monkeypatch.setenv("WARDWATCH_RUN", str(tmp_path))

    assert Settings.load().password(Service.ALARMS) == secrets["WARDWATCH_PASSWORDS__ALARMS"]


def test_a_cluster_id_is_what_kafka_accepts() -> None:
    assert len(missing_secrets({})["WARDWATCH_STACK__KAFKA_CLUSTER_ID"]) == 22


def test_a_cluster_id_does_not_look_like_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([UUID(bytes=b"\xf8" + bytes(15)), UUID(int=0)])
    monkeypatch.setattr("credentials.uuid.uuid4", lambda: next(drawn))
    assert missing_secrets({})["WARDWATCH_STACK__KAFKA_CLUSTER_ID"] == "A" * 22
