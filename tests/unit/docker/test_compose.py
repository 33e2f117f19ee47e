"""The compose file, as far as it can be checked without an engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose import write_compose
from credentials import read_env
from programs import AIRFLOW, OWN
from versions import load_versions

OWN_NAMES = [program.name for program in OWN]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_compose(tmp_path_factory.mktemp("compose")).parent


@pytest.fixture(scope="module")
def services(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "compose.yaml").read_text())["services"])


def variables(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_it_keeps_to_the_compose_specification(folder: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(folder / "compose.yaml")], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_no_variable_is_left_to_the_one_who_starts_it(folder: Path) -> None:
    assert "${" not in (folder / "compose.yaml").read_text()


def test_images_come_from_the_one_list(services: dict[str, Any]) -> None:
    images = load_versions().images

    assert services["kafka"]["image"] == images.kafka
    assert services["cassandra"]["image"] == images.cassandra
    assert services["postgres"]["image"] == images.postgres
    assert services["namenode"]["image"] == services["datanode"]["image"] == images.hdfs
    assert services["alarms"]["build"]["args"]["PYTHON_IMAGE"] == images.python


def test_every_file_that_is_mounted_or_read_is_there(folder: Path, services: dict[str, Any]) -> None:
    mounts = [mount.split(":")[0] for service in services.values() for mount in service["volumes"]]
    files = [name for service in services.values() for name in service.get("env_file", [])]

    assert [name for name in mounts if name.startswith(".") and not (folder / name).exists()] == []
    assert [name for name in files if not (folder / name).exists()] == []


def test_every_named_volume_is_declared(folder: Path, services: dict[str, Any]) -> None:
    declared = yaml.safe_load((folder / "compose.yaml").read_text())["volumes"]
    used = {mount.split(":")[0] for service in services.values() for mount in service["volumes"]}

    assert {name for name in used if not name.startswith(".")} == set(declared)


def test_every_process_waits_for_something_that_exists(services: dict[str, Any]) -> None:
    awaited = {name for service in services.values() for name in service.get("depends_on", {})}

    assert awaited <= set(services)
    assert all(
        services[name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}} for name in OWN_NAMES
    )
    assert all("healthcheck" in services[name] for name in services["init"]["depends_on"])


def test_nothing_is_published(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == []


@pytest.mark.parametrize("name", OWN_NAMES)
def test_a_process_knows_its_own_password_and_no_other(folder: Path, name: str) -> None:
    known = variables(folder / "secrets" / f"{name}.env")

    assert {variable for variable in known if "PASSWORDS" in variable} == {f"WARDWATCH_PASSWORDS__{name.upper()}"}


def test_hosts_are_the_names_of_services(folder: Path, services: dict[str, Any]) -> None:
    settings = variables(folder / "settings.env")

    assert settings["WARDWATCH_KAFKA__BOOTSTRAP"].split(":")[0] in services
    assert json.loads(settings["WARDWATCH_CASSANDRA__HOSTS"]) == ["cassandra"]
    assert settings["WARDWATCH_HDFS__HOST"] in services
    assert settings["WARDWATCH_SMTP__HOST"] in services


def test_only_the_scheduler_of_the_night_knows_a_password_of_ours(folder: Path, services: dict[str, Any]) -> None:
    assert variables(folder / "secrets" / "scheduler.env").keys() == {
        "WARDWATCH_PASSWORDS__BATCH",
        "WARDWATCH_SMTP__PASSWORD",
    }
    assert all(services[program.name]["env_file"] == ["settings.env"] for program in AIRFLOW[2:])


def test_superset_knows_no_password_but_those_of_its_configuration(folder: Path, services: dict[str, Any]) -> None:
    assert variables(folder / "secrets" / "superset-init.env").keys() == {
        "WARDWATCH_STACK__SUPERSET_ADMIN_PASSWORD",
        "WARDWATCH_STACK__SUPERSET_MANAGER_PASSWORD",
    }
    assert services["superset"]["env_file"] == ["settings.env"]
    assert services["superset"]["environment"]["WARDWATCH_SUPERSET_CONF"] == "/config/superset.json"
    assert "@postgres:5432/" in json.loads((folder / "superset" / "superset.json").read_text())["marts"]


def test_kafka_listens_for_the_other_containers(folder: Path) -> None:
    kafka = (folder / "kafka" / "server.properties").read_text()

    assert "\nlisteners=CLIENT://:9092,CONTROLLER://:9093\n" in kafka
    assert "\nadvertised.listeners=CLIENT://kafka:9092\n" in kafka


def test_production_keeps_a_snapshot_and_survives_a_power_cut(folder: Path) -> None:
    assert yaml.safe_load((folder / "cassandra" / "cassandra.yaml").read_text())["auto_snapshot"] is True
    assert "<name>dfs.datanode.synconclose</name><value>true</value>" in (folder / "hdfs" / "hdfs-site.xml").read_text()


def test_containers_can_read_their_files_and_nobody_else_can(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "wardwatch.env").stat().st_mode & 0o777 == 0o600
    assert (folder / "kafka").stat().st_mode & 0o777 == 0o755
    assert (folder / "kafka" / "server.properties").stat().st_mode & 0o777 == 0o644


def test_written_again_it_keeps_its_secrets(folder: Path) -> None:
    before = read_env(folder)

    write_compose(folder)

    assert read_env(folder) == before
