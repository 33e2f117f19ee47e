"""What the stack consists of: in one list, in the order of its start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stack import StackError


@dataclass(frozen=True, slots=True)
class Program:
    """One supervised process."""

    name: str
    service: str  # what a person calls it: `make up` and `launcher.py up kafka hdfs`
    stop_wait_s: int = 30
    stop_signal: str = "TERM"
    may_wait: bool = False  # gives way to what stands between a reading and its alarm, where the processor is short


SERVICES = (
    Program("kafka", "kafka"),
    Program("cassandra", "cassandra"),
    Program("namenode", "hdfs", may_wait=True),
    Program("datanode", "hdfs", may_wait=True),
    # TERM waits until the last client has left by itself.
    Program("postgres", "postgres", stop_signal="INT", may_wait=True),
    Program("mail", "mail", stop_wait_s=5),
)
# Our own processes: `python -m streaming NAME` each.
OWN = (
    Program("clock", "clock", stop_wait_s=10),
    Program("alarms", "alarms"),
    Program("standby", "standby", stop_wait_s=10, may_wait=True),
    Program("landing", "landing", may_wait=True),
    Program("notify", "notify", stop_wait_s=15, may_wait=True),  # in a storm it made alarms half as late again
    Program("board", "board", stop_wait_s=15, may_wait=True),
    Program("watchdog", "watchdog", stop_wait_s=10),  # last: it is started when there is something to watch
)
# The night: `airflow NAME` each, in the environment of Airflow. It starts last, when the ward is watched already.
AIRFLOW = (
    Program("api-server", "airflow", may_wait=True),
    Program("scheduler", "airflow", may_wait=True),
    Program("dag-processor", "airflow", may_wait=True),
    Program("triggerer", "airflow", may_wait=True),
)
# The reports of the night, in the environment of Superset.
SUPERSET = (Program("superset", "superset", may_wait=True),)
PROGRAMS = SERVICES + OWN + AIRFLOW + SUPERSET
INIT = "init"  # no process: topics, users, tables and folders, made between the services and our own
LIVE = "live"  # all that watches the ward: neither the night nor its reports
_WATCHING = (*dict.fromkeys(program.service for program in SERVICES), INIT, *(program.name for program in OWN))
NAMES = (*_WATCHING, "airflow", "superset", LIVE)


def select(names: Iterable[str]) -> tuple[list[Program], bool]:
    """Return the programs that the names mean, in the order of their start, and whether ``init`` is among them.

    No name means all.

    Raises
    ------
    StackError
        For a name that is none of ours.
    """
    wanted = set(names) or set(NAMES)
    if LIVE in wanted:
        wanted |= set(_WATCHING)
    if unknown := sorted(wanted - set(NAMES)):
        raise StackError(f"there is no {', '.join(unknown)}; choose among {', '.join(NAMES)}")
    return [program for program in PROGRAMS if program.service in wanted], INIT in wanted
