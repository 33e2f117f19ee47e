"""`python -m streaming COMMAND`: one process of the speed layer each.

Each command imports what it runs when it runs, so that the clock carries no Spark and `--help` comes at once.
"""

from __future__ import annotations

import logging
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lakehouse import command
from lakehouse.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Partitions = Annotated[str | None, typer.Option(help="This lane's partitions, for example 0-1; all by default.")]


@app.command()
def alarms(partitions: Partitions = None) -> None:
    """Turn the bedside log into alarms: Spark, the fold, Cassandra and the topic `alerts`."""
    from streaming import alarms
    from streaming.stopping import stop_on_signals

    alarms.run(Settings.load(), partitions, stop_on_signals())


@app.command()
def standby(partitions: Partitions = None) -> None:
    """Fold the log in silence, and raise the alarms while the lane is away."""
    from streaming import standby
    from streaming.stopping import stop_on_signals

    standby.run(Settings.load(), partitions, stop_on_signals())


@app.command()
def landing() -> None:
    """Land the log in the lake on HDFS."""
    from streaming import landing
    from streaming.stopping import stop_on_signals

    landing.run(Settings.load(), stop_on_signals())


@app.command()
def notify() -> None:
    """Send each alert step to the people who are to know."""
    from streaming.notify import worker

    worker.run(Settings.load())


@app.command()
def watchdog() -> None:
    """Say by mail when monitoring itself is down, and when it is back."""
    from streaming.stopping import stop_on_signals
    from streaming.watchdog import worker

    worker.run(Settings.load(), stop_on_signals())


@app.command()
def board() -> None:
    """Serve the live ward board to browsers."""
    from streaming.board import server

    server.run(Settings.load())


@app.command("board-user")
def board_user(
    name: Annotated[str, typer.Argument(help="What the person signs in with, and what the log will name.")],
    role: Annotated[
        str, typer.Option(help="viewer looks, nurse also acknowledges and silences, physician sets limits.")
    ],
    ward: Annotated[list[str], typer.Option(help="A ward that the user may see; repeat it for more, '*' for all.")],
    password: Annotated[
        str,
        typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, help="Asked for when it is not given."),
    ],
) -> None:
    """Add a user of the ward board, or give one a new password, role and wards."""
    from streaming.board.login import Users

    typer.echo(f"Wrote {Users.of(Settings.load()).put(name, role, tuple(ward), password)}.")


@app.command()
def rebuild(partitions: Partitions = None) -> None:
    """Rebuild the state of the alarms from the lake and the log, when its snapshots are lost."""
    from streaming import rebuild

    typer.echo(f"Rebuilt {rebuild.run(Settings.load(), partitions)}.")


@app.command()
def mailbox(
    count: Annotated[int, typer.Option(min=1, help="How many of the newest mails to list.")] = 20,
    to: Annotated[str | None, typer.Option(help="Only mails to addresses that contain this.")] = None,
    show: Annotated[int | None, typer.Option(min=1, metavar="N", help="Print mail number N of the list.")] = None,
) -> None:
    """Show what the local mail server holds."""
    from streaming.notify import mailbox

    mailbox.show(Settings.load(), count, to, show)


@app.command()
def clock() -> None:
    """Write one tick a second to every partition of the bedside log."""
    from streaming.bedside import clock
    from streaming.stopping import stop_on_signals

    clock.run(Settings.load(), stop_on_signals())


@app.command()
def replay(
    datasets: Annotated[
        list[str], typer.Argument(help="bidmc, cinc2012, cinc2019, mimic3demo, mimic_numerics; below WARDWATCH_DATA.")
    ],
    speed: Annotated[
        float, typer.Option(min=1, help="Times as fast as it was measured; inf = as fast as Kafka takes it.")
    ] = 1.0,
    records: Annotated[str, typer.Option(help="Only these, for example 25,49 or bidmc-25.")] = "",
    max_records: Annotated[int | None, typer.Option(min=1, help="At most so many of each dataset.")] = None,
    loop: Annotated[bool, typer.Option(help="Begin again at the end, until stopped; patients are readmitted.")] = False,
    discharge: Annotated[bool, typer.Option(help="Discharge each patient at the recording's end.")] = False,
) -> None:
    """Play public recordings into the bedside log.

    At speed 1 a recording starts now; faster, it is put in the past, so that it ends when the replay does.
    """
    from lakehouse.progress import bar
    from streaming.bedside import replay
    from streaming.stopping import stop_on_signals

    settings = Settings.load()
    wanted = [name.strip() for name in records.split(",") if name.strip()]
    with bar("reading"):
        found = replay.load(settings, datasets, wanted, max_records)
    stop = stop_on_signals()
    total = None if loop else sum(len(recording.at_s) for recording in found)
    with bar("readings", total) as advance:
        played = replay.run(settings, found, stop, speed=speed, loop=loop, discharge=discharge, progress=advance)
    typer.echo(f"Played {', '.join(datasets)}: {played}.")


@app.command()
def simulate(
    patients: Annotated[int, typer.Option(min=1, help="How many; each measures once a second.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same patients and values.")] = 1,
    seconds: Annotated[int | None, typer.Option(min=1, help="How long; until stopped by default.")] = None,
    speed: Annotated[float, typer.Option(min=1, help="Times as fast as the clock; needs --seconds.")] = 1.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the patients.")] = 1,
    deteriorations_per_day: Annotated[float, typer.Option(min=0, help="Of each patient, on average.")] = 0.5,
    alerts_per_s: Annotated[
        float, typer.Option(min=0, help="Script this many heart-rate alerts a second, and nothing else.")
    ] = 0.0,
    labels: Annotated[Path | None, typer.Option(help="Write what happened to whom, one JSON object a line.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a history for `batch fold` instead of to Kafka.")] = None,
    start: Annotated[datetime, typer.Option(help="With --out: when the history begins, UTC.")] = datetime(
        2026, 1, 1, tzinfo=UTC
    ),
) -> None:
    """Simulate patients at 1 Hz: drift, artefacts, lost probes and labelled deteriorations."""
    from lakehouse.progress import bar
    from streaming.bedside import simulator
    from streaming.bedside.simulation import Script
    from streaming.stopping import stop_on_signals

    script = Script(
        patients=patients,
        seed=seed,
        seconds=seconds,
        deteriorations_per_day=deteriorations_per_day,
        alerts_per_s=alerts_per_s,
    )
    if seconds is None and (out or speed > 1):
        raise typer.BadParameter("a history, or one faster than the clock, has an end; add --seconds")
    settings = Settings.load()
    with bar("readings", patients * seconds if seconds else None) as advance:
        if out is not None:
            from streaming.bedside import history

            done: object = history.write(settings, script, start.replace(tzinfo=UTC), out, labels, advance)
        else:
            done = simulator.run(
                settings, script, stop_on_signals(), speed=speed, workers=workers, labels=labels, progress=advance
            )
    typer.echo(f"Simulated {done}.")


@app.command()
def demo(
    night: Annotated[str, typer.Option(help="Command that has the night of what was played; without one, none.")] = "",
) -> None:
    """Play patients into the running stack, and show the alarms as they happen."""
    from streaming.demo import show

    show.run(Settings.load(), shlex.split(night))


if __name__ == "__main__":
    command.run(app, logging.INFO)
