"""Tells the managers about a day: one mail each, with what moved most, pictures, and the way to the dashboards.

A repeated run sends the mails again, each with the Message-ID that it had before.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from email.message import EmailMessage
from typing import Any, Final

from batch.summaries.figures import FIGURE, read_figures, read_wards
from batch.summaries.message import Picture, Summary, compose
from batch.summaries.moved import moved_most
from batch.summaries.pictures import MOST_LINES, lines
from lakehouse.errors import StoreError
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings, SmtpSettings
from lakehouse.smtp import connect, tls_context

SHOWN_DAYS: Final = 14
_ANSWERS: Final = {"median": "median_to_acknowledge_min", "90th centile": "p90_to_acknowledge_min"}


@dataclass(frozen=True, slots=True)
class Told:
    """Who was told what."""

    date: str
    sent: int
    moved: list[str]

    def summary(self) -> dict[str, Any]:
        """Return it for the last line of the job."""
        return asdict(self)


def run(settings: Settings, day: date, now: datetime) -> Told:
    """Write and send the summary of a UTC day whose marts are made.

    Raises
    ------
    StoreError
        When the marts or the mail server do not answer, or the server refuses somebody: the others have their mail.
    """
    summary = read_summary(settings, day)
    mails = (compose(summary, each, settings.smtp.sender, now) for each in settings.managers)
    send(settings.smtp, mails)
    return Told(day.isoformat(), len(settings.managers), [move.figure.name for move in summary.moves])


def read_summary(settings: Settings, day: date) -> Summary:
    """Return what there is to say about a day."""
    with Marts(settings, Service.BATCH) as marts:
        series = read_figures(marts, day, SHOWN_DAYS)
        wards = read_wards(marts, day, SHOWN_DAYS)
    answers = {label: series[name] for label, name in _ANSWERS.items()}
    # Where there are more wards than lines can be told apart, those with most alarms that day.
    most = sorted(wards, key=lambda ward_id: -wards[ward_id].get(day, 0.0))[:MOST_LINES]
    shown = {ward_id: wards[ward_id] for ward_id in sorted(most)}
    pictures = (
        Picture(
            "burden", f"Chart: alarms per patient-day by ward, the last {SHOWN_DAYS} days",
            lines("Alarms per patient-day", "alarms", shown),
        ),
        Picture(
            "response", f"Chart: minutes until an alarm is acknowledged, the last {SHOWN_DAYS} days",
            lines("Time to acknowledge", "minutes", answers),
        ),
    )  # fmt: skip
    numbers = {name: series[name][day] for name in FIGURE if day in series[name]}
    return Summary(day, numbers, moved_most(series, day), pictures, settings.superset_url)


def send(smtp: SmtpSettings, mails: Iterable[EmailMessage]) -> None:
    """Hand each mail to the mail server, over one connection."""
    try:
        with closing(connect(smtp, tls_context(smtp), smtp.timeout_s)) as server:
            refused = list(_refusals(server, smtp.sender, mails))
            server.quit()
    except (smtplib.SMTPException, OSError) as error:
        raise StoreError(
            f"the mail server must take the summary; {smtp.host}:{smtp.port}: {error}; see WARDWATCH_SMTP__* and "
            "`python -m lakehouse doctor`, then run this again: whoever has the mail gets it with the same Message-ID"
        ) from error
    if refused:
        raise StoreError(
            f"each manager's address takes mail; {'; '.join(refused)}; correct WARDWATCH_MANAGERS, the others have it"
        )


def _refusals(server: smtplib.SMTP, sender: str, mails: Iterable[EmailMessage]) -> Iterator[str]:
    for mail in mails:
        try:
            server.send_message(mail, sender, [str(mail["To"])])
        except smtplib.SMTPRecipientsRefused as error:
            yield ", ".join(
                f"{address}: {code} {reply.decode(errors='replace')}"
                for address, (code, reply) in error.recipients.items()
            )
        except smtplib.SMTPDataError as error:
            yield f"{mail['To']}: {error.smtp_code} {error.smtp_error!r}"
