"""Superset's home: how its program is called, where it finds its configuration, and its tables, users and reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lakehouse.settings import Service
from preparing import prepare
from stack import ROOT, StackSettings

# An environment of its own: its dependencies and those of the platform cannot live together.
_BIN = Path(".venv-superset") / "bin"
USERS = ("admin", "manager")
# One process of some 400 MB answers all charts of a dashboard at once from its threads: they wait for PostgreSQL.
THREADS = 8
TIMEOUT_S = 120


def superset_command(root: Path, bind: str, port: int) -> list[str]:
    """Return the command of the web server; `root` is where the repository lies."""
    options = ["--bind", f"{bind}:{port}", "--worker-class", "gthread", "--workers", "1", "--threads", str(THREADS)]
    return [str(root / _BIN / "gunicorn"), *options, "--timeout", str(TIMEOUT_S), "superset.app:create_app()"]


def superset_environment(root: Path, conf_dir: Path, data_dir: Path) -> dict[str, str]:
    """Return what Superset's programs need to find their configuration; secrets are in a file of that folder."""
    return {
        "SUPERSET_CONFIG_PATH": str(root / "superset" / "superset_config.py"),
        "SUPERSET_HOME": str(data_dir),
        "WARDWATCH_SUPERSET_CONF": str(conf_dir / "superset.json"),
        "PYTHONPATH": "",  # the repository's packages are the platform's
    }


def superset_context(settings: StackSettings) -> dict[str, Any]:
    """Return what the template of Superset needs; secrets in clear, for a file of mode 0600."""
    there = f"{settings.postgres.host}:{settings.postgres.port}"
    return {
        "port": settings.stack.superset_port,
        "metadata": f"{Service.SUPERSET}:{settings.password(Service.SUPERSET)}@{there}/{Service.SUPERSET}",
        "marts": f"{Service.REPORTS}:{settings.password(Service.REPORTS)}@{there}/{settings.postgres.database}",
        "secret_key": settings.stack.superset_secret_key.get_secret_value(),
    }


def prepare_superset(settings: StackSettings, run: Path) -> None:
    """Bring Superset's tables, users and reports to where this version wants them; done again, it changes nothing.

    Raises
    ------
    StackError
        As `prepare`.
    """
    home = run / "superset"
    (home / "data").mkdir(exist_ok=True)
    stack = settings.stack
    environment = superset_environment(ROOT, home / "conf", home / "data") | {
        "WARDWATCH_STACK__SUPERSET_ADMIN_PASSWORD": stack.superset_admin_password.get_secret_value(),
        "WARDWATCH_STACK__SUPERSET_MANAGER_PASSWORD": stack.superset_manager_password.get_secret_value(),
    }  # fmt: skip
    script, log = ROOT / "superset" / "bootstrap.py", run / "logs" / "superset-prepare.log"
    prepare("Superset", script, environment, ROOT / _BIN / "python", log)
