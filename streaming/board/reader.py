"""What Cassandra says of the wards and patients that somebody looks at: read once for all who look, in one thread.

For each ward or patient at most one query is made per refresh. An event in `alerts` tells when to look, Cassandra tells
what is: so there is one truth, and an alarm is on the board as soon as the event's row can be read.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Lock
from typing import Any, Final, Generic, TypeVar

import msgspec

from lakehouse.cassandra import Cassandra
from lakehouse.cassandra_session import Row
from lakehouse.contract import CassandraTable
from lakehouse.errors import WardwatchError
from lakehouse.events import AlertEvent
from lakehouse.settings import Service, Settings
from lakehouse.tables import ALERT_EVENTS, LIMITS_BY_PATIENT, OPEN_ALERTS_BY_WARD, WARD_BOARD
from streaming.background import Background
from streaming.board.changes import CHANGING_S, Change
from streaming.board.tiles import Bed
from streaming.partitions import partitions_of

logger = logging.getLogger(__name__)

REFRESH_S: Final = 0.5  # of one ward or patient: at most one query in this time
SETTLED_S: Final = 0.2  # after an event its row in the ward's list may still be on its way
FORGOTTEN_S: Final = 30.0  # nobody has looked for so long
WARDS_S: Final = 60.0
PATIENCE_S: Final = 1.0
_PASS_S: Final = 0.05

Rows = TypeVar("Rows")


@dataclass(slots=True)
class Query(Generic[Rows]):
    """One query of a ward or patient, and what it gave last. Times are monotonic seconds but for `read_ms`."""

    table: CassandraTable
    key: dict[str, Any]
    every_s: float
    made_of: Callable[[Sequence[Row]], Rows]
    rows: Rows | None = None
    changes: bool = True  # an event is a reason to look
    read_s: float = float("-inf")
    read_ms: int = 0


@dataclass(slots=True)
class Watched:
    """What is read of one ward or patient while somebody looks at it."""

    subject: str
    queries: tuple[Query[Any], ...]
    looked_s: float
    since_ms: int
    asked_s: float = float("-inf")


def due(watched: Watched, change: Change, now_s: float) -> Query[Any] | None:
    """Return the query to make now: the one that is most overdue; None where none is, or one was made just now."""
    if now_s - watched.asked_s < REFRESH_S:
        return None
    is_changing = now_s - change.first_s >= SETTLED_S and now_s - change.last_s <= CHANGING_S

    def overdue_s(query: Query[Any]) -> float:
        every_s = REFRESH_S if is_changing and query.changes else query.every_s
        return now_s - query.read_s - every_s

    query = max(watched.queries, key=overdue_s)
    return query if overdue_s(query) >= 0 else None


# ------------------------------------------------------------------------------------------------ rows as values


class _Document(msgspec.Struct):
    """One bed, as streaming.board_projection writes it."""

    patient_id: str
    bed: str | None
    heard_ms: int | None
    vitals: dict[str, tuple[float, int]]
    news2: int | None
    news2_missing: list[str]
    scored_ms: int | None = None


_decoder: Final = msgspec.json.Decoder(list[_Document])


def beds_of(rows: Iterable[Row]) -> list[Bed]:
    """Return the beds of a ward from its documents, of a patient as the newest has him.

    A document counts until newer ones cover its partitions: each lane that begins writes one of every ward, and nobody
    takes a patient out of what another split of the lanes has left.
    """
    found: dict[str, Bed] = {}
    covered: set[int] = set()
    for row in sorted(rows, key=_written_at, reverse=True):
        partitions = set(partitions_of(row["lane"]))
        if partitions <= covered:
            continue
        covered |= partitions
        for each in _decoder.decode(row["beds"]):
            found.setdefault(each.patient_id, _bed(each))
    return list(found.values())


def _bed(document: _Document) -> Bed:
    return Bed(
        document.patient_id,
        document.bed,
        document.heard_ms or 0,
        document.vitals,
        document.news2,
        tuple(document.news2_missing),
        document.scored_ms or 0,
    )


def _written_at(row: Row) -> datetime:
    written_at: datetime = row["written_at"]
    return written_at


def alerts_of(rows: Iterable[Row]) -> list[AlertEvent]:
    """Return open alerts as the events that they come from; `by` is who acknowledged."""
    return [
        AlertEvent(
            event_id="",
            alert_id=row["alert_id"],
            patient_id=row["patient_id"],
            ward_id=row["ward_id"],
            bed=row["bed"],
            condition=row["condition"],
            step=row["step"],
            priority=row["priority"],
            value=row["value"],
            limit=row["limit"],
            limits_version=row["limits_version"] or 0,
            onset_at=row["onset_at"],
            measured_at=row["measured_at"],
            received_at=row["received_at"],
            escalation=row["escalation"] or 0,
            silenced_until=row["silenced_until"],
            acknowledged=bool(row["acknowledged"]),
            by=row["acknowledged_by"],
            partition=0,
            offset=0,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Ward:
    """A ward as last read; empty before the first time."""

    beds: list[Bed] = field(default_factory=list)
    alerts: list[AlertEvent] = field(default_factory=list)
    read_ms: int = 0  # the open alerts
    since_ms: int = 0
    is_read: bool = False  # beds and alerts, at least once


@dataclass(frozen=True, slots=True)
class Patient:
    """Rows of `alert_events` and `limits_by_patient`, as last read."""

    events: list[Row] = field(default_factory=list)
    limits: list[Row] = field(default_factory=list)
    since_ms: int = 0
    is_read: bool = False  # both, at least once


class Reader(Background):
    """Reads in a thread; whoever looks gets what was read last, at once. A context manager.

    Parameters
    ----------
    change
        As `Changes.of`: when something about a ward or patient was said in the log.
    """

    def __init__(self, settings: Settings, change: Callable[[str], Change]) -> None:
        super().__init__("reader", self._read)
        self._settings = settings
        self._change = change
        self._lock = Lock()
        self._kick = Event()
        self._watched: dict[str, Watched] = {}
        self._wards_read_s = float("-inf")
        self.wards: frozenset[str] = frozenset()
        self.error = ""

    def ward(self, ward_id: str) -> Ward:
        """Return a ward as last read, and see to it that it is read from now on."""
        key = {"ward_id": ward_id}
        watched = self._look(
            f"ward {ward_id}",
            ward_id,
            lambda: (
                Query(OPEN_ALERTS_BY_WARD, key, 2.0, alerts_of),
                Query(WARD_BOARD, key, 10.0, beds_of, changes=False),
            ),
        )
        alerts, beds = watched.queries
        is_read = alerts.rows is not None and beds.rows is not None
        return Ward(beds.rows or [], alerts.rows or [], alerts.read_ms, watched.since_ms, is_read)

    def patient(self, patient_id: str) -> Patient:
        """Return what is kept of a patient, as last read, and see to it that it is read from now on."""
        key = {"patient_id": patient_id}
        watched = self._look(
            f"patient {patient_id}",
            patient_id,
            lambda: (Query(ALERT_EVENTS, key, 10.0, list), Query(LIMITS_BY_PATIENT, key, 10.0, list)),
        )
        events, limits = watched.queries
        is_read = events.rows is not None and limits.rows is not None
        return Patient(events.rows or [], limits.rows or [], watched.since_ms, is_read)

    def _look(self, name: str, subject: str, queries: Callable[[], tuple[Query[Any], ...]]) -> Watched:
        now_s = time.monotonic()
        with self._lock:
            watched = self._watched.get(name)
            if watched is None:
                watched = self._watched[name] = Watched(subject, queries(), now_s, int(time.time() * 1000))
                self._kick.set()
            watched.looked_s = now_s
            return watched

    def _read(self, stop: Event) -> None:
        while not stop.is_set():
            try:
                with Cassandra(self._settings, Service.BOARD, patience_s=PATIENCE_S) as cassandra:
                    while not stop.is_set():
                        self._pass(cassandra)
                        self._kick.wait(_PASS_S)
                        self._kick.clear()
            except (WardwatchError, msgspec.MsgspecError) as error:  # the pages say that the store is away; it may pass
                self.error = str(error)
                logger.warning("the board does not see the store: %s; trying again", error)
                stop.wait(1.0)

    def _pass(self, cassandra: Cassandra) -> None:
        now_s = time.monotonic()
        with self._lock:
            self._watched = {name: each for name, each in self._watched.items() if now_s - each.looked_s < FORGOTTEN_S}
            watched = list(self._watched.values())
        for each in watched:
            query = due(each, self._change(each.subject), now_s)
            if query is not None:
                each.asked_s = now_s
                read_ms = int(time.time() * 1000)
                query.rows = query.made_of(cassandra.select(query.table, query.key))
                query.read_s, query.read_ms = now_s, read_ms
                self.error = ""
        if now_s - self._wards_read_s > WARDS_S:
            self.wards = frozenset(row["ward_id"] for row in cassandra.partition_keys(WARD_BOARD))
            self._wards_read_s = now_s
