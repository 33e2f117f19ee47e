"""The mail itself: HTML with inline pictures, and the same in plain text. Pure: the time of writing is an argument."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final, NamedTuple

from batch.summaries.figures import BURDEN, DASHBOARDS, FIGURES
from batch.summaries.moved import FEWEST_DAYS, Move

# Longer than usual, so that a subject stays on one line: a client may show a folded one with a blank in front.
POLICY: Final = SMTP.clone(max_line_length=250)
ALWAYS: Final = (
    "patients", "alarms_per_patient_day", "non_actionable_pct", "median_to_acknowledge_min", "escalated_pct",
    "limits_published", "differences", "checks_not_met",
)  # fmt: skip
FOOTER: Final = "Wardwatch is decision support. Numbers are of one UTC day; each dashboard says what they mean."


class Picture(NamedTuple):
    """A chart, and what it shows in words for whom no picture is shown."""

    name: str
    words: str
    png: bytes


class Summary(NamedTuple):
    """What a mail says: the numbers of the day, the moves, the pictures, and where Superset is."""

    day: date
    numbers: Mapping[str, float]
    moves: Sequence[Move]
    pictures: Sequence[Picture]
    url: str

    def link(self, dashboard: str) -> str:
        """Return the address of a dashboard."""
        return f"{self.url.rstrip('/')}/superset/dashboard/{dashboard}/"

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The numbers that stand in every mail, as far as the day has them."""
        return [
            (figure.title, figure.words(self.numbers[figure.name]))
            for figure in FIGURES
            if figure.name in ALWAYS and figure.name in self.numbers
        ]

    @property
    def headline(self) -> str:
        """What the day was like, in one line."""
        if not self.numbers.get("patients"):
            return "nobody was monitored, or nothing has landed"
        return self.moves[0].sentence() if self.moves else "nothing moved much against the week before"


def message_id(day: date, recipient: str) -> str:
    """Return the Message-ID of a day's summary to a recipient: always the same, however often it is sent."""
    content = f"summary\0{day}\0{recipient}"
    return f"<{hashlib.sha256(content.encode()).hexdigest()[:40]}@wardwatch>"


def compose(summary: Summary, recipient: str, sender: str, now: datetime) -> EmailMessage:
    """Write the mail to one manager."""
    message = EmailMessage(policy=POLICY)
    message["From"] = f"Wardwatch <{sender}>"
    message["To"] = recipient
    message["Subject"] = f"Wardwatch {summary.day}: {summary.headline}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(summary.day, recipient)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer
    message.set_content(as_text(summary))
    message.add_alternative(as_html(summary), subtype="html")
    html = message.get_payload(1)
    assert isinstance(html, EmailMessage)  # noqa: S101  what add_alternative has just added
    for picture in summary.pictures:
        html.add_related(
            picture.png, "image", "png", cid=f"<{_cid(picture)}>", filename=f"{picture.name}.png", disposition="inline"
        )
    return message


def _cid(picture: Picture) -> str:
    return f"{picture.name}@wardwatch"


def as_text(summary: Summary) -> str:
    """Set a summary as plain text."""
    width = max((len(label) for label, _ in summary.facts), default=0) + 2
    parts = [
        [f"Wardwatch, {summary.day:%A %d %B %Y}"],
        ["What moved most against the week before", *(f"  * {line}" for line in _moves(summary))],
        ["The day", *(f"  {label:{width}}{value}" for label, value in summary.facts)],
        [f"[{picture.words}]" for picture in summary.pictures],
        ["Dashboards", *(f"  {title}: {summary.link(name)}" for name, title in DASHBOARDS.items())],
        [FOOTER],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _moves(summary: Summary) -> list[str]:
    if not summary.numbers.get("patients"):
        return [f"On this day {summary.headline}: look at Trust, and at the night in Airflow."]
    return [move.sentence() for move in summary.moves] or [
        f"Nothing moved much, or there are not yet {FEWEST_DAYS} days of the week before to compare with."
    ]


def as_html(summary: Summary) -> str:
    """Set a summary as HTML that mail clients show: tables, styles in place, pictures by their content id."""
    moves = "".join(
        f'<li style="margin:4px 0"><a href="{escape(summary.link(move.figure.dashboard))}" style="color:#1985A0">'
        f"{escape(move.sentence())}</a></li>"
        for move in summary.moves
    ) or "".join(f'<li style="margin:4px 0">{escape(line)}</li>' for line in _moves(summary))
    facts = "".join(
        f'<tr><td style="padding:3px 16px 3px 0;color:#555">{escape(label)}</td>'
        f'<td style="padding:3px 0;text-align:right;font-weight:bold">{escape(value)}</td></tr>'
        for label, value in summary.facts
    )
    pictures = "".join(
        f'<p style="margin:12px 0"><a href="{escape(summary.link(BURDEN))}"><img src="cid:{_cid(picture)}" '
        f'width="600" alt="{escape(picture.words)}" style="max-width:100%;border:0"></a></p>'
        for picture in summary.pictures
    )
    links = " &middot; ".join(
        f'<a href="{escape(summary.link(name))}" style="color:#1985A0">{escape(title)}</a>'
        for name, title in DASHBOARDS.items()
    )
    return f"""<!doctype html>
<html lang="en"><body style="margin:0;background:#f4f4f4;font-family:Arial,Helvetica,sans-serif;color:#222">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center" style="padding:16px">
<table role="presentation" width="640" cellpadding="0" cellspacing="0" style="max-width:640px;background:#fff">
<tr><td style="padding:20px">
<h1 style="font-size:18px;margin:0 0 4px">Wardwatch</h1>
<p style="margin:0 0 16px;color:#555">{summary.day:%A %d %B %Y}</p>
<h2 style="font-size:14px;margin:0 0 4px">What moved most against the week before</h2>
<ul style="margin:0 0 16px;padding-left:20px">{moves}</ul>
<h2 style="font-size:14px;margin:0 0 4px">The day</h2>
<table role="presentation" cellpadding="0" cellspacing="0" style="font-size:14px">{facts}</table>
{pictures}
<p style="margin:12px 0">{links}</p>
<p style="margin:12px 0 0;font-size:12px;color:#777">{escape(FOOTER)}</p>
</td></tr></table></td></tr></table></body></html>
"""
