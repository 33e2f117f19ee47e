"""Configuration files from templates: the same ones for plain processes on loopback and for containers."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import postgres
from airflow_home import airflow_command, airflow_context, airflow_environment
from java import Java
from lakehouse.settings import Service
from programs import AIRFLOW, OWN, PROGRAMS, SUPERSET, Program
from stack import LOOPBACK, ROOT, StackSettings
from superset_home import superset_command, superset_context, superset_environment
from supervision import socket_path

_TEMPLATES = Path(__file__).parent / "templates"
HDFS_SUPERUSER = "hdfs"

Context = dict[str, Any]

NICE = ("nice", "-n", "10")
CONFIG = {
    "kafka": ("server.properties", "log4j2.yaml"),
    "cassandra": ("cassandra.yaml", "logback.xml"),
    "hdfs": ("core-site.xml", "hdfs-site.xml", "hadoop-policy.xml", "log4j.properties"),
    "postgres": ("postgresql.conf", "pg_hba.conf"),
    "airflow": ("airflow.cfg", "connections.json", "config/airflow_local_settings.py"),
    "superset": ("superset.json",),
}
JAVA_ARGS = {"kafka": ("java.args",), "cassandra": ("java.args",), "hdfs": ("namenode.args", "datanode.args")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service finds its files and its peers, on one target."""

    conf_dir: Path
    data_dir: Path
    jars_dir: Path
    host: str
    bind: str


def service_context(settings: StackSettings, places: dict[str, Place], *, local: bool) -> Context:
    """Return what the templates of the services need."""
    stack = settings.stack
    return {
        "kafka": _place(places["kafka"])
        | {
            "port": settings.kafka_port,
            "controller_port": stack.kafka_controller_port,
            "heap": stack.kafka_heap,
            "cluster_id": stack.kafka_cluster_id,
            "broker_password": stack.broker_password.get_secret_value(),
            "controller_password": stack.controller_password.get_secret_value(),
            "admin_password": settings.password(Service.ADMIN),
        },
        "cassandra": _place(places["cassandra"])
        | {
            "port": settings.cassandra.port,
            "storage_port": stack.cassandra_storage_port,
            "heap": stack.cassandra_heap,
            # A snapshot before each DROP TABLE is for production; on a developer's disk it only piles up.
            "auto_snapshot": not local,
        },
        "hdfs": _place(places["namenode"])
        | {
            "namenode_host": places["namenode"].host,
            "namenode_bind": places["namenode"].bind,
            "datanode_host": places["datanode"].host,
            "datanode_bind": places["datanode"].bind,
            "rpc_port": settings.hdfs.rpc_port,
            "http_port": settings.hdfs.http_port,
            "datanode_port": stack.datanode_port,
            "datanode_http_port": stack.datanode_http_port,
            "datanode_ipc_port": stack.datanode_ipc_port,
            "heap": stack.hdfs_heap,
            "user": settings.hdfs.user,
            "sync_on_close": not local,  # survives a power cut; costs a flush per file
        },
        "postgres": _place(places["postgres"])
        | {
            "port": settings.postgres.port,
            "superuser": Service.ADMIN.value,
            "network": f"{LOOPBACK}/32" if local else "samenet",
            "socket_dir": "" if local else "/var/run/postgresql",  # the image makes its first user through it
        },
        "airflow": _place(places["airflow"]) | airflow_context(settings),
        "superset": _place(places["superset"]) | superset_context(settings),
    }


def _place(place: Place) -> Context:
    return {name: getattr(place, name) for name in Place.__slots__}


def render(template: str, context: Context) -> str:
    """Render one template; an unknown variable is an error, never an empty string."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration files, no HTML; secrets are hexadecimal
    )
    return environment.get_template(f"{template}.j2").render(context)


def local_places(run: Path) -> dict[str, Place]:
    """Return the places of plain processes: everything below the run folder, on loopback."""
    homes = {name: name for name in ("kafka", "cassandra", "postgres", "airflow", "superset")}
    return {
        name: Place(run / home / "conf", run / home / "data", run / "jars" / home, LOOPBACK, LOOPBACK)
        for name, home in (homes | {"namenode": "hdfs", "datanode": "hdfs"}).items()
    }


def render_local(settings: StackSettings, run: Path, java: Java) -> None:
    """Write every configuration file of the local stack below the run folder."""
    context = service_context(settings, local_places(run), local=True) | {"logs_dir": run / "logs"}
    for service, names in CONFIG.items():
        for name in names + JAVA_ARGS.get(service, ()):
            _write(run / service / "conf" / name, render(f"{service}/{name}", context))
    # The hadoop-hdfs jar lacks its web pages, and without the folders both daemons refuse to start.
    for page in ("hdfs", "datanode", "static"):
        _write(run / "hdfs" / "conf" / "webapps" / page / "WEB-INF" / "web.xml", "<web-app/>\n")
    _write(run / "supervisord.conf", render("supervisord.conf", _supervisor_context(settings, run, java)))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _supervisor_context(settings: StackSettings, run: Path, java: Java) -> Context:
    return {
        "run": run,
        "root": ROOT,
        "logs_dir": run / "logs",
        "socket": socket_path(run),
        # Told its user, supervisord does not warn of root.
        "user": getpass.getuser() if os.geteuid() == 0 else "",
        "programs": [_program_context(program, settings, run, java) for program in PROGRAMS],
    }


def _program_context(program: Program, settings: StackSettings, run: Path, java: Java) -> Context:
    environment = {"HADOOP_USER_NAME": HDFS_SUPERUSER} if program.service == "hdfs" else {}
    if program in AIRFLOW:
        environment = airflow_environment(settings, run)
    if program in SUPERSET:
        environment = superset_environment(ROOT, run / "superset" / "conf", run / "superset" / "data")
    return {
        "name": program.name,
        "stop_wait_s": program.stop_wait_s,
        "stop_signal": program.stop_signal,
        "command": shlex.join([*(NICE if program.may_wait else ()), *_command(program, settings, run, java)]),
        "environment": ",".join(f'{name}="{_escaped(value)}"' for name, value in environment.items()),
    }


def _escaped(value: str) -> str:
    return value.replace("%", "%%")  # supervisord takes it for a variable of its own


def _command(program: Program, settings: StackSettings, run: Path, java: Java) -> list[str]:
    if program in OWN:
        return [sys.executable, "-m", "streaming", program.name]
    if program in AIRFLOW:
        return airflow_command(program.name)
    if program in SUPERSET:
        return superset_command(ROOT, LOOPBACK, settings.stack.superset_port)
    if program.name == "postgres":
        return postgres.command(run)
    if program.name == "mail":
        return [sys.executable, str(ROOT / "docker" / "mail_server.py")]
    args = f"{program.name}.args" if program.service == "hdfs" else "java.args"
    return [str(java.executable), f"@{run / program.service / 'conf' / args}"]
