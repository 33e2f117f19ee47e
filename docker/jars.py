"""Jars of the services: one lock file each, and a fetcher that installs only what the lock's sha256 confirms.

A lock has one line a jar, ``group:artifact:version[:classifier] size sha256``. A jar is looked for in our own cache,
then in Maven's local repository, then in a registry; wherever it comes from, only the locked bytes are taken.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from lakehouse.errors import WardwatchError
from transport import fetch_artifact

LOCKS = Path(__file__).parent / "jars"
_THREADS = 8
_TRIES = 3
_PAUSE_S = 0.5


class JarError(WardwatchError, RuntimeError):
    """A jar is missing, or is not the one that the lock names."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of a lock."""

    group: str
    artifact: str
    version: str
    classifier: str | None
    size: int
    sha256: str

    @property
    def coordinate(self) -> str:
        """As Maven writes it: ``group:artifact:version[:classifier]``."""
        return ":".join(filter(None, (self.group, self.artifact, self.version, self.classifier)))

    @property
    def file_name(self) -> str:
        """Name of the file in any repository."""
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + ".jar"

    @property
    def path(self) -> Path:
        """Where a repository keeps it, from that repository's root."""
        return Path(*self.group.split("."), self.artifact, self.version, self.file_name)


def parse_lock(text: str) -> list[Jar]:
    """Read a lock.

    Parameters
    ----------
    text
        Lines of ``group:artifact:version[:classifier] size sha256``; empty lines and ``#`` lines are skipped.

    Raises
    ------
    JarError
        Naming the first line that is none.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1)]
    return [_parse_line(number, parts) for number, parts in lines if parts and not parts[0].startswith("#")]


def _parse_line(number: int, parts: list[str]) -> Jar:
    try:
        coordinate, size, sha256 = parts
        group, artifact, version, *rest = coordinate.split(":")
        classifier = rest[0] if rest else None
        if len(rest) > 1 or len(bytes.fromhex(sha256)) != hashlib.sha256().digest_size:
            raise ValueError
        return Jar(group, artifact, version, classifier, int(size), sha256)
    except ValueError:
        raise JarError(
            f"a lock line is `group:artifact:version[:classifier] size sha256`; line {number} is {' '.join(parts)!r}; "
            "restore the lock from git, or make it again with `launcher.py lock-jars`"
        ) from None


def read_lock(service: str) -> list[Jar]:
    """Read the committed lock of one service (kafka, cassandra, hdfs, spark)."""
    return parse_lock((LOCKS / f"{service}.lock").read_text())


def cache_dir() -> Path:
    """Return where fetched jars are kept, for all clones and run folders of this user."""
    return Path(os.environ.get("WARDWATCH_JAR_CACHE") or Path.home() / ".cache" / "wardwatch" / "jars")


def maven_dir() -> Path:
    """Return Maven's local repository: what a developer's machine often has already."""
    return Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository")


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(jar: Jar, path: Path) -> bool:
    """Tell whether a file is there and is the jar that the lock names."""
    return path.is_file() and path.stat().st_size == jar.size and sha256_of(path) == jar.sha256


def install(service: str, target: Path, *, cache: Path | None = None) -> None:
    """Make ``target`` hold exactly the jars of a service's lock, as links into the cache.

    Running it again changes nothing; a jar that was damaged since is replaced.

    Raises
    ------
    JarError
        When a jar cannot be had, or has other bytes than the lock says. The folder is then left as it was.
    """
    jars = read_lock(service)
    cache = cache or cache_dir()
    fetch(jars, cache)
    target.mkdir(parents=True, exist_ok=True)
    names = {jar.file_name for jar in jars}
    for stale in [path for path in target.iterdir() if path.name not in names]:
        stale.unlink()
    for jar in jars:
        _link(cache / jar.path, target / jar.file_name)


def _link(source: Path, link: Path) -> None:
    if link.is_symlink() and link.readlink() == source:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(source)


def fetch(jars: Iterable[Jar], cache: Path) -> None:
    """Bring every jar into the cache, eight at a time, showing progress when there is something to do."""
    with ThreadPoolExecutor(_THREADS) as pool:
        jars = list(jars)
        intact = pool.map(lambda jar: is_intact(jar, cache / jar.path), jars)
        missing = [jar for jar, ok in zip(jars, intact, strict=True) if not ok]
        if not missing:
            return
        columns = (TextColumn("fetching jars"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[name]}"))
        console = Console(stderr=True)
        with Progress(*columns, transient=True, disable=not console.is_terminal, console=console) as progress:
            task = progress.add_task("jars", total=sum(jar.size for jar in missing), name="")
            for jar in pool.map(lambda jar: _fetch_one(jar, cache), missing):
                progress.update(task, advance=jar.size, name=jar.artifact)


def _fetch_one(jar: Jar, cache: Path) -> Jar:
    destination = cache / jar.path
    local = maven_dir() / jar.path
    if is_intact(jar, local):
        _keep(jar, local, destination)
        return jar
    for attempt in Retrying(
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential(multiplier=_PAUSE_S, max=4),
        retry=retry_if_exception_type((OSError, JarError)),
        reraise=True,
    ):
        with attempt, tempfile.TemporaryDirectory(prefix="wardwatch-jar-") as scratch:
            _keep(jar, _download(jar, Path(scratch)), destination)
    return jar


def _download(jar: Jar, scratch: Path) -> Path:
    try:
        return fetch_artifact(jar.group, jar.artifact, jar.version, jar.classifier, scratch)
    except Exception as error:
        # Whatever a transport raises, the person needs the jar's name and the way out.
        raise JarError(
            f"every jar of the lock must be there; {jar.coordinate} could not be fetched ({error}); "
            "check the network, or set WARDWATCH_JAR_MIRROR, or copy it into the Maven local repository"
        ) from error


def _keep(jar: Jar, source: Path, destination: Path) -> None:
    """Copy into the cache so that a reader sees the whole, right jar or none."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(f"{destination.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, part)
        if not is_intact(jar, part):
            raise JarError(
                f"a jar must have the size and sha256 of its lock; {jar.coordinate} has {part.stat().st_size} bytes "
                f"and sha256 {sha256_of(part)[:12]}..., the lock says {jar.size} and {jar.sha256[:12]}...; "
                "it was not installed; check the mirror it came from"
            )
        part.replace(destination)
    finally:
        part.unlink(missing_ok=True)
