"""`python -m batch JOB`: the jobs of the night, and their offline relatives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def _main() -> None:
    """Keep the name of the job in the command line, also while there is only one."""


@app.command("fold")
def fold_file(
    history: Annotated[Path, typer.Argument(metavar="IN.jsonl", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(metavar="EVENTS.jsonl", help="Where the events go, one a line.")],
) -> None:
    """Fold a history from a file, with no services: the same events as live.

    One entry of the log a line: {"partition":0,"offset":7,"received_at":"2026-01-01T00:00:00Z","value":{...}}.
    Lines that break the contract go to EVENTS.quarantine.jsonl.
    """
    from batch.fold import fold_history, quarantine_of

    if not out.parent.is_dir():
        raise typer.BadParameter(f"the folder of the output must exist; found no {out.parent}", param_hint="--out")
    if history.resolve() in {out.resolve(), quarantine_of(out).resolve()}:
        raise typer.BadParameter("the output must not stand where the history stands", param_hint="--out")
    summary = fold_history(history, out)
    typer.echo(summary.sentence(), err=True)


if __name__ == "__main__":
    app()
