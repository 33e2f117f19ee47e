"""docker/versions.toml as an object."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

_FILE = Path(__file__).parent / "versions.toml"


class JarSet(BaseModel):
    """What Maven is asked for when a lock is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coordinates: tuple[str, ...]
    transitive: bool = True


class Images(BaseModel):
    """Container images of the compose file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kafka: str
    cassandra: str
    hdfs: str
    postgres: str
    python: str


class Versions(BaseModel):
    """Every version outside pyproject.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    java: int
    uv: str
    jars: dict[str, JarSet]
    images: Images


def load_versions() -> Versions:
    """Read the file that is committed beside this module."""
    return Versions.model_validate(tomllib.loads(_FILE.read_text()))
