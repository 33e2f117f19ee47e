"""Make the lock of each service's jars anew, after a change of docker/versions.toml. Needs Maven; users never do.

Maven decides what a service needs, because its own rules of exclusion and version mediation are what the projects test.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from jars import LOCKS, JarError, sha256_of
from versions import JarSet


def write_lock(service: str, jar_set: JarSet) -> int:
    """Resolve, hash and write one lock; return how many jars it names."""
    with tempfile.TemporaryDirectory(prefix="wardwatch-lock-") as scratch:
        lines = sorted(_line(path, Path(scratch)) for path in _resolve(service, jar_set, Path(scratch)))
    header = "# Made by `launcher.py lock-jars` from docker/versions.toml.\n"
    (LOCKS / f"{service}.lock").write_text(header + "\n".join(lines) + "\n")
    return len(lines)


def _resolve(service: str, jar_set: JarSet, scratch: Path) -> list[Path]:
    templates = Environment(
        loader=FileSystemLoader(LOCKS), undefined=StrictUndefined, trim_blocks=True, autoescape=True
    )
    coordinates = [coordinate.split(":") for coordinate in jar_set.coordinates]
    pom = scratch / "pom.xml"
    pom.write_text(
        templates.get_template("pom.xml.j2").render(
            name=service, coordinates=coordinates, transitive=jar_set.transitive
        )
    )
    command = ["mvn", "--quiet", "--batch-mode", "--file", str(pom), "dependency:copy-dependencies"]
    options = ["-Dmdep.useRepositoryLayout=true", "-DincludeScope=runtime", f"-DoutputDirectory={scratch / 'jars'}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise JarError(
            f"Maven must resolve the jars of {service}; it said: {done.stdout[-500:]}; see docker/versions.toml"
        )
    return list((scratch / "jars").rglob("*.jar"))


def _line(path: Path, scratch: Path) -> str:
    *group, artifact, version, name = path.relative_to(scratch / "jars").parts
    classifier = name.removeprefix(f"{artifact}-{version}").removesuffix(".jar").removeprefix("-")
    coordinate = ":".join(filter(None, (".".join(group), artifact, version, classifier)))
    return f"{coordinate} {path.stat().st_size} {sha256_of(path)}"
