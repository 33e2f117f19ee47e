"""Starts, watches and ends the local stack: `make up`, `make status`, `make logs`, `make down`.

Kafka, Cassandra, HDFS and a mail server run as plain processes on loopback, beside our own, under supervisord.
Everything they write is below the run folder (``WARDWATCH_RUN``, default ``run``).
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

# Run as a script, Python looks for packages in this folder and not in the repository's root, where ours are.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import typer
from rich.console import Console

from compose import write_compose
from credentials import read_env
from jars import install
from lakehouse.errors import WardwatchError
from lock_jars import write_lock
from night import pass_night
from programs import AIRFLOW, NAMES, select
from readiness import wait_for_services
from stack import ROOT, StackSettings
from starting import bring_up
from status import as_json, as_text, collect
from stopping import bring_down
from supervision import Supervisor, find_orphans
from versions import load_versions

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
console = Console(highlight=False)
Names = Annotated[list[str] | None, typer.Argument(help=f"Some of: {', '.join(NAMES)}. All when none is named.")]


def run_dir() -> Path:
    """Return the run folder, made absolute, so that every process means the same one."""
    run = (ROOT / os.environ.get("WARDWATCH_RUN", "run")).absolute()
    os.environ["WARDWATCH_RUN"] = str(run)
    return run


@app.command()
def up(services: Names = None) -> None:
    """Start the stack, or some of it, and wait until it is ready. What runs already is left alone."""
    programs, with_init = select(services or ())
    bring_up(programs, run_dir(), console, with_init=with_init)


@app.command()
def down() -> None:
    """End the stack: first our own processes, then the services, then the supervisor."""
    bring_down(run_dir(), console)


@app.command()
def status(as_json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Show each process: state, port, memory, last heartbeat."""
    run = run_dir()
    supervisor = Supervisor(run)
    if not supervisor.is_running():
        print("[]") if as_json_ else console.print(_why_nothing_runs(run))
        return
    StackSettings.load()  # a wrong variable is said here rather than shown as a wrong port
    rows = collect(supervisor, run, read_env(run) | os.environ)
    print(json.dumps(as_json(rows))) if as_json_ else console.print(as_text(rows))


def _why_nothing_runs(run: Path) -> str:
    if orphans := find_orphans(run):
        return f"The supervisor was killed and {len(orphans)} processes go on without it; `make up` takes over."
    return "Wardwatch is not running; `make up` starts it."


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="A process, for example alarms; all when none is named.")] = "*",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they grow, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines of each.")] = 20,
) -> None:
    """Show the end of the logs."""
    files = sorted(str(path) for path in (run_dir() / "logs").glob(f"{name}.log"))
    if not files:
        raise WardwatchError(f"a log is named after its process; there is none of {name!r}; `make status` names them")
    # tail does this well, rotation included.
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *files])  # noqa: S606  becomes tail, terminal and all


@app.command()
def night(
    day: Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="UTC day; today.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Answer its question, too: for demos.")] = False,
) -> None:
    """Run the night of a day now, in Airflow, and say what came of it. Today counts up to what has landed."""
    run = run_dir()
    if any(program.name not in Supervisor(run).running() for program in AIRFLOW):
        bring_up(list(AIRFLOW), run, console, with_init=False)
    pass_night(StackSettings.load(), (day or datetime.now(UTC)).date(), console, approve=approve)


@app.command()
def compose(
    target: Annotated[Path, typer.Argument(help="Folder; made when it is missing.")] = Path("run/compose"),
    show: Annotated[bool, typer.Option("--print", help="Print the compose file, too.")] = False,
) -> None:
    """Write the same stack as a compose file, with its configuration and secrets; `docker compose up` starts it."""
    compose_file = write_compose(target.absolute())
    console.print(
        f"Wrote {compose_file}; start it with: docker compose --file {compose_file} up --build", soft_wrap=True
    )
    if show:
        print(compose_file.read_text())


@app.command()
def bootstrap() -> None:
    """Wait for services that others started, and make their first administrators (the init container does this)."""
    wait_for_services(StackSettings.load())


@app.command("jars")
def fetch_jars(
    services: Annotated[list[str] | None, typer.Argument(help="kafka, cassandra, hdfs, spark; all by default.")] = None,
) -> None:
    """Fetch the jars of every service and check them against their locks; `make setup` does this."""
    for service in services or load_versions().jars:
        install(service, run_dir() / "jars" / service)


@app.command("lock-jars")
def lock_jars() -> None:
    """Make the locks of the jars anew from docker/versions.toml (needs Maven)."""
    for service, jar_set in load_versions().jars.items():
        console.print(f"{service}: {write_lock(service, jar_set)} jars")


def main() -> None:
    """Run a command; an expected failure is one line, never a traceback."""
    os.chdir(ROOT)
    os.umask(0o077)
    try:
        app()
    except WardwatchError as error:
        print(f"wardwatch: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        where = error.filename or "what it was writing"
        print(
            f"wardwatch: {error.strerror}: {where}; free it, or set WARDWATCH_RUN or WARDWATCH_JAR_CACHE",
            file=sys.stderr,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
