"""Ports of the local stack: the default, or the one that was set, or (``WARDWATCH_PORTS=auto``) one that is free."""

from __future__ import annotations

import random
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import psutil

from stack import LOOPBACK, StackError

# Below the range from which the kernel takes the ports of outgoing connections: what is free now stays free.
_AUTO_RANGE = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class PortUse:
    """A port that a program listens on, and the variable that says which."""

    program: str
    variable: str
    default: int
    with_host: bool = False

    def value(self, port: int) -> str:
        """Return what the variable is set to."""
        return f"{LOOPBACK}:{port}" if self.with_host else str(port)

    def port(self, known: Mapping[str, str]) -> int:
        """Return the port that is set, else the default."""
        value = known.get(self.variable)
        return _port_of(value) if value else self.default


PORTS = (
    PortUse("kafka", "WARDWATCH_KAFKA__BOOTSTRAP", 9092, with_host=True),
    PortUse("kafka", "WARDWATCH_STACK__KAFKA_CONTROLLER_PORT", 9093),
    PortUse("cassandra", "WARDWATCH_CASSANDRA__PORT", 9042),
    PortUse("cassandra", "WARDWATCH_STACK__CASSANDRA_STORAGE_PORT", 7000),
    PortUse("namenode", "WARDWATCH_HDFS__RPC_PORT", 8020),
    PortUse("namenode", "WARDWATCH_HDFS__HTTP_PORT", 9870),
    PortUse("datanode", "WARDWATCH_STACK__DATANODE_PORT", 9866),
    PortUse("datanode", "WARDWATCH_STACK__DATANODE_HTTP_PORT", 9864),
    PortUse("datanode", "WARDWATCH_STACK__DATANODE_IPC_PORT", 9867),
    PortUse("postgres", "WARDWATCH_POSTGRES__PORT", 5432),
    PortUse("mail", "WARDWATCH_SMTP__PORT", 1025),
    PortUse("board", "WARDWATCH_BOARD__PORT", 8501),
    PortUse("api-server", "WARDWATCH_STACK__AIRFLOW_PORT", 8080),
    PortUse("superset", "WARDWATCH_STACK__SUPERSET_PORT", 8088),
)


def choose_ports(known: Mapping[str, str], programs: Collection[str], *, auto: bool) -> dict[str, str]:
    """Return each port variable with its value, having probed the ports of the programs that are about to start.

    Parameters
    ----------
    known
        Variables that are set already, by the environment or by an earlier start.
    programs
        What is about to start. Ports of other programs are kept as they are: they may be running.
    auto
        Take another, free port instead of refusing one that is in use.

    Raises
    ------
    StackError
        Naming every port that somebody else uses, by whom, and the variable to set.
    """
    chosen: dict[str, str] = {}
    problems: list[str] = []
    for use in PORTS:
        port = use.port(known)
        must_be_free = use.program in programs
        if auto and (use.variable not in known or (must_be_free and not is_free(port))):
            port = free_port(but={*map(_port_of, chosen.values())})
        elif must_be_free and not is_free(port):
            another = use.value(free_port())
            problems.append(
                f"{use.program} needs port {port}, which {user_of(port)} uses: end that or set {use.variable}={another}"
            )
        chosen[use.variable] = use.value(port)
    if problems:
        raise StackError("; ".join(problems))
    return chosen


def _port_of(value: str) -> int:
    return int(value.rpartition(":")[2])


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a closed connection is no user
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(but: Collection[int] = ()) -> int:
    """Return some free port, none of ``but``."""
    order = random.sample(_AUTO_RANGE, len(_AUTO_RANGE))  # so that two stacks that start at once don't meet
    return next(port for port in order if port not in but and is_free(port))


def user_of(port: int) -> str:
    """Name who listens on a port, as far as this user may know."""
    for connection in psutil.net_connections("tcp"):
        address = connection.laddr
        if connection.status == psutil.CONN_LISTEN and address and address.port == port and connection.pid:
            return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return "another program"
