"""HDFS through WebHDFS: folders, models, documents. Tables are in `lakehouse.lake`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any, Final, Self

import requests
from hdfs import HdfsError, InsecureClient
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, stop_never, wait_exponential_jitter

from lakehouse.errors import StoreError
from lakehouse.settings import Settings

logger = logging.getLogger(__name__)

TIMEOUT_S: Final = 30.0
SUPERUSER: Final = "hdfs"  # who the NameNode runs as

# What passes by itself: a NameNode that starts, a DataNode that has not reported yet.
_PASSING: Final = frozenset(
    {"SafeModeException", "RetriableException", "StandbyException", "NotReplicatedYetException"}
)
_PASSING_WORDS: Final = (
    "Failed to find datanode",
    "could only be written to 0 of",
    # the DataNode's own call to a NameNode that has just died
    "failed on connection exception",
    "failed on local exception",
    "failed on socket exception",
    "End of File Exception",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder below the root, and who may enter it besides its owner."""

    path: str
    permission: str
    doc: str


FOLDERS: Final = (
    Folder(path="", permission="750", doc="Everything of Wardwatch."),
    Folder(path="lake", permission="750", doc="Delta tables, one folder each."),
    Folder(path="checkpoints", permission="700", doc="Where Spark applications stand."),
    Folder(path="models", permission="750", doc="Model files with their manifests."),
    Folder(path="states", permission="700", doc="State of the fold at the end of each day."),
)


class Hdfs:
    """Files below ``settings.hdfs.root``. A context manager; paths are relative to that root.

    A request is tried again while the cluster is away or starting, for `patience_s` (None = as long as it takes).
    Every request may be repeated: a file is written beside its place and then renamed into it, so a reader sees the
    old one, the whole new one, or none between deleting and renaming; a writer that dies there leaves none until the
    file is written again. Deleting what is gone is no error.
    """

    def __init__(self, settings: Settings, *, user: str | None = None, patience_s: float | None = 60.0) -> None:
        self._settings = settings.hdfs
        self._user = user or settings.hdfs.user
        self._stop = stop_never if patience_s is None else stop_after_delay(patience_s)

    def __enter__(self) -> Self:
        session = requests.Session()
        self._client = InsecureClient(
            self._settings.web_url, user=self._user, root=self._settings.root, timeout=TIMEOUT_S, session=session
        )
        self._session = session
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def status(self, path: str) -> dict[str, Any] | None:
        """Return owner, permission, length and type of a file or folder; None when there is none."""
        found: dict[str, Any] | None = self._call(self._status, path)
        return found

    def _status(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.status(path)
        except HdfsError as error:
            if error.exception == "FileNotFoundException":
                return None
            raise
        return found

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; empty when there is no such folder."""
        if self.status(path) is None:
            return []
        return sorted(self._call(self._client.list, path))

    def make_folder(self, path: str, permission: str = "750") -> None:
        """Make a folder and those above it; one that exists is left as it is."""
        self._call(self._client.makedirs, path, permission=permission)

    def set_owner(self, path: str, owner: str) -> None:
        """Give a file or folder an owner, and the group of the same name. Only the superuser may."""
        self._call(self._client.set_owner, path, owner=owner, group=owner)

    def set_permission(self, path: str, permission: str) -> None:
        """Set the permission bits, for example ``750``."""
        self._call(self._client.set_permission, path, permission=permission)

    def put(self, path: str, content: bytes) -> None:
        """Write a whole file, in place of the one that is there."""
        place = PurePosixPath(path)
        beside = str(place.with_name(f".{place.name}.part"))
        self._call(self._client.write, beside, data=content, overwrite=True, permission="640")
        self._call(self._replace, beside, path)

    def _replace(self, beside: str, path: str) -> None:
        if self._status(beside) is None:
            return  # an earlier try got through, and only its answer was lost
        self._client.delete(path)
        self._client.rename(beside, path)

    def get(self, path: str) -> bytes:
        """Read a whole file.

        Raises
        ------
        StoreError
            When there is none.
        """

        def read() -> bytes:
            with self._client.read(path) as reader:
                content: bytes = reader.read()
            return content

        content: bytes = self._call(read)
        return content

    def delete(self, path: str) -> bool:
        """Delete a file or a folder with all that is in it. Returns whether there was one."""
        return bool(self._call(self._client.delete, path, recursive=True))

    def _call(self, function: Any, *arguments: Any, **options: Any) -> Any:
        retrying = Retrying(
            retry=retry_if_exception(_passes),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0, jitter=0.1),
            stop=self._stop,
            before_sleep=_say_waiting,
            reraise=True,
        )
        try:
            return retrying(function, *arguments, **options)
        except (HdfsError, requests.RequestException) as error:
            raise StoreError(
                f"HDFS must do what {self._user} asks; {_words(error)}; see `make status` and "
                "`python -m lakehouse doctor`"
            ) from error


def ensure_folders(settings: Settings, *, patience_s: float = 60.0) -> list[str]:
    """Make the folders, owned by the settings' user. Returns what was changed, in words."""
    owner = settings.hdfs.user
    changes = []
    with Hdfs(settings, user=SUPERUSER, patience_s=patience_s) as hdfs:
        for folder in FOLDERS:
            found = hdfs.status(folder.path)
            if found is None:
                hdfs.make_folder(folder.path, folder.permission)
            if found is None or found["owner"] != owner:
                hdfs.set_owner(folder.path, owner)
            if found is not None and found["permission"] != folder.permission:
                hdfs.set_permission(folder.path, folder.permission)
            if found is None or (found["owner"], found["permission"]) != (owner, folder.permission):
                changes.append(f"folder {settings.hdfs.root}/{folder.path}: {owner}, {folder.permission}")
    return changes


def _passes(error: BaseException) -> bool:
    if isinstance(error, HdfsError):
        return error.exception in _PASSING or any(words in str(error) for words in _PASSING_WORDS)
    return isinstance(error, requests.ConnectionError | requests.Timeout)


def _words(error: BaseException) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__


def _say_waiting(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("waiting for HDFS (try %d): %s", state.attempt_number, "" if error is None else _words(error))
