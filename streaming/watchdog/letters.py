"""The mails of the watchdog: that monitoring is down, and that it is back. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from streaming.notify import wording
from streaming.notify.forms import template
from streaming.notify.message import fill, letter, message_id
from streaming.watchdog.incident import Incident, Mail

DOWN_SUBJECT: Final = "MONITORING IS DOWN: look after your patients without it"
DOWN_ADVICE: Final = (
    "Alarms may not be raised and mails about them may not come. Watch the bedside monitors, and go and look.",
    "One more mail says when monitoring is back.",
)
ENGINEERS: Final = (
    "Engineers: `make status` and `python -m lakehouse doctor` say what is wrong, docs/operations.md what to do."
)


def write(incident: Incident, mail: Mail, sender: str, now: datetime) -> EmailMessage:
    """Write one mail. Its Message-ID is that of incident, news and recipient, whoever writes it and how often."""
    began = wording.moment(datetime.fromtimestamp(incident.began_s, UTC))
    if mail.news == "down":
        subject, headline = DOWN_SUBJECT, "Monitoring is down"
        kind = "DOWN"
        notes = [f"Since {began}: {'; '.join(incident.faults)}.", *DOWN_ADVICE]
    else:
        over = wording.moment(datetime.fromtimestamp(incident.over_s or incident.began_s, UTC))
        subject = "Monitoring is back"
        headline, kind = subject, "UP"
        notes = [
            f"It was down from {began} to {over}: {'; '.join(incident.faults)}.",
            "What the monitors sent meanwhile is worked off now: those alarms come late, and their mails say so.",
        ]
    identity = message_id((f"watchdog.{incident.began_s:.3f}", mail.news), mail.recipient)
    message = letter(subject, mail.recipient, sender, identity, now, urgent=mail.news == "down")
    footer = (ENGINEERS, "Wardwatch is decision support and must never be the only source of alarms.")
    text = "\n\n".join((headline, *notes, "\n".join(footer))) + "\n"
    html = template("watchdog").render(kind=kind, subject=subject, headline=headline, notes=notes, footer=footer)
    fill(message, text, html)
    return message
