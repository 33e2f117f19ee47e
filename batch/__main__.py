"""`python -m batch JOB`: the jobs of the night, and their offline relatives."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from lakehouse import command
from lakehouse.settings import Settings

DATE: Final = "%Y-%m-%d"
Day: TypeAlias = Annotated[datetime | None, typer.Option("--date", formats=[DATE], help="UTC day of the log.")]
MOST_SAID: Final = 20  # differences told on the screen; all are in the table `proof`

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


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


@app.command("propose-limits")
def propose_limits_of_file(
    history: Annotated[Path, typer.Argument(metavar="IN.jsonl", exists=True, dir_okay=False)],
    out: Annotated[Path, typer.Option(metavar="LIMITS.jsonl", help="Where the `limits` messages go, one a line.")],
) -> None:
    """Propose personal limits from a history in a file, with no services; lines as `fold` takes them.

    A patient whose limits are the defaults, and were so before, has no message.
    """
    from batch.propose_limits import propose_limits

    if not out.parent.is_dir():
        raise typer.BadParameter(f"the folder of the output must exist; found no {out.parent}", param_hint="--out")
    if history.resolve() == out.resolve():
        raise typer.BadParameter("the output must not stand where the history stands", param_hint="--out")
    typer.echo(propose_limits(history, out).sentence(), err=True)


@app.command()
def recalibrate(
    day: Annotated[datetime, typer.Option("--date", formats=[DATE], help="UTC day that is proven.")],
) -> None:
    """Propose each patient's limits from the last days, try them out on those days, and keep every decision as a row.

    The summary counts limits; `refused` counts patients, `table` is of the large changes, for who approves them.
    """
    from batch import recalibrate as job
    from lakehouse.progress import bar

    with bar(f"readings of {day.date()}") as advance:
        done = job.recalibrate(Settings.load(), day.date(), advance)
    command.say_last(done.summary())


@app.command()
def publish(
    day: Annotated[datetime, typer.Option("--date", formats=[DATE], help="UTC day whose proposals are meant.")],
    roll_back: Annotated[bool, typer.Option("--roll-back", help="Take back what was published for that day.")] = False,
    patient: Annotated[str | None, typer.Option(help="Roll back one patient only.")] = None,
    ward: Annotated[str | None, typer.Option(help="Roll back one ward only.")] = None,
    by: Annotated[str, typer.Option(help="Who has approved the large changes, or asks for the way back.")] = "",
    keep_old: Annotated[str, typer.Option(help="Patients whose limits stay as they are, with commas between.")] = "",
) -> None:
    """Put proposed limits in force, as messages in the bedside log; or go back by one version."""
    from batch import publish as job
    from lakehouse.progress import bar

    if roll_back and keep_old:
        raise typer.BadParameter("--keep-old is for publishing; --patient or --ward choose whom to roll back")
    if not roll_back and (patient is not None or ward is not None):
        raise typer.BadParameter("--patient and --ward choose whom to roll back; add --roll-back")
    settings = Settings.load()
    if roll_back:
        done = job.roll_back(settings, day.date(), by or "batch", datetime.now(UTC), patient, ward)
    else:
        with bar(f"limits from {day.date()}") as advance:
            done = job.publish(settings, day.date(), datetime.now(UTC), by or None, names_in(keep_old), advance)
    command.say_last(done.summary())


@app.command()
def prove(
    day: Day = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=[DATE], help="First day of a range.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DATE], help="Last day of a range.")] = None,
) -> None:
    """Fold a day's log again and compare with the alarms that were raised: expected are no differences.

    A day that is not over is proven up to a minute before what has landed last. Exit code 1 when there are differences,
    or nothing was proven.
    """
    from batch import prove as job
    from lakehouse.progress import bar

    if (day is None) == (first is None) or (first is None) != (last is None):
        raise typer.BadParameter("name one day with --date, or a range with --from and --to")
    settings = Settings.load()
    proofs = []
    for each in days(day or first, day or last):
        try:
            with bar(f"entries of {each}") as advance:
                proof = job.prove(settings, each, advance)
        except job.NoEnd as error:
            if day is not None:
                raise
            typer.echo(f"{each}: {error}", err=True)  # what landed on it belongs to the next day that has an end
            continue
        job.keep(settings, proof)
        for difference in proof.differences[:MOST_SAID]:
            typer.echo(f"{each}: {difference.sentence()}", err=True)
        proofs.append(proof)
    command.say_last({"days": [each.summary() for each in proofs]} if day is None else proofs[0].summary())
    if not proofs or not all(proof.is_clean for proof in proofs):
        raise typer.Exit(1)


@app.command()
def report(day: Annotated[datetime, typer.Option("--date", formats=[DATE], help="UTC day of the log.")]) -> None:
    """Build the marts of a day, from which reports are drawn; alerts that ended on it complete the days before."""
    from batch import report as job
    from lakehouse.progress import bar

    with bar(f"readings of {day:%Y-%m-%d}") as advance:
        done = job.run(Settings.load(), day.date(), advance)
    command.say_last(done.summary())


@app.command()
def summary(day: Annotated[datetime, typer.Option("--date", formats=[DATE], help="UTC day of the marts.")]) -> None:
    """Mail the managers a summary of a day: what moved most against the week before, charts, links to dashboards."""
    from batch import summary as job

    command.say_last(job.run(Settings.load(), day.date(), datetime.now(UTC)).summary())


@app.command()
def care(day: Annotated[datetime, typer.Option("--date", formats=[DATE], help="UTC day that is over.")]) -> None:
    """Sort a closed day in the lake, delete what is older than its retention, and files that were replaced."""
    from batch import care as job
    from lakehouse.progress import bar
    from lakehouse.tables import LAKE

    with bar("tables", len(LAKE)) as advance:
        done = job.care(Settings.load(), day.date(), advance)
    command.say_last(done._asdict())


@app.command()
def erase(patient: Annotated[str, typer.Option(help="Pseudonymous id of a patient who was discharged.")]) -> None:
    """Erase everything about a patient from every store, and prove that nothing is left."""
    from batch import erase as job
    from lakehouse.progress import bar

    with bar("tables") as advance:
        done = job.erase(Settings.load(), patient, advance=advance)
    command.say_last(done._asdict())
    if done.rows_left:
        raise typer.Exit(1)


@app.command()
def watch() -> None:
    """Ask whether the ward is being watched: pulse, ticks, landing, mail. One line a fault, and then exit code 1."""
    from batch import watch as job

    standing = job.look(Settings.load())
    found = list(job.faults(standing))
    for fault in found:
        typer.echo(fault, err=True)
    command.say_last(standing.summary())
    if found:
        raise typer.Exit(1)


def names_in(text: str) -> list[str]:
    """Return the ids in a list with commas between."""
    return [name.strip() for name in text.split(",") if name.strip()]


def days(first: datetime | None, last: datetime | None) -> list[date]:
    """Return the days from the first to the last, both included."""
    if first is None or last is None or last < first:
        raise typer.BadParameter(f"a range of days goes forward; found {first} to {last}")
    return [(first + timedelta(days=number)).date() for number in range((last - first).days + 1)]


if __name__ == "__main__":
    command.run(app)
