"""How every command of ours begins and ends: where it logs, what an error looks like, what a job says last."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

import typer

from lakehouse.errors import SettingsError, WardwatchError


def run(app: typer.Typer, level: int = logging.WARNING) -> None:
    """Run a command; an error that Wardwatch raises on purpose is one sentence and an exit code, no traceback."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("py4j").setLevel(logging.WARNING)  # it says every batch
    try:
        app()
    except WardwatchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


def say_last(summary: Mapping[str, Any]) -> None:
    """Print a job's summary as one JSON object, its last line: what Airflow hands on."""
    typer.echo(json.dumps(summary, default=str))
