"""What each store needs once, before anyone can log in: formatting, and the first administrator."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hdfs import InsecureClient

from java import Java
from lakehouse.cassandra_admin import CassandraAdmin
from render import HDFS_SUPERUSER, local_places, render, service_context
from stack import StackError, StackSettings


def format_kafka(settings: StackSettings, run: Path, java: Java) -> None:
    """Format the log with the two users that must exist before the broker starts; a formatted one is left alone."""
    if (run / "kafka" / "data" / "meta.properties").exists():
        return
    # The passwords go through a file that only we can read, not through the command line that everyone can.
    args = run / "kafka" / "conf" / "format.args"
    context = service_context(settings, local_places(run), local=True)
    args.write_text(render("kafka/format.args", context))
    try:
        _run_java(java, [f"@{args}"], run / "logs" / "kafka-format.log", {})
    finally:
        args.unlink()


def format_namenode(run: Path, java: Java) -> None:
    """Format the NameNode's folder; a formatted one is left alone."""
    if (run / "hdfs" / "data" / "name" / "current").exists():
        return
    command = [f"@{run / 'hdfs' / 'conf' / 'namenode.args'}", "-format", "-nonInteractive", "-clusterid", "wardwatch"]
    _run_java(java, command, run / "logs" / "namenode-format.log", {"HADOOP_USER_NAME": HDFS_SUPERUSER})


def _run_java(java: Java, arguments: list[str], log: Path, environment: dict[str, str]) -> None:
    with log.open("w") as file:
        done = subprocess.run(
            [java.executable, *arguments], stdout=file, stderr=file, env=os.environ | environment, check=False
        )
    if done.returncode != 0:
        raise StackError(f"formatting must end with 0 and ended with {done.returncode}; see {log}")
    log.unlink()  # Kafka prints the users' derived keys


def ensure_cassandra_admin(settings: StackSettings) -> None:
    """Replace Cassandra's well-known superuser by our own; done again, it changes nothing.

    Raises
    ------
    StoreError
        When Cassandra does not answer, or its data were made with other secrets than the ones in ``wardwatch.env``.
    """
    with CassandraAdmin(settings, patience_s=2):
        pass  # logging in does it


def ensure_hdfs_root(settings: StackSettings) -> None:
    """Give our user its folder; everything below it is made by ``python -m lakehouse init``."""
    client = InsecureClient(settings.hdfs.web_url, user=HDFS_SUPERUSER)
    client.makedirs(settings.hdfs.root, permission="750")
    client.set_owner(settings.hdfs.root, owner=settings.hdfs.user, group=settings.hdfs.user)
