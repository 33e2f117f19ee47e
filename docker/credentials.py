"""``run/wardwatch.env``: ports and generated secrets, for the owner's eyes only (mode 0600)."""

from __future__ import annotations

import base64
import os
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from lakehouse.settings import Service

ENV_FILE = "wardwatch.env"
_HEADER = "# Made by the launcher. A variable of the environment wins over this file.\n"


def read_env(run: Path) -> dict[str, str]:
    """Return what an earlier start wrote; nothing when there was none."""
    return {name: value for name, value in dotenv_values(run / ENV_FILE).items() if value is not None}


def write_env(folder: Path, values: Mapping[str, str], *, name: str = ENV_FILE) -> None:
    """Replace the file at once, so that a reader sees the old or the new one, and nobody else sees any."""
    part = folder / f"{name}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(_HEADER)
        file.writelines(f"{variable}={value}\n" for variable, value in values.items())
    part.replace(folder / name)


def missing_secrets(known: Mapping[str, str]) -> dict[str, str]:
    """Generate each secret that is not known yet, one per service and one per inner user.

    A service that joins later gets its own at the next start; what exists never changes.
    """
    wanted = {f"WARDWATCH_PASSWORDS__{service.upper()}": _password for service in Service}
    wanted |= {
        "WARDWATCH_SMTP__PASSWORD": _password,
        "WARDWATCH_BOARD__FIRST_PASSWORD": _password,
        "WARDWATCH_STACK__BROKER_PASSWORD": _password,
        "WARDWATCH_STACK__CONTROLLER_PASSWORD": _password,
        "WARDWATCH_STACK__AIRFLOW_ADMIN_PASSWORD": _password,
        "WARDWATCH_STACK__AIRFLOW_VIEWER_PASSWORD": _password,
        "WARDWATCH_STACK__AIRFLOW_APPROVER_PASSWORD": _password,
        "WARDWATCH_STACK__AIRFLOW_JWT_SECRET": _key,
        "WARDWATCH_STACK__AIRFLOW_SECRET_KEY": _key,
        "WARDWATCH_STACK__AIRFLOW_FERNET_KEY": _fernet_key,
        "WARDWATCH_STACK__SUPERSET_ADMIN_PASSWORD": _password,
        "WARDWATCH_STACK__SUPERSET_MANAGER_PASSWORD": _password,
        "WARDWATCH_STACK__SUPERSET_SECRET_KEY": _key,
        "WARDWATCH_STACK__KAFKA_CLUSTER_ID": _cluster_id,
        "WARDWATCH_STACK__ID": _password,
    }
    return {name: generate() for name, generate in wanted.items() if name not in known}


def _password() -> str:
    # Hexadecimal: needs no quoting in any of the files that it is rendered into.
    return secrets.token_hex(16)


def _key() -> str:
    return secrets.token_hex(64)  # HMAC with SHA-512 wants 64 bytes


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _cluster_id() -> str:
    """Return an id that is no option on a command line: as Kafka itself does, none that begins with a dash."""
    made = "-"
    while made.startswith("-"):
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return made
