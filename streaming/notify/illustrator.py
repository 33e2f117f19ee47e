"""The last half hour, for a mail: follows the ward board, and has the artist draw. A mail waits for neither."""

from __future__ import annotations

import logging
import threading
import time
from types import TracebackType
from typing import Final, Self

import msgspec

from lakehouse.cassandra import Cassandra
from lakehouse.errors import WardwatchError
from lakehouse.events import AlertEvent
from lakehouse.tables import WARD_BOARD
from streaming.notify import wording
from streaming.notify.artist import Artist
from streaming.notify.message import NO_TREND, Trend
from streaming.notify.strip import Strip
from streaming.notify.trends import STEP_S, Trends, in_words

logger = logging.getLogger(__name__)

WARDS_EVERY_S: Final = 60.0
LAST_LOOK_S: Final = 2.0
FEWEST: Final = 3  # fewer values are no trend
NO_DATA: Final = "no picture: nothing is known of the last 30 min"
TOO_LATE: Final = "no picture: it was not drawn in time"


class _Bed(msgspec.Struct):
    patient_id: str
    vitals: dict[str, tuple[float, int]]
    news2: int | None = None
    scored_ms: int | None = None


class Follower:
    """Reads the board of every ward every 15 s, in a thread beside the notifier. A context manager.

    Without Cassandra, or without a lane that writes the board, the trends grow old and mails go without a picture.
    """

    def __init__(self, database: Cassandra, trends: Trends) -> None:
        self._database = database
        self._trends = trends
        self._stop = threading.Event()
        # A daemon: it may be waiting for a database that is away when the notifier is to end.
        self._thread = threading.Thread(target=self._run, name="trends", daemon=True)
        self._beds = msgspec.json.Decoder(list[_Bed])
        self._wards: list[str] = []
        self._wards_at = float("-inf")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(LAST_LOOK_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.look(time.time())
            except (WardwatchError, msgspec.MsgspecError) as error:
                logger.warning("mails go without new trends: %s", error)
            self._stop.wait(max(STEP_S - (time.monotonic() - began), 1.0))

    def look(self, now_s: float) -> None:
        """Read every ward once."""
        if time.monotonic() - self._wards_at > WARDS_EVERY_S:
            keys = self._database.partition_keys(WARD_BOARD)
            self._wards, self._wards_at = [row["ward_id"] for row in keys], time.monotonic()
        self._trends.move_to(now_s)
        for ward_id in self._wards:
            for row in self._database.select(WARD_BOARD, {"ward_id": ward_id}):
                for bed in self._beds.decode(row["beds"]):
                    self._trends.keep(bed.patient_id, _shown(bed))
            if self._stop.is_set():
                return


def _shown(bed: _Bed) -> dict[str, tuple[float, int]]:
    vitals = bed.vitals
    if bed.news2 is not None and bed.scored_ms is not None:
        vitals["news2"] = (bed.news2, bed.scored_ms)
    return vitals


class TrendPictures:
    """The trends that are known, drawn."""

    def __init__(self, trends: Trends, artist: Artist) -> None:
        self._trends = trends
        self._artist = artist

    def __call__(self, event: AlertEvent) -> Trend:
        """Return the trend of the event's vital; words without a picture where there is none."""
        label = wording.trend_label(event)
        if event.value is None or not label:
            return NO_TREND  # a finding or a technical condition has no line
        now_s = (event.measured_at or event.received_at).timestamp()
        at_s, values = self._trends.of(event.patient_id, event.condition)
        before = at_s < now_s
        at_s, values = at_s[before], values[before]
        if len(at_s) < FEWEST:
            return Trend(NO_DATA)
        strip = Strip(
            title=label,
            at_s=at_s,
            values=values,
            onset_s=(event.onset_at or event.received_at).timestamp(),
            now_s=now_s,
            now_value=event.value,
            now_says="alarm" if event.step in ("onset", "worsen") else "now",
            limit=event.limit,
            priority=event.priority or "medium",
        )
        png = self._artist.draw(strip)
        words = f"{label} {in_words(at_s, values)}"
        return Trend(words if png is not None else f"{words} ({TOO_LATE})", png)
