"""Fetches public recordings: what is there stays, what broke off goes on, what comes is checked."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from lakehouse.errors import SettingsError, StoreError
from lakehouse.physionet import DATASETS, Dataset, Kept

CHUNK_BYTES: Final = 1 << 20
CONNECTIONS: Final = 4
TIMEOUT_S: Final = 60
TRIES: Final = 5
SUMS: Final = "SHA256SUMS"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a download has brought."""

    dataset: str
    files: int
    already_there: int
    folder: Path

    def __str__(self) -> str:
        return f"{self.dataset}: {self.files} files fetched and checked, {self.already_there} were there, {self.folder}"


@dataclass(frozen=True, slots=True)
class _Wanted:
    url: str
    sha256: str
    kept: Kept


class Incomplete(StoreError):
    """A file did not come whole; what came is kept, and a next try goes on from there."""


def fetch(
    name: str, data: Path, mirror: str | None = None, progress: Callable[[int, int], None] | None = None
) -> Fetched:
    """Bring one dataset into ``data/NAME``, in the layout of docs/data.md.

    May be repeated: files that are there are taken as they are, and a file that broke off is continued.

    Parameters
    ----------
    mirror
        Address that serves PhysioNet's tree of projects, instead of PhysioNet.
    progress
        Called with the number of files fetched so far, and of all that were missing.

    Raises
    ------
    SettingsError
        For a name that is none of `DATASETS`.
    StoreError
        When the site does not answer, or serves something else than its checksums say.
    """
    if name not in DATASETS:
        raise SettingsError(f"a dataset is one of {', '.join(DATASETS)}; found {name!r}")
    dataset, folder = DATASETS[name], data / name
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / SUMS).exists():
        return Fetched(name, 0, _count(folder), folder)
    wanted = _wanted(dataset, mirror)
    todo = [file for file in wanted if not (folder / file.kept.name).exists()]
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for done, _ in enumerate(pool.map(lambda file: _bring(file, folder), todo), start=1):
            if progress is not None:
                progress(done, len(todo))
    dataset.complete(folder)
    _write_sums(folder, wanted)
    return Fetched(name, len(todo), len(wanted) - len(todo), folder)


def _wanted(dataset: Dataset, mirror: str | None) -> list[_Wanted]:
    base = f"{mirror or dataset.site}{dataset.path}"
    sums = dataset.sums or _read_sums(f"{base}SHA256SUMS.txt")
    kept = [(sha256, path, dataset.keep(path)) for sha256, path in sums]
    wanted = [_Wanted(f"{base}{path}", sha256, how) for sha256, path, how in kept if how is not None]
    if not wanted:
        raise StoreError(f"{base} must list the files of {dataset.name}; it lists none that are known; is it a mirror?")
    return wanted


def _read_sums(url: str) -> list[tuple[str, str]]:
    try:
        with _open(url) as response:
            text = response.read().decode("utf-8")
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(
            f"recordings come from PhysioNet; {url} does not answer ({error}); check the network, or give --mirror"
        ) from None
    return [(known[1], known[2]) for line in text.splitlines() if (known := re.fullmatch(r"(\w{64})\s+\*?(.+)", line))]


def _bring(wanted: _Wanted, folder: Path) -> None:
    """Fetch one file, check it, and put it in its place in one step."""
    target = folder / wanted.kept.name
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    _fetch_part(wanted, part)
    content = part.read_bytes()
    changed = wanted.kept.change(content)
    if changed is not content:
        part.write_bytes(changed)
    part.replace(target)


@retry(
    retry=retry_if_exception_type(Incomplete),
    stop=stop_after_attempt(TRIES),
    wait=wait_exponential(max=10),
    reraise=True,
)
def _fetch_part(wanted: _Wanted, part: Path) -> None:
    try:
        _continue(wanted.url, part)
    except (OSError, http.client.HTTPException) as error:
        raise Incomplete(
            f"{wanted.url} must come whole; it broke off ({error}); repeat the command, it goes on from there"
        ) from None
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != wanted.sha256:
        part.unlink()
        raise Incomplete(f"{wanted.url} must have the sha256 {wanted.sha256}; it has {found}; it was thrown away")


def _continue(url: str, part: Path) -> None:
    """Append what is missing of a file; begin anew where the server cannot continue."""
    there = part.stat().st_size if part.exists() else 0
    try:
        response = _open(url, there)
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there; the checksum tells whether it is right
        raise
    continued = response.status == HTTPStatus.PARTIAL_CONTENT
    with response, part.open("ab" if continued else "wb") as file:
        received = 0
        while chunk := response.read(CHUNK_BYTES):
            received += file.write(chunk)
    expected = response.headers.get("Content-Length")
    if expected is not None and received < int(expected):
        raise ConnectionError(f"{received} of {expected} bytes came")


def _open(url: str, there: int = 0) -> http.client.HTTPResponse:
    headers = {"Range": f"bytes={there}-"} if there else {}
    if not url.startswith(("https://", "http://")):
        raise SettingsError(f"recordings are fetched by http or https; found {url}; correct --mirror")
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  the scheme is checked above
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    return response


def _write_sums(folder: Path, wanted: list[_Wanted]) -> None:
    """Keep PhysioNet's checksums beside the files: they say that none is missing, not that all match."""
    lines = sorted(f"{file.sha256}  {file.kept.name.removesuffix('.gz')}\n" for file in wanted)
    part = folder / f"{SUMS}.part"
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(folder / SUMS)


def _count(folder: Path) -> int:
    return len((folder / SUMS).read_text(encoding="utf-8").splitlines())
