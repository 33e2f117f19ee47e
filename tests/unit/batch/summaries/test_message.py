"""The form of the managers' mail."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from batch.summaries.figures import DASHBOARDS, FIGURE
from batch.summaries.message import Picture, Summary, compose, message_id
from batch.summaries.moved import Move

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 25, 6, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n picture"
MOVES = [Move(FIGURE["alarms_per_patient_day"], 12.0, 8.0, 9.0), Move(FIGURE["escalated_pct"], 3.0, 9.0, 3.0)]
NUMBERS = {"patients": 56.0, "alarms_per_patient_day": 12.0, "escalated_pct": 3.0, "dead_letters": 0.0}


def mail(numbers: dict[str, float] = NUMBERS, moves: list[Move] = MOVES, to: str = "m@h.example") -> EmailMessage:
    """As it arrives."""
    summary = Summary(DAY, numbers, moves, [Picture("burden", "Chart: <alarms>", PNG)], "http://reports.example:8088/")
    sent = compose(summary, to, "wardwatch@h.example", NOW)
    received = message_from_bytes(sent.as_bytes(), policy=default)
    assert isinstance(received, EmailMessage)
    return received


def text(of: EmailMessage, kind: str) -> str:
    body = of.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_its_subject_says_the_day_and_what_moved_most() -> None:
    assert mail()["Subject"] == "Wardwatch 2026-11-24: Alarms per patient-day: 12.0, up from 8.0"
    assert mail(moves=[])["Subject"] == "Wardwatch 2026-11-24: nothing moved much against the week before"


def test_text_and_html_say_the_same() -> None:
    received = mail()
    plain, html = text(received, "plain"), text(received, "html")
    for said in ("Escalated", "Alarms per patient-day: 12.0, up from 8.0", "Patients monitored", "56", "3 %"):
        assert (said in plain) == (said in html), said
    for fact in ("Alarms per patient-day: 12.0, up from 8.0", "Patients monitored", "Tuesday 24 November 2026"):
        assert fact in plain
        assert fact in html


def test_each_dashboard_is_linked_in_both() -> None:
    received = mail()
    for name in DASHBOARDS:
        assert f"http://reports.example:8088/superset/dashboard/{name}/" in text(received, "plain")
        assert f'href="http://reports.example:8088/superset/dashboard/{name}/"' in text(received, "html")


def test_a_picture_is_inside_the_mail_and_named_by_the_html() -> None:
    received = mail()
    (picture,) = (part for part in received.walk() if part.get_content_type() == "image/png")
    assert picture.get_content() == PNG
    assert picture.get_content_disposition() == "inline"
    assert re.findall(r'src="(.*?)"', text(received, "html")) == [f"cid:{picture['Content-ID'].strip('<>')}"]
    assert 'alt="Chart: &lt;alarms&gt;"' in text(received, "html")
    assert [part.get_content_type() for part in received.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip


def test_nothing_is_fetched_from_outside() -> None:
    assert not re.search(r'(src|background)="(?!cid:)', text(mail(), "html"))


def test_its_id_is_that_of_day_and_recipient() -> None:
    assert mail()["Message-ID"] == message_id(DAY, "m@h.example") == mail(moves=[])["Message-ID"]
    assert mail(to="n@h.example")["Message-ID"] != mail()["Message-ID"]
    assert message_id(date(2026, 11, 25), "m@h.example") != message_id(DAY, "m@h.example")


def test_a_day_without_patients_is_told_and_not_passed_over() -> None:
    received = mail(numbers={}, moves=[])
    assert "nobody was monitored" in received["Subject"]
    assert "look at Trust" in text(received, "plain")
    assert "look at Trust" in text(received, "html")
