"""From a running stack to nothing, in the reverse order of its start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import psutil
from rich.console import Console

from programs import AIRFLOW, OWN, SERVICES, SUPERSET, Program
from readiness import read_heartbeat
from supervision import ProcessInfo, Supervisor, end_orphans

DEMO_WAIT_S: Final = 60.0


def bring_down(run: Path, console: Console) -> None:
    """End reports and night, our own processes, the services, then supervisord, and wait until all are gone."""
    end_demo(run, console)
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


def end_demo(run: Path, console: Console) -> None:
    """End a demo that plays into the stack, as Ctrl-C would: its patients are discharged while there is a log."""
    try:
        demo = psutil.Process(read_heartbeat(run, "demo")["pid"])
        if "demo" not in demo.cmdline():
            return  # it has ended, and somebody else has its number
        for process in (demo, *demo.children(recursive=True)):  # its night is a command of its own
            process.terminate()
        with console.status("ending the demo"):
            demo.wait(DEMO_WAIT_S)
    except (KeyError, psutil.Error):  # there is none, or it does not end: the stack goes all the same
        return


def _stop(group: tuple[Program, ...], supervisor: Supervisor, console: Console) -> None:
    processes = supervisor.processes()
    names = [program.name for program in reversed(group) if _runs(processes.get(program.name))]
    if names:
        with console.status(f"ending {', '.join(names)}"):
            supervisor.stop(names)


def _runs(process: ProcessInfo | None) -> bool:
    # An earlier version's supervisor does not know what this one has added.
    return process is not None and process.state != "STOPPED"
