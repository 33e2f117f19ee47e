"""What a mail says about alert steps, before it is set as text or HTML. Pure: the time of writing is an argument.

A mail holds no more than the pseudonymous patient id, ward, bed, condition, value, limit, times and the reference of
the alert; its subject, which a locked telephone shows, holds no patient id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from lakehouse.events import AlertEvent
from streaming.notify import wording

LATE: Final = timedelta(minutes=2)  # from here on a mail says how old its news is
WARDS_IN_A_SUBJECT: Final = 3
DAY_MIN: Final = 24 * 60
CLEARED: Final = "CLEARED"
KINDS: Final = ("HIGH", "MEDIUM", "LOW", CLEARED)  # the order of a digest
# The signs of IEC 60601-1-8, so that a priority is told without colour and without reading.
SIGNS: Final = {"HIGH": "!!!", "MEDIUM": "!!", "LOW": "!", CLEARED: "\N{CHECK MARK}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert step in words; each may be empty, except for `kind`, `place`, `condition` and `reference`."""

    kind: str  # HIGH, MEDIUM, LOW or CLEARED
    place: str
    step: str
    condition: str
    value: str
    against: str
    finding: str
    since: str
    lasted: str  # the same, shorter: by the clock, and how long ago when it happened
    age: str
    patient: str
    reference: str
    patient_url: str
    acknowledge_url: str

    @property
    def sign(self) -> str:
        """The priority as a sign."""
        return SIGNS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a mail says: about one step, or in a digest about each of several."""

    subject: str
    headline: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]  # of one step; empty in a digest
    items: tuple[Item, ...]
    board_url: str
    urgent: bool

    @property
    def kind(self) -> str:
        """The worst of what it tells."""
        return self.items[0].kind


def content_of(events: Sequence[AlertEvent], board_url: str, now: datetime) -> Content:
    """Say what there is to say about one alert step, or about several in one digest.

    Parameters
    ----------
    events : sequence of AlertEvent
        At least one; in the order in which they happened.
    board_url : str
        Where people reach the ward board; without a slash at its end.
    now : datetime
        Time of writing; only the remark on late news depends on it.
    """
    return _single(events[0], board_url, now) if len(events) == 1 else _digest(events, board_url, now)


def item_of(event: AlertEvent, board_url: str, now: datetime) -> Item:
    """Say one step of one alert."""
    has_ended = event.step == "clear"
    return Item(
        kind=CLEARED if has_ended else wording.priority(event),
        place=wording.where(event),
        step="" if has_ended else wording.STEPS.get(event.step, ""),
        condition=wording.condition(event),
        value=wording.value(event),
        against="now" if has_ended else wording.against(event),
        finding=wording.ending(event) if has_ended else wording.finding(event),
        since=wording.moment(event.onset_at or event.received_at),
        lasted=_lasted(event),
        age=_age(event, now),
        patient=wording.clean(event.patient_id),
        reference=wording.clean(event.alert_id or event.event_id),
        patient_url=f"{board_url}/?patient={quote(event.patient_id, safe='')}",
        acknowledge_url=f"{board_url}/?acknowledge={quote(event.alert_id, safe='')}"
        if event.alert_id and not has_ended and not event.acknowledged
        else "",
    )


def _single(event: AlertEvent, board_url: str, now: datetime) -> Content:
    item = item_of(event, board_url, now)
    place = ", ".join(part for part in (item.place, item.step) if part)
    facts = [("Patient", item.patient), ("Ward", wording.clean(event.ward_id or "") or "unknown")]
    facts.append(("Bed", wording.clean(event.bed or "") or "unknown"))
    facts += [("Condition", item.condition), ("Value", item.value if item.kind == CLEARED else wording.measured(event))]
    times = (("Raised", event.onset_at), ("Measured", event.measured_at), ("Received", event.received_at))
    for label, at in times:
        facts.append((label, wording.moment(at) if at is not None else ""))
    facts.append(("Reference", item.reference))
    headline = "Cleared" if item.kind == CLEARED else f"{item.kind} priority"
    return Content(
        subject=f"{item.kind} {place}: {item.finding}" + (f", {item.age} ago" if item.age else ""),
        headline=headline + (f", {item.step}" if item.step else ""),
        notes=tuple(_notes(event, item.age)),
        facts=tuple((label, value) for label, value in facts if value),
        items=(item,),
        board_url=board_url,
        urgent=item.kind == "HIGH",
    )


def _digest(events: Sequence[AlertEvent], board_url: str, now: datetime) -> Content:
    """List several steps, the highest priority first, each with all that a mail of its own would say of it."""
    items = [item_of(event, board_url, now) for event in sorted(events, key=lambda event: event.received_at)]
    items.sort(key=lambda item: KINDS.index(item.kind))
    counts = Counter(item.kind for item in items)
    count = ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    ward_of = {event.alert_id or event.event_id: wording.clean(event.ward_id or "") or "no ward" for event in events}
    places = list(dict.fromkeys(ward_of.get(item.reference, item.place) for item in items))
    wards = ", ".join(places[:WARDS_IN_A_SUBJECT]) + (" and more" if len(places) > WARDS_IN_A_SUBJECT else "")
    return Content(
        subject=f"{items[0].kind} {wards}: {len(items)} alerts at once, {count}",
        headline=f"{len(items)} alerts at once: {count}",
        notes=("Many alerts came in a short time, so this mail lists them together, the worst first.",),
        facts=(),
        items=tuple(items),
        board_url=board_url,
        urgent=counts["HIGH"] > 0,
    )


def _notes(event: AlertEvent, age: str) -> Iterable[str]:
    if age and event.step == "clear":
        yield f"This mail is late: it tells what happened {age} ago. Look at the ward board."
    elif age:
        yield f"This mail is late: it tells what happened {age} ago, and the alert may be over. Look at the ward board."
    if event.step == "escalate":
        yield f"Nobody has acknowledged this alert: escalation step {event.escalation}."
    if event.step == "clear" and not event.acknowledged:
        yield "It has cleared by itself, and nobody has acknowledged it: the patient has still to be seen."
    if event.missing:
        names = ", ".join(wording.vital(name) for name in event.missing)
        yield f"The score is a lower bound, because these were not measured: {names}."


def _lasted(event: AlertEvent) -> str:
    """Return since when, by the clock, and for how long where that is a minute or more."""
    begun = event.onset_at or event.received_at
    minutes = int((event.received_at - begun).total_seconds() // 60)
    clock = f"{begun.astimezone(UTC):%H:%M:%S} UTC"
    return f"{clock}, for {minutes} min" if 0 < minutes < DAY_MIN else clock if minutes <= 0 else wording.moment(begun)


def _age(event: AlertEvent, now: datetime) -> str:
    """Return how old the news is, in words; empty while it is fresh."""
    age = now - event.received_at
    if age < LATE:
        return ""
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if age < timedelta(hours=2) else f"{minutes // 60} h"
