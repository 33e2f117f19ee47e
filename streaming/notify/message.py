"""An alert step and its recipient as a mail. Pure: the time of writing is an argument.

A mail holds no more than the pseudonymous patient id, ward, bed, condition, value, limit, times and the reference of
the alert; its subject, which a locked telephone shows, holds no patient id. What a mail says (`Content`) is apart from
how it is set: a second form of the same content is a second function over it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from lakehouse.events import AlertEvent
from streaming.notify import wording

LATE: Final = timedelta(minutes=2)  # from here on a mail says how old its news is
WARDS_IN_A_SUBJECT: Final = 3
PRIORITIES: Final = ("HIGH", "MEDIUM", "LOW")
# Longer than usual, so that a subject stays on one line: a client may show a folded one with a blank in front.
POLICY: Final = SMTP.clone(max_line_length=250)
FOOTER: Final = (
    "Wardwatch is decision support and must never be the only source of alarms: look at the patient.",
    "Do not reply: acknowledge on the ward board.",
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says, before it is set as text."""

    subject: str
    headline: str
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    urgent: bool


def message_id(event_ids: Iterable[str], recipient: str) -> str:
    """Return the Message-ID of these steps to this recipient: always the same, whoever sends the mail and how often."""
    content = "\0".join((*sorted(event_ids), recipient))
    return f"<{hashlib.sha256(content.encode()).hexdigest()[:40]}@wardwatch>"


def compose(events: Sequence[AlertEvent], recipient: str, sender: str, now: datetime) -> EmailMessage:
    """Write the mail about one alert step, or the digest that lists several.

    Parameters
    ----------
    events : sequence of AlertEvent
        At least one; in the order in which they happened.
    recipient, sender : str
        Mail addresses.
    now : datetime
        Time of writing; only the date and the remark on late news depend on it.
    """
    content = single(events[0], now) if len(events) == 1 else digest(events, now)
    message = EmailMessage(policy=POLICY)
    message["From"] = f"Wardwatch <{sender}>"
    message["To"] = recipient
    message["Subject"] = content.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id([event.event_id for event in events], recipient)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer
    if content.urgent:
        message["Importance"] = "high"
        message["X-Priority"] = "1"
    text = as_text(content)
    message.set_content(text, cte="7bit" if text.isascii() else "quoted-printable")
    return message


def single(event: AlertEvent, now: datetime) -> Content:
    """Say one step of one alert."""
    step = wording.STEPS.get(event.step)
    place = ", ".join(part for part in (wording.where(event), step) if part)
    age = _age(event, now)
    facts = [("Patient", wording.clean(event.patient_id)), ("Ward", wording.clean(event.ward_id or "") or "unknown")]
    facts.append(("Bed", wording.clean(event.bed or "") or "unknown"))
    facts += [("Condition", wording.condition(event)), ("Value", wording.measured(event))]
    times = (("Raised", event.onset_at), ("Measured", event.measured_at), ("Received", event.received_at))
    for label, at in times:
        facts.append((label, wording.moment(at) if at is not None else ""))
    facts.append(("Reference", wording.clean(event.alert_id or event.event_id)))
    return Content(
        subject=f"{wording.priority(event)} {place}: {wording.finding(event)}" + (f", {age} ago" if age else ""),
        headline=f"{wording.priority(event)} priority" + (f", {step}" if step else ""),
        notes=tuple(_notes(event, age)),
        facts=tuple((label, value) for label, value in facts if value),
        urgent=event.priority == "high",
    )


def digest(events: Sequence[AlertEvent], now: datetime) -> Content:
    """List several steps, the highest priority first, each with all that a mail of its own would say of it."""
    ordered = sorted(events, key=lambda event: (PRIORITIES.index(wording.priority(event)), event.received_at))
    counts = Counter(wording.priority(event) for event in ordered)
    count = ", ".join(f"{counts[priority]} {priority}" for priority in PRIORITIES if counts[priority])
    places = list(dict.fromkeys(wording.clean(event.ward_id or "") or "no ward" for event in ordered))
    wards = ", ".join(places[:WARDS_IN_A_SUBJECT]) + (" and more" if len(places) > WARDS_IN_A_SUBJECT else "")
    return Content(
        subject=f"{wording.priority(ordered[0])} {wards}: {len(ordered)} alerts at once, {count}",
        headline=f"{len(ordered)} alerts at once: {count}",
        notes=("Many alerts came in a short time, so this mail lists them together.",),
        facts=tuple(fact for event in ordered for fact in _entry(event, _age(event, now))),
        urgent=counts["HIGH"] > 0,
    )


def as_text(content: Content) -> str:
    """Set a mail's content as plain text."""
    width = max(len(label) for label, _ in content.facts) + 2
    facts = [f"{label:{width}}{value}" for label, value in content.facts]
    paragraphs = ([content.headline], content.notes, facts, FOOTER)
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"


def _entry(event: AlertEvent, age: str) -> tuple[tuple[str, str], ...]:
    step = wording.STEPS.get(event.step)
    raised = wording.moment(event.onset_at or event.received_at)
    facts = (wording.where(event), step, wording.finding(event), f"{age} ago" if age else None)
    reference = wording.clean(event.alert_id or event.event_id)
    return (
        (wording.priority(event), ", ".join(fact for fact in facts if fact)),
        ("", f"patient {wording.clean(event.patient_id)}, raised {raised}, reference {reference}"),
    )


def _notes(event: AlertEvent, age: str) -> Iterable[str]:
    if age:
        yield f"This mail is late: it tells what happened {age} ago, and the alert may be over. Look at the ward board."
    if event.step == "escalate":
        yield f"Nobody has acknowledged this alert: escalation step {event.escalation}."
    if event.missing:
        names = ", ".join(wording.vital(name) for name in event.missing)
        yield f"The score is a lower bound, because these were not measured: {names}."


def _age(event: AlertEvent, now: datetime) -> str:
    """Return how old the news is, in words; empty while it is fresh."""
    age = now - event.received_at
    if age < LATE:
        return ""
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if age < timedelta(hours=2) else f"{minutes // 60} h"
