"""The ground: make it, read its contract, find out what is wrong with it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from lakehouse import command, report_datasets
from lakehouse import describe as contract
from lakehouse import doctor as examination
from lakehouse.download import fetch
from lakehouse.errors import SettingsError
from lakehouse.initialise import initialise
from lakehouse.physionet import DATASETS
from lakehouse.settings import KafkaSettings, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)


@app.command()
def init(
    wait: Annotated[float, typer.Option(min=1, help="Seconds to wait for stores that do not answer yet.")] = 60.0,
) -> None:
    """Make topics, users, permissions, keyspace, databases, tables, folders. What is there and right is left alone."""
    with console.status("asking Kafka, Cassandra, HDFS and PostgreSQL"):
        outcomes = initialise(Settings.load(), wait)
    for outcome in outcomes:
        for change in outcome.changes:
            console.print(f"{outcome.store:<10} {change}", markup=False, soft_wrap=True)
        if not outcome.changes and outcome.error is None:
            console.print(f"{outcome.store:<10} as it should be")
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    for outcome in failed:
        typer.echo(f"error: {outcome.error}", err=True)
    if failed:
        raise typer.Exit(1)


@app.command()
def describe(
    name: Annotated[str | None, typer.Argument(help="A table or a topic; all names when none is given.")] = None,
) -> None:
    """Print what a table or a topic holds: columns, units, ranges, keys, and how long it is kept."""
    if name is None:
        console.print(contract.overview())
        return
    found = contract.find(name)
    if not found:
        raise typer.BadParameter(f"there is no {name}; choose among {', '.join(contract.names())}")
    for what in found:
        console.print(contract.describe(what, _kafka_settings()))


def _kafka_settings() -> KafkaSettings:
    """Return the settings, or the defaults: a contract can be read before anything is set up."""
    try:
        return Settings.load().kafka
    except SettingsError:
        return KafkaSettings()


@app.command()
def doctor() -> None:
    """Check every connection and permission, as each service; say what is wrong and what to do."""
    problems = 0
    with console.status("looking"):
        for finding in examination.examine(Settings.load()):
            mark = "[green]ok[/]" if finding.problem is None else "[red]wrong[/]"
            console.print(f"{finding.store:<10} {finding.what:<12} {mark}")
            if finding.problem is not None:
                problems += 1
                console.print(f"           {finding.problem}", markup=False, soft_wrap=True)
    console.print("everything answers" if not problems else f"{problems} things are wrong")
    if problems:
        raise typer.Exit(1)


@app.command()
def download(
    names: Annotated[list[str], typer.Argument(help=f"Among {', '.join(DATASETS)}.")],
    mirror: Annotated[str | None, typer.Option(help="Address that serves PhysioNet's projects instead of it.")] = None,
) -> None:
    """Fetch public recordings from PhysioNet into WARDWATCH_DATA, checked; repeat it to go on after a break."""
    data = Settings.load().data
    for name in names:
        with console.status(f"{name}: asking PhysioNet") as status:

            def progress(done: int, total: int, name: str = name, status: Status = status) -> None:
                status.update(f"{name}: {done} of {total} files")

            fetched = fetch(name, data, mirror, progress)
        console.print(str(fetched), markup=False, soft_wrap=True)


@app.command()
def datasets() -> None:
    """Write Superset's datasets anew from the contract of the marts, into superset/assets."""
    changed = report_datasets.write(Path(__file__).resolve().parent.parent)
    console.print(f"changed: {', '.join(changed)}" if changed else "as they should be", soft_wrap=True)


def main() -> None:
    """Run a command."""
    # The drivers tell every attempt; ours says what came of them.
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    command.run(app)


if __name__ == "__main__":
    main()
