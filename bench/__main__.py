"""`python -m bench NAME`: run one benchmark; a readable table, and one JSON object as the last line."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Annotated

import typer

from lakehouse.errors import WardwatchError

# Each is bench/NAME.py with `run(seconds) -> Report`; `seconds` is how long to measure.
SECONDS = {
    "latency": 300,
    "capacity": 60,
    "board": 300,
    "fold": 10,
    "offline": 0,
    "lake": 0,
    "recovery": 60,
    "start": 0,
    "personal-limits": 0,
    "burden": 0,
    "policy": 0,
    "night": 0,
    "stored-events": 0,
    "recalibrate": 0,
    "mail": 60,
    "superset": 0,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def main(
    name: Annotated[str, typer.Argument(help=", ".join(SECONDS))],
    seconds: Annotated[int | None, typer.Option(min=1, help="How long to measure.")] = None,
    patients: Annotated[int | None, typer.Option(min=1, help="Of `board` and `night`: how many are simulated.")] = None,
) -> None:
    """Run one benchmark."""
    if name not in SECONDS:
        raise typer.BadParameter(f"there is no benchmark {name!r}; choose among {', '.join(SECONDS)}")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if patients is not None and name not in {"board", "night"}:
        raise typer.BadParameter(f"{name} has its own number of patients; leave out --patients")
    more = {} if patients is None else {"patients": patients}
    try:
        importlib.import_module(f"bench.{name.replace('-', '_')}").run(seconds or SECONDS[name], **more).print()
    except WardwatchError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    app()
