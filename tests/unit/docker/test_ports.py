"""A port that is taken is said, not stumbled over."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from ports import PORTS, choose_ports, free_port, is_free
from stack import StackError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_that_is_listened_on_is_not_free(taken: int) -> None:
    assert not is_free(taken)
    assert is_free(free_port())


def test_a_collision_names_program_port_user_and_variable(taken: int) -> None:
    known = {"WARDWATCH_SMTP__PORT": str(taken)}

    with pytest.raises(StackError) as refused:
        choose_ports(known, {"mail"}, auto=False)

    text = str(refused.value)
    assert text.startswith(f"mail needs port {taken}, which ")
    assert f"(pid {os.getpid()}) uses: end that or set WARDWATCH_SMTP__PORT=" in text


def test_all_collisions_are_said_at_once(taken: int) -> None:
    known = {"WARDWATCH_HDFS__RPC_PORT": str(taken), "WARDWATCH_HDFS__HTTP_PORT": str(taken)}

    with pytest.raises(StackError, match=r"HDFS__RPC_PORT=.*HDFS__HTTP_PORT="):
        choose_ports(known, {"namenode"}, auto=False)


def test_the_port_of_a_program_that_runs_is_not_probed(taken: int) -> None:
    known = {"WARDWATCH_SMTP__PORT": str(taken)}

    assert choose_ports(known, set(), auto=False)["WARDWATCH_SMTP__PORT"] == str(taken)


def test_automatic_ports_are_free_and_all_different() -> None:
    chosen = choose_ports({}, {use.program for use in PORTS}, auto=True)

    ports = {int(value.rpartition(":")[2]) for value in chosen.values()}
    assert len(ports) == len(PORTS)
    assert all(is_free(port) for port in ports)
    assert chosen["WARDWATCH_KAFKA__BOOTSTRAP"].startswith("127.0.0.1:")


def test_an_automatic_port_is_kept_while_nobody_else_takes_it(taken: int) -> None:
    kept = str(free_port())
    known = {"WARDWATCH_SMTP__PORT": kept, "WARDWATCH_CASSANDRA__PORT": str(taken)}

    chosen = choose_ports(known, {"mail", "cassandra"}, auto=True)

    assert chosen["WARDWATCH_SMTP__PORT"] == kept
    assert chosen["WARDWATCH_CASSANDRA__PORT"] != str(taken)
