"""One probe after another on the ward board: a reading, an alarm, a click; each until a real browser shows it.

The browser itself notes when it first showed a thing; its clock, ours and the broker's are one machine's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final

from playwright.sync_api import Page, expect

from lakehouse.events import AlertEvent, decode
from lakehouse.kafka import LogWriter, assign, consumer, log_ends, records
from lakehouse.messages import Admission, Message, Reading, Vitals, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS, BEDSIDE

WARD: Final = "bench"
READINGS_A_PROBE: Final = 3
GIVE_UP_S: Final = 15.0
# Charted: where readings are so far apart, one is enough for an alarm, so that no delay of the rules is measured.
CHARTED_S: Final = 60.0
OUT_OF_STEP_MS: Final = 382  # else each reading would come just after a refresh, and wait longest
ALARMING_BPM: Final = 150.0

# Counts in `window.drawn` how often the page was drawn anew.
COUNT: Final = """() => {
  const host = [...document.querySelectorAll('*')].find(each => each.shadowRoot?.querySelector('.place'));
  window.drawn = 0;
  const counting = new MutationObserver(() => { window.drawn += 1; });
  counting.observe(host.shadowRoot.querySelector('.place'), {childList: true});
}"""
# Notes in `window.seen` when each text and class of a tile was first shown.
_WATCH: Final = """patient => {
  const host = [...document.querySelectorAll('*')].find(each => each.shadowRoot?.querySelector('.place'));
  const place = host.shadowRoot.querySelector('.place');
  window.seen = {};
  window.watching?.disconnect();
  const look = () => {
    const tile = place.querySelector(`[data-patient="${patient}"]`);
    if (!tile) return;
    const rate = tile.querySelector('[data-vital=heart_rate_bpm]').firstChild.textContent;
    for (const sight of [`rate ${rate}`, ...tile.classList]) window.seen[sight] ??= Date.now();
  };
  window.watching = new MutationObserver(look);
  window.watching.observe(place, {childList: true, subtree: true});
  place.onpointerup = () => { window.clicked = Date.now(); };
  look();
}"""


@dataclass
class Latencies:
    """What was measured, in ms. What was not seen in time counts as that time."""

    reading_to_tile: list[float] = field(default_factory=list)
    alarm_to_tile: list[float] = field(default_factory=list)
    click_to_log: list[float] = field(default_factory=list)
    click_to_tile: list[float] = field(default_factory=list)


class EventTimes:
    """Notes when the broker appended each step of the probes' alerts, in a thread while the block lasts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.appended: dict[tuple[str, str], tuple[AlertEvent, int]] = {}  # patient, step -> event, ms since 1970

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow the topic `alerts` from its end on."""
        stop = Event()
        with closing(consumer(self._settings, Service.BATCH, "bench")) as reader:
            assign(reader, ALERTS.name, {p: end for p, (_, end) in log_ends(reader, ALERTS.name).items()})

            def follow() -> None:
                while not stop.is_set():
                    for record in records(reader, 1_000, 0.1):
                        message = decode(record.value() or b"")
                        if isinstance(message, AlertEvent) and message.ward_id == WARD:
                            key = message.patient_id, message.step
                            self.appended.setdefault(key, (message, record.timestamp()[1]))

            thread = Thread(target=follow, name="events")
            thread.start()
            try:
                yield
            finally:
                stop.set()
                thread.join()


def measure(settings: Settings, page: Page, seconds: int) -> Latencies:
    """Probe for so long, on a page that shows the ward `bench`."""
    found = Latencies()
    events = EventTimes(settings)
    end_s = time.monotonic() + seconds
    with events.following(), LogWriter(settings, Service.MONITORS, linger_ms=0) as log:
        for number in itertools.count():
            if time.monotonic() > end_s:
                return found
            patient_id = f"probe-{time.time():.0f}-{number}"
            try:
                _probe(settings, page, log, events, patient_id, found)
            finally:
                _write(log, Admission(patient_id=patient_id, event="discharge"))
    return found


def _probe(
    settings: Settings, page: Page, log: LogWriter, events: EventTimes, patient_id: str, found: Latencies
) -> None:
    _write(log, Admission(patient_id=patient_id, event="admit", ward_id=WARD, bed="1"))
    tile = page.locator(f'.ward [data-patient="{patient_id}"]')
    expect(tile).to_be_visible(timeout=GIVE_UP_S * 1000)
    page.evaluate(_WATCH, patient_id)
    for place in range(READINGS_A_PROBE):
        rate_bpm = 70.0 + place
        page.wait_for_timeout(len(found.reading_to_tile) * OUT_OF_STEP_MS % 1000)
        sent_ms = _write(log, _reading(patient_id, rate_bpm))
        found.reading_to_tile.append(_seen_ms(page, f"rate {rate_bpm:.0f}") - sent_ms)
    _write(log, _reading(patient_id, ALARMING_BPM))
    shown_ms = _seen_ms(page, "high")
    _, raised_ms = _event(events, patient_id, "onset")
    found.alarm_to_tile.append(shown_ms - raised_ms)
    tile.get_by_title("Acknowledge").first.click()
    clicked_ms = float(page.evaluate("window.clicked"))
    found.click_to_tile.append(_seen_ms(page, "answered") - clicked_ms)
    answered, _ = _event(events, patient_id, "acknowledge")
    found.click_to_log.append(_appended_ms(settings, answered) - clicked_ms)


def _reading(patient_id: str, rate_bpm: float) -> Reading:
    vitals = Vitals(heart_rate_bpm=rate_bpm)
    return Reading(patient_id=patient_id, measured_at=datetime.now(UTC), period_s=CHARTED_S, vitals=vitals)


def _write(log: LogWriter, message: Message) -> float:
    """Write a message, and return when it was handed over: what the broker needs for it counts, too."""
    sent_ms = time.time() * 1000
    log.send(BEDSIDE.name, message.patient_id.encode(), encode(message))  # type: ignore[union-attr]
    log.flush()
    return sent_ms


def _seen_ms(page: Page, sight: str) -> float:
    """Return when the browser first showed something; when we gave up, if it has not."""
    deadline_s = time.monotonic() + GIVE_UP_S
    while time.monotonic() < deadline_s:
        seen = page.evaluate("sight => window.seen[sight]", sight)
        if seen is not None:
            return float(seen)
        page.wait_for_timeout(20)
    return time.time() * 1000


def _event(events: EventTimes, patient_id: str, step: str) -> tuple[AlertEvent, int]:
    deadline_s = time.monotonic() + GIVE_UP_S
    while (patient_id, step) not in events.appended:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"an alert's {step} comes within {GIVE_UP_S:.0f} s; of {patient_id} it has not")
        time.sleep(0.01)
    return events.appended[patient_id, step]


def _appended_ms(settings: Settings, event: AlertEvent) -> float:
    """Return when the broker appended the message that caused an event."""
    with closing(consumer(settings, Service.BATCH, "bench-log")) as reader:
        assign(reader, BEDSIDE.name, {event.partition: event.offset})
        taken: list[int] = []
        while not taken:
            taken = [record.timestamp()[1] for record in records(reader, 1, 1.0)]
        return float(taken[0])
