"""Airflow's home: how its programs are called, what their configuration says, and its tables and users."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lakehouse.settings import Service, SmtpSecurity, SmtpSettings
from preparing import prepare
from stack import ROOT, StackSettings

# An environment of its own: its dependencies and those of the platform cannot live together.
_BIN = ROOT / ".venv-airflow" / "bin"
MAIL_CONNECTION = "smtp_default"


def airflow_command(name: str) -> list[str]:
    """Return the command of one of Airflow's programs."""
    # Logs are read from the disk that all programs share; nobody needs to serve them.
    return [str(_BIN / "airflow"), name, *(["--skip-serve-logs"] if name in {"scheduler", "triggerer"} else [])]


def airflow_environment(settings: StackSettings, run: Path) -> dict[str, str]:
    """Return what Airflow's programs need beyond their configuration file.

    A person who calls ``.venv-airflow/bin/airflow`` needs ``AIRFLOW_HOME`` alone.
    """
    environment = {
        "AIRFLOW_VAR_ENGINEERS": ",".join(settings.engineers),
        "AIRFLOW_HOME": str(run / "airflow" / "conf"),
        "PYTHONPATH": "",  # the repository's packages are the platform's
        "PATH": f"{_BIN}:{os.environ['PATH']}",
    }
    if settings.smtp.ca_file is not None:
        environment["SSL_CERT_FILE"] = str(settings.smtp.ca_file)  # Airflow's mail has no setting for it
    return environment


def airflow_context(settings: StackSettings) -> dict[str, Any]:
    """Return what the templates of Airflow need; secrets in clear, for files of mode 0600."""
    stack = settings.stack
    login = f"{Service.AIRFLOW}:{settings.password(Service.AIRFLOW)}"
    return {
        "port": stack.airflow_port,
        "dags_dir": ROOT / "dags",
        "database": f"{login}@{settings.postgres.host}:{settings.postgres.port}/{Service.AIRFLOW}",
        "jwt_secret": stack.airflow_jwt_secret.get_secret_value(),
        "secret_key": stack.airflow_secret_key.get_secret_value(),
        "fernet_key": stack.airflow_fernet_key.get_secret_value(),
        "connections": json.dumps({MAIL_CONNECTION: mail_connection(settings.smtp)}, indent=2),
    }


def mail_connection(smtp: SmtpSettings) -> dict[str, Any]:
    """Return the mail server of the settings as a connection of Airflow."""
    password = smtp.password.get_secret_value() if smtp.password is not None else None
    return {
        "conn_type": "smtp",
        "host": smtp.host,
        "port": smtp.port,
        "login": smtp.user,
        "password": password,
        # `disable_ssl` is TLS from the first byte; STARTTLS is the other one.
        "extra": {
            "from_email": smtp.sender,
            "disable_ssl": smtp.security is not SmtpSecurity.TLS,
            "disable_tls": smtp.security is not SmtpSecurity.STARTTLS,
            "timeout": 10,
        },
    }


def prepare_airflow(settings: StackSettings, run: Path) -> None:
    """Bring Airflow's tables and users to where this version and the secrets want them; done again, it changes nothing.

    Raises
    ------
    StackError
        As `prepare`.
    """
    stack = settings.stack
    environment = airflow_environment(settings, run) | {
        "WARDWATCH_STACK__AIRFLOW_ADMIN_PASSWORD": stack.airflow_admin_password.get_secret_value(),
        "WARDWATCH_STACK__AIRFLOW_VIEWER_PASSWORD": stack.airflow_viewer_password.get_secret_value(),
        "WARDWATCH_STACK__AIRFLOW_APPROVER_PASSWORD": stack.airflow_approver_password.get_secret_value(),
    }  # fmt: skip
    script, log = ROOT / "docker" / "airflow_accounts.py", run / "logs" / "airflow-prepare.log"
    prepare("Airflow", script, environment, _BIN / "python", log)
