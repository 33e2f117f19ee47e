"""`python -m quality check TABLE`: the gates of the night."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from lakehouse import command
from lakehouse.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


class Judgeable(StrEnum):
    """Tables that have a gate."""

    READINGS = "readings"
    ENTRIES = "entries"
    LIMITS_PROPOSED = "limits_proposed"
    MARTS = "marts"


@app.callback()
def _main() -> None:
    """Keep the name of the command in the command line, also while there is only one."""


@app.command()
def check(
    table: Judgeable,
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="UTC day on which the rows landed.")],
) -> None:
    """Judge a day of a table: exit code 1 when something is found that must stop the night.

    All findings go to the mart `quality_daily` and to Data Docs in the run folder.
    """
    from lakehouse.progress import bar
    from quality import check as gate  # some ten seconds: Great Expectations

    with bar(f"quality of {table}") as advance:
        verdict = gate.run(Settings.load(), day.date(), table.value, advance)
    for finding in verdict.unmet:
        typer.echo(gate.sentence(finding), err=True)
    command.say_last(verdict.summary)
    if verdict.stopped_by:
        raise typer.Exit(1)


if __name__ == "__main__":
    command.run(app)
