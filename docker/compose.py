"""The same stack as containers: one folder with a compose file, the configuration and the secrets.

The templates are the ones of the plain processes; only hosts, folders and what a single node may skip are different.
"""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from certificates import ensure_certificate
from credentials import missing_secrets, read_env, write_env
from lakehouse.settings import (
    CassandraSettings,
    HdfsSettings,
    KafkaSettings,
    PostgresSettings,
    Service,
    SmtpSettings,
)
from programs import AIRFLOW, OWN
from render import CONFIG, Context, Place, render, service_context
from stack import ROOT, StackPart, StackSettings
from superset_home import superset_command, superset_environment
from versions import load_versions

_CONFIG_DIR = Path("/config")
_DATA_DIRS = {
    "kafka": "/var/lib/kafka/data",
    "cassandra": "/var/lib/cassandra",
    "namenode": "/data",
    "datanode": "/data",
    "postgres": "/var/lib/postgresql/18/docker",
    "airflow": "/var/lib/wardwatch/airflow",
    "superset": "/var/lib/wardwatch/superset",
}
# `CLIENT://:9092` is how Kafka says "every address"; the others write zeros.
_BINDS = dict.fromkeys(_DATA_DIRS, "0.0.0.0") | {"kafka": ""}  # noqa: S104  inside a container
_HOSTS = {"airflow": "api-server"}
_INNER_SECRETS = tuple(name for name, field in StackPart.model_fields.items() if field.annotation is SecretStr)
_CERTIFICATE = _CONFIG_DIR / "smtp" / "cert.pem"


def write_compose(target: Path) -> Path:
    """Write everything that `docker compose up` needs below a folder, and return the compose file's path.

    Secrets are made at the first time and kept at the next.
    """
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = read_env(target)
    secrets = known | missing_secrets(known)
    write_env(target, secrets)
    settings = compose_settings(secrets)
    context = compose_context(settings, target)
    _write_configuration(target, context)
    _write_environments(target, settings, secrets)
    compose_file = target / "compose.yaml"
    compose_file.write_text(render("compose.yaml", context))
    return compose_file


def compose_settings(secrets: Mapping[str, str]) -> StackSettings:
    """Return the settings that hold inside the containers' network, whatever the environment of this process says."""
    return StackSettings(
        run=Path("/var/lib/wardwatch"),
        passwords={service: SecretStr(secrets[f"WARDWATCH_PASSWORDS__{service.upper()}"]) for service in Service},
        kafka=KafkaSettings(bootstrap="kafka:9092"),
        cassandra=CassandraSettings(hosts=("cassandra",)),
        hdfs=HdfsSettings(host="namenode"),
        postgres=PostgresSettings(host="postgres"),
        smtp=SmtpSettings(host="mail", user="wardwatch", ca_file=_CERTIFICATE),
        stack=StackPart.model_validate(
            {name: secrets[f"WARDWATCH_STACK__{name.upper()}"] for name in ("kafka_cluster_id", *_INNER_SECRETS)}
        ),
    )


def compose_context(settings: StackSettings, target: Path) -> Context:
    """Return what all templates need for containers."""
    versions = load_versions()
    places = {
        name: Place(_CONFIG_DIR, Path(data_dir), Path("/unused"), host=_HOSTS.get(name, name), bind=_BINDS[name])
        for name, data_dir in _DATA_DIRS.items()
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return service_context(settings, places, local=False) | {
        "version": project["version"],
        "context_dir": os.path.relpath(ROOT, target),
        "images": versions.images,
        "uv": versions.uv,
        "processes": [program.name for program in OWN],
        "night": [program.name for program in AIRFLOW],
        "reports": reports_of(settings),
        "smtp_port": settings.smtp.port,
        "healthcheck": _healthcheck,
    }


def reports_of(settings: StackSettings) -> dict[str, str]:
    """Return command and environment of Superset, as the compose file writes them."""
    image = Path("/opt/wardwatch")
    command = superset_command(image, _BINDS["superset"], settings.stack.superset_port)
    environment = superset_environment(image, _CONFIG_DIR, Path(_DATA_DIRS["superset"]))
    return {"command": json.dumps(command), "environment": json.dumps(environment)}


def _healthcheck(host: str, port: int) -> str:
    # JSON is YAML, too. What an answer means is asked by `launcher.py bootstrap` in the init container.
    test = ["CMD", "bash", "-c", f"</dev/tcp/{host}/{port}"]
    return json.dumps({"test": test, "interval": "5s", "timeout": "3s", "retries": 60})


def _write_configuration(target: Path, context: Context) -> None:
    for service, names in CONFIG.items():
        for name in (*names, *(["start.sh"] if service == "kafka" else [])):
            _write_shared(target / service / name, render(f"{service}/{name}", context))
    certificate = ensure_certificate(target / "smtp", "DNS:mail")
    _share(certificate.parent)
    for path in (certificate, certificate.with_name("key.pem")):
        path.chmod(0o644)


def _write_shared(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    _share(path.parent)
    path.write_text(text)
    path.chmod(0o644)


def _share(folder: Path) -> None:
    # Containers run as users of their own; nobody else passes the folder above, which stays at 0700.
    folder.chmod(0o755)


def _write_environments(target: Path, settings: StackSettings, secrets: Mapping[str, str]) -> None:
    addresses = {
        "WARDWATCH_RUN": str(settings.run),
        "WARDWATCH_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "WARDWATCH_CASSANDRA__HOSTS": json.dumps(settings.cassandra.hosts),
        "WARDWATCH_HDFS__HOST": settings.hdfs.host,
        "WARDWATCH_POSTGRES__HOST": settings.postgres.host,
        "WARDWATCH_BOARD__HOST": "0.0.0.0",  # noqa: S104  inside a container
        "WARDWATCH_SUPERSET_URL": f"http://superset:{settings.stack.superset_port}",
        "WARDWATCH_BOARD__URL": "http://board:8501",  # a proxy makes it known outside, under a name of its own
        "WARDWATCH_SMTP__HOST": settings.smtp.host,
        "WARDWATCH_SMTP__USER": str(settings.smtp.user),
        "WARDWATCH_SMTP__CA_FILE": str(settings.smtp.ca_file),
    }
    write_env(target, addresses, name="settings.env")
    shutil.rmtree(target / "secrets", ignore_errors=True)
    (target / "secrets").mkdir(mode=0o700)
    smtp = {"WARDWATCH_SMTP__PASSWORD"}
    logins = {program.name: {f"WARDWATCH_PASSWORDS__{program.name.upper()}"} for program in OWN}
    for name in ("notify", "watchdog"):
        logins[name] |= smtp
    logins["board"] |= {"WARDWATCH_BOARD__FIRST_PASSWORD"}
    # Jobs run below the scheduler; Airflow's own passwords stand in its configuration.
    logins["scheduler"] = {f"WARDWATCH_PASSWORDS__{Service.BATCH.upper()}"} | smtp
    logins["airflow-init"] = {f"WARDWATCH_STACK__AIRFLOW_{user}_PASSWORD" for user in ("ADMIN", "VIEWER", "APPROVER")}
    logins["superset-init"] = {"WARDWATCH_STACK__SUPERSET_ADMIN_PASSWORD", "WARDWATCH_STACK__SUPERSET_MANAGER_PASSWORD"}
    logins |= {"mail": smtp, "init": {name for name in secrets if name.startswith("WARDWATCH_PASSWORDS__")}}
    for process, names in logins.items():
        write_env(target / "secrets", {name: secrets[name] for name in sorted(names)}, name=f"{process}.env")
    superuser = {"POSTGRES_PASSWORD": secrets[f"WARDWATCH_PASSWORDS__{Service.ADMIN.upper()}"]}  # as its image calls it
    write_env(target / "secrets", superuser, name="postgres.env")
