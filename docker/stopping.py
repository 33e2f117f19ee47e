"""From a running stack to nothing, in the reverse order of its start."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from programs import AIRFLOW, OWN, SERVICES, SUPERSET, Program
from supervision import ProcessInfo, Supervisor, end_orphans


def bring_down(run: Path, console: Console) -> None:
    """End reports and night, our own processes, the services, then supervisord, and wait until all are gone."""
    supervisor = Supervisor(run)
    if supervisor.is_running():
        for group in (SUPERSET, AIRFLOW, OWN, SERVICES):
            _stop(group, supervisor, console)
        supervisor.shutdown()
        console.print("Wardwatch has ended; its data stay in the run folder.")
        return
    if count := end_orphans(run):
        console.print(f"Ended {count} processes that a killed supervisor had left behind.")
    else:
        console.print("Wardwatch is not running.")


def _stop(group: tuple[Program, ...], supervisor: Supervisor, console: Console) -> None:
    processes = supervisor.processes()
    names = [program.name for program in reversed(group) if _runs(processes.get(program.name))]
    if names:
        with console.status(f"ending {', '.join(names)}"):
            supervisor.stop(names)


def _runs(process: ProcessInfo | None) -> bool:
    # An earlier version's supervisor does not know what this one has added.
    return process is not None and process.state != "STOPPED"
