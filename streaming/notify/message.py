"""A mail about alert steps: its headers, and its content as plain text and as HTML. Pure.

multipart/alternative of text/plain and text/html; the picture of a trend stands beside the HTML in a multipart/related.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from streaming.notify.content import Content
from streaming.notify.forms import as_html, as_text

# Longer than usual, so that a subject stays on one line: a client may show a folded one with a blank in front.
POLICY: Final = SMTP.clone(max_line_length=250)


@dataclass(frozen=True, slots=True)
class Trend:
    """The last half hour of a vital: a PNG where there is one, and in words what it shows or why there is none."""

    words: str
    png: bytes | None = None


NO_TREND: Final = Trend("")


def message_id(parts: Iterable[str], recipient: str) -> str:
    """Return the Message-ID of these steps to this recipient: always the same, whoever sends the mail and how often."""
    content = "\0".join((*sorted(parts), recipient))
    return f"<{hashlib.sha256(content.encode()).hexdigest()[:40]}@wardwatch>"


def compose(
    content: Content, recipient: str, sender: str, identity: str, now: datetime, trend: Trend = NO_TREND
) -> EmailMessage:
    """Write the mail.

    Parameters
    ----------
    content : Content
        What it says.
    recipient, sender : str
        Mail addresses.
    identity : str
        Its Message-ID.
    now : datetime
        Time of writing.
    trend : Trend
        Of the one alert that it tells of.
    """
    message = letter(content.subject, recipient, sender, identity, now, urgent=content.urgent)
    picture = f"trend.{identity.strip('<>')}" if trend.png is not None else None
    fill(message, as_text(content, trend.words), as_html(content, trend.words, picture))
    if picture is not None:
        _, html = message.iter_parts()
        assert isinstance(html, EmailMessage)  # noqa: S101  `fill` has just made it
        html.add_related(
            trend.png, "image", "png", cid=f"<{picture}>", disposition="inline", filename="trend.png"
        )  # fmt: skip
    return message


def letter(
    subject: str, recipient: str, sender: str, identity: str, now: datetime, *, urgent: bool = False
) -> EmailMessage:
    """Return a mail that has its headers, and says nothing yet."""
    message = EmailMessage(policy=POLICY)
    message["From"] = f"Wardwatch <{sender}>"
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = identity
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer
    if urgent:
        message["Importance"] = "high"
        message["X-Priority"] = "1"
    return message


def fill(message: EmailMessage, text: str, html: str) -> None:
    """Set a mail's two forms."""
    message.set_content(text, cte="7bit" if text.isascii() and _is_short(text) else "quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")


def _is_short(text: str) -> bool:
    return all(len(line) < 900 for line in text.splitlines())  # noqa: PLR2004  RFC 5322: 998 at most
