"""The incident that is open, in a local file: Kafka and Cassandra may be what is down."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec

from streaming.watchdog.incident import Incident

logger = logging.getLogger(__name__)


class IncidentFile:
    """One JSON file, replaced in one step; there is none while all is well.

    A crash between a mail and its note here repeats that mail, with the same Message-ID.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Incident | None:
        """Return the open incident. A damaged file counts as none: the incident is then told as a new one."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Incident)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            logger.error("%s is not readable (%s); what it said is told anew", self._path, error)  # noqa: TRY400
            return None

    def save(self, incident: Incident | None) -> None:
        """Keep the incident; None when it is closed. A full disk must not stop the mails: then it is only said."""
        try:
            if incident is None:
                self._path.unlink(missing_ok=True)
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._path.with_suffix(".part")
            with unfinished.open("wb") as file:
                file.write(msgspec.json.encode(incident))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError as error:
            logger.error("%s cannot be kept (%s); a restart may repeat mails", self._path, error)  # noqa: TRY400
