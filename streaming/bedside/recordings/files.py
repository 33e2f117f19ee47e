"""Where the files of a dataset are: a folder, an archive of that folder, or a compressed table."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from lakehouse.errors import SettingsError


class MissingRecordings(SettingsError):
    """A dataset that was asked for is not in the data folder."""


def members(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield (stem, text) of every file of `folder/name`, which may be a folder or an archive ``name.tar.*``.

    Archives are read from front to back, so that a reader who stops early has not unpacked the rest.
    """
    directory = folder / name
    if directory.is_dir():
        for path in sorted(directory.iterdir()):
            if path.is_file():
                yield path.stem, path.read_text(encoding="utf-8")
        return
    for archive in sorted(folder.glob(f"{name}.tar.*")):
        if archive.suffix == ".part":
            continue
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is not None:
                    yield Path(member.name).stem, file.read().decode("utf-8")
        return
    raise missing(directory)


def table(folder: Path, name: str) -> TextIO:
    """Open ``name`` or ``name.gz`` of a folder as text."""
    path = folder / name
    if path.is_file():
        return path.open(encoding="utf-8", newline="")
    compressed = folder / f"{name}.gz"
    if compressed.is_file():
        return io.TextIOWrapper(gzip.open(compressed), encoding="utf-8", newline="")
    raise missing(path)


def missing(path: Path) -> MissingRecordings:
    """Say which recordings are not there, and how to get them."""
    return MissingRecordings(
        f"recordings are read from the data folder; {path} is not there; "
        f"run `python -m lakehouse download {path.parent.name}`, or set WARDWATCH_DATA to where they are"
    )
