"""From what is known to what is shown: a ward is drawn once for all who look at it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from lakehouse.cassandra_session import Row
from lakehouse.tables import NO_WARD
from streaming.bedside import census
from streaming.board import freshness, markup, tiles
from streaming.board.limits import Accepted, accepted
from streaming.board.login import ALL_WARDS, User
from streaming.board.reader import Reader, Ward
from streaming.board.tail import Tail
from streaming.board.tiles import Tile
from streaming.board.trends import Trends

DRAWN_FOR_S: Final = 0.5


class NotYet(Exception):
    """It is not known yet: look again in a moment. `faults` say what is wrong with the page meanwhile."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("not known yet")
        self.faults = faults


class Found(NamedTuple):
    """A patient, where he lies, and what is wrong with the page as a whole."""

    ward_id: str
    tile: Tile
    faults: list[str]


class Kept(NamedTuple):
    """The rows of a patient's alert events, and the limits messages that count since the last discharge."""

    events: list[Row]
    limits: list[Accepted]


class Screens:
    """Joins the log's tail and the store. Any number of viewers ask, each ward is drawn at most twice a second."""

    def __init__(self, tail: Tail, reader: Reader, care_teams: Path) -> None:
        self._tail = tail
        self._reader = reader
        self._wards = census.wards_of(care_teams)
        self._trends = Trends(tail.history.course)
        self._lock = Lock()
        self._drawn: dict[str, tuple[float, str]] = {}

    def ward(self, ward_id: str) -> str:
        """Return a ward as HTML."""
        with self._lock:
            at_s, html = self._drawn.get(ward_id, (float("-inf"), ""))
            if time.monotonic() - at_s > DRAWN_FOR_S:
                ward, now_ms = self._reader.ward(ward_id), clock_ms()
                faults = self._faults(ward.read_ms, ward.since_ms, now_ms)
                html = markup.ward(ward_id, self._tiles(ward_id, ward, now_ms), faults, now_ms)
                self._drawn[ward_id] = time.monotonic(), html
            return html

    def wards(self, user: User) -> list[str]:
        """Return the wards that a user may see."""
        if ALL_WARDS not in user.wards:
            return sorted(user.wards)
        return [*sorted({*self._wards, *self._reader.wards} - {NO_WARD}), NO_WARD]

    def patient(self, patient_id: str, user: User, hint: str | None = None) -> Found | None:
        """Return a patient of the wards that a user may see; None where no such patient lies there.

        `hint` is a ward to look in, for example the one from which a person came: what counts is who lies there.

        Raises
        ------
        NotYet
            Where the patient has not been found and a ward, where he may lie, is not read yet, or the page is late.
        """
        now_ms = clock_ms()
        are_read, late = True, list[str]()
        for ward_id in self._wards_of(patient_id, user, hint, now_ms):
            ward = self._reader.ward(ward_id)
            faults = self._faults(ward.read_ms, ward.since_ms, now_ms)
            found = next((tile for tile in self._tiles(ward_id, ward, now_ms) if tile.patient_id == patient_id), None)
            if found is not None:
                return Found(ward_id, found, faults)
            are_read &= ward.is_read
            late = faults or late
        if late or not are_read:
            raise NotYet(late)
        return None

    def _wards_of(self, patient_id: str, user: User, hint: str | None, now_ms: int) -> list[str]:
        """Return the wards, among those that a user may see, in which a patient may lie; the likeliest first."""
        stay = self._tail.stays.get(patient_id)
        if stay is not None and stay.ward_id:
            candidates = [stay.ward_id]
        elif ALL_WARDS not in user.wards:
            candidates = sorted(user.wards, key=lambda ward_id: ward_id != hint)
        elif hint is not None:
            candidates = [hint]
        else:  # a link from a mail: there has been an alert
            kept = self._reader.patient(patient_id)
            if not kept.is_read:
                raise NotYet(self._faults(0, kept.since_ms, now_ms))
            last = max(kept.events, key=lambda row: row["received_at"], default=None)
            candidates = [(last and last["ward_id"]) or NO_WARD]
        return [ward_id for ward_id in candidates if user.sees(ward_id)]

    def kept(self, patient_id: str) -> Kept | None:
        """Return what the store has of a patient; None while that is not known."""
        rows = self._reader.patient(patient_id)
        if not rows.is_read:
            return None
        stay = self._tail.stays.get(patient_id)
        gone_ms = stay.discharged_ms if stay is not None else 0
        since = datetime.fromtimestamp(gone_ms / 1000, UTC) if gone_ms else None
        return Kept(rows.events, accepted(rows.limits, since))

    def _tiles(self, ward_id: str, ward: Ward, now_ms: int) -> list[Tile]:
        stays = dict(self._tail.stays)  # as of now: the tail goes on writing
        beds = tiles.occupied(ward_id, ward.beds, stays)
        return tiles.tiles(beds, ward.alerts, self._tail.history.latest, self._trends.of, now_ms)

    def _faults(self, read_ms: int, since_ms: int, now_ms: int) -> list[str]:
        """Return what is wrong with a page of which the store was read then, and has been asked since."""
        log = self._tail.signs()
        store = replace(log, store_ms=read_ms, store_since_ms=since_ms, store_error=self._reader.error)
        return freshness.faults(store, now_ms)


def clock_ms() -> int:
    """Return the time in ms since 1970."""
    return int(time.time() * 1000)
