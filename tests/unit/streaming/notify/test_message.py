"""What a mail says, and that it says no more."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.conditions import CONDITIONS
from lakehouse.events import AlertEvent
from streaming.notify.message import Trend, message_id
from streaming.notify.writer import Writer
from tests.unit.streaming.notify.builders import NIGHT, event

EXPECTED_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Importance", "X-Priority",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
NURSE = "nurse@h.example"
BOARD = "https://board.h.example"
PNG = b"\x89PNG\r\n\x1a\n a picture"


WRITER = Writer(sender="wardwatch@h.example", board_url=BOARD)


def mail(*events: AlertEvent, after: timedelta = timedelta(seconds=1)) -> EmailMessage:
    """Write the mail and read it back as a mail client would."""
    return read(WRITER.mail(NURSE, events, NIGHT + after))


def read(written: bytes) -> EmailMessage:
    return message_from_bytes(written, policy=SMTP)


def text(message: EmailMessage) -> str:
    return part(message, "plain").replace("\r\n", "\n")


def html(message: EmailMessage) -> str:
    return part(message, "html")


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


SUBJECTS: list[tuple[dict[str, Any], str]] = [
    ({}, "HIGH icu bed 7: heart rate high 152 /min (limit 140)"),
    ({"step": "worsen"}, "HIGH icu bed 7, worse: heart rate high 152 /min (limit 140)"),
    ({"step": "escalate"}, "HIGH icu bed 7, not acknowledged: heart rate high 152 /min (limit 140)"),
    ({"step": "expire"}, "HIGH icu bed 7, silence ended: heart rate high 152 /min (limit 140)"),
    ({"step": "transfer"}, "HIGH icu bed 7, moved here: heart rate high 152 /min (limit 140)"),
    ({"ward_id": None, "bed": None}, "HIGH no ward: heart rate high 152 /min (limit 140)"),
    ({"bed": None}, "HIGH icu: heart rate high 152 /min (limit 140)"),
    (
        {"condition": "spo2_low", "value": 86, "limit": 90, "priority": "medium"},
        "MEDIUM icu bed 7: SpO2 low 86 % (limit 90)",
    ),
    (
        {"condition": "temperature_high", "value": 39.34, "limit": 39},
        "HIGH icu bed 7: temperature high 39.34 °C (limit 39)",
    ),
    ({"condition": "news2_high", "value": 7, "limit": 7}, "HIGH icu bed 7: NEWS2 high 7 (limit 7)"),
    ({"condition": "consciousness_reduced", "value": 3, "limit": 3}, "HIGH icu bed 7: consciousness reduced P"),
    ({"condition": "vt", "value": None, "limit": None}, "HIGH icu bed 7: ventricular tachycardia"),
    (
        {"condition": "signal_lost_spo2_pct", "value": None, "limit": None, "priority": "low"},
        "LOW icu bed 7: signal lost: SpO2",
    ),
    ({"condition": "of_a_newer_version", "value": 1.5, "limit": None}, "HIGH icu bed 7: of a newer version 1.5"),
    ({"ward_id": "icu\r\nBcc: x@y", "bed": "7\x00"}, "HIGH icu Bcc: x@y bed 7: heart rate high 152 /min (limit 140)"),
]


@pytest.mark.parametrize(("fields", "subject"), SUBJECTS, ids=[subject for _, subject in SUBJECTS])
def test_the_subject_is_enough_on_a_lock_screen(fields: dict[str, Any], subject: str) -> None:
    assert mail(event(**fields))["Subject"] == subject


def test_the_subject_names_no_patient() -> None:
    assert "p-1042" not in mail(event())["Subject"]


BODY = """\
HIGH priority, not acknowledged

Nobody has acknowledged this alert: escalation step 1.

Patient      p-1042
Ward         icu
Bed          7
Condition    heart rate high
Value        152 /min (limit 140)
Raised       2026-11-24 03:12:05 UTC
Measured     2026-11-24 03:12:10 UTC
Received     2026-11-24 03:12:11 UTC
Reference    alert-1
Look         https://board.h.example/?patient=p-1042
Acknowledge  https://board.h.example/?acknowledge=alert-1

Wardwatch is decision support and must never be the only source of alarms: look at the patient.
Do not reply: acknowledge on the ward board.
"""


def test_the_body_holds_what_the_reader_needs_and_no_other_field_of_the_event() -> None:
    assert text(mail(event(by="Dr. A. Who", reason="free text", step="escalate", escalation=1))) == BODY


def test_a_score_says_what_was_missing() -> None:
    scored = mail(event(condition="news2_high", value=5, limit=5, missing=["temperature_c"]))
    for form in (text(scored), html(scored)):
        assert "The score is a lower bound, because these were not measured: temperature." in form


def test_high_priority_is_marked_for_the_mail_client() -> None:
    assert (mail(event())["Importance"], mail(event(priority="medium"))["Importance"]) == ("high", None)


def test_late_news_say_their_age() -> None:
    late = mail(event(), after=timedelta(minutes=23))
    assert late["Subject"].endswith(", 23 min ago")
    assert "it tells what happened 23 min ago, and the alert may be over" in text(late)


def test_html_and_text_are_two_forms_of_one_mail() -> None:
    written = mail(event())
    assert [each.get_content_type() for each in written.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for word in ("HIGH priority", "icu bed 7", "heart rate high", "152 /min", "above the limit 140", "03:12:05 UTC"):
        assert word in html(written)


def test_a_priority_is_told_by_word_and_sign_not_by_colour_alone() -> None:
    signs = {priority: html(mail(event(priority=priority))) for priority in ("high", "medium", "low")}
    assert ["!!!&nbsp; HIGH" in signs["high"], "!!&nbsp; MEDIUM" in signs["medium"], "!&nbsp; LOW" in signs["low"]] == [
        True
    ] * 3


def test_links_lead_to_the_patient_and_to_the_acknowledgement_whatever_the_ids_hold() -> None:
    odd = mail(event(patient_id="p 1&acknowledge=x", alert_id="p/1?#ä"))
    urls = (f"{BOARD}/?patient=p%201%26acknowledge%3Dx", f"{BOARD}/?acknowledge=p%2F1%3F%23%C3%A4")
    for url in urls:
        assert url in text(odd)
        assert f'href="{url}"' in html(odd)


def test_what_is_acknowledged_is_not_offered_for_acknowledgement() -> None:
    assert "?acknowledge=" not in html(mail(event(step="worsen", acknowledged=True)))


def test_ids_and_places_cannot_become_html() -> None:
    written = html(mail(event(ward_id="<script>alert(1)</script>", bed='"><img src=x>', patient_id="<b>p</b>")))
    assert "<script" not in written
    assert "<img" not in written
    assert "<b>" not in written


def test_the_picture_stands_in_the_mail_and_its_words_in_the_text() -> None:
    writer = replace(WRITER, trend_of=lambda _: Trend("since 02:42 UTC between 82 and 138", PNG))
    written = read(writer.mail(NURSE, [event()], NIGHT))
    kinds = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
    assert [each.get_content_type() for each in written.walk()] == kinds
    picture = list(written.walk())[-1]
    assert picture.get_content() == PNG
    assert picture.get_content_disposition() == "inline"
    assert f'src="cid:{picture["Content-ID"].strip("<>")}"' in html(written)
    assert "Trend        since 02:42 UTC between 82 and 138\n" in text(written)


def test_a_mail_without_a_picture_says_so() -> None:
    writer = replace(WRITER, trend_of=lambda _: Trend("no picture: nothing is known of the last 30 min"))
    written = read(writer.mail(NURSE, [event()], NIGHT))
    for form in (text(written), html(written)):
        assert "no picture: nothing is known" in form


def test_a_digest_asks_for_no_picture() -> None:
    asked: list[AlertEvent] = []

    def trend_of(event: AlertEvent) -> Trend:
        asked.append(event)
        return Trend("x", PNG)

    replace(WRITER, trend_of=trend_of).mail(NURSE, [event(number=1), event(number=2)], NIGHT)
    assert asked == []


def test_the_end_of_an_alert_is_no_alarm_but_says_when_nobody_has_acknowledged_it() -> None:
    cleared = mail(event(step="clear", value=112, limit=140))
    assert (cleared["Subject"], cleared["Importance"]) == ("CLEARED icu bed 7: heart rate high, now 112 /min", None)
    assert "nobody has acknowledged it: the patient has still to be seen" in text(cleared)
    assert "has still to be seen" not in text(mail(event(step="clear", acknowledged=True)))


def test_a_step_and_a_recipient_have_one_message_id_for_ever() -> None:
    assert mail(event())["Message-ID"] == mail(event(), after=timedelta(hours=3))["Message-ID"]
    assert mail(event())["Message-ID"] == message_id(["event-1"], NURSE)
    assert message_id(["event-1"], "physician@h.example") != message_id(["event-1"], NURSE)


def test_a_digest_has_one_message_id_whatever_the_order() -> None:
    assert message_id(["a", "b"], NURSE) == message_id(["b", "a"], NURSE)
    assert message_id(["a", "b"], NURSE) != message_id(["ab"], NURSE)


def test_a_digest_lists_every_alert_the_worst_first() -> None:
    listed = mail(
        event(number=1, priority="medium", condition="spo2_low", value=88, limit=90),
        event(number=2, ward_id="ward-a", bed="3"),
    )
    assert listed["Subject"] == "HIGH ward-a, icu: 2 alerts at once, 1 HIGH, 1 MEDIUM"
    assert text(listed).splitlines()[4:8] == [
        "HIGH    ward-a bed 3, heart rate high 152 /min (limit 140)",
        "        patient p-1042, raised 2026-11-24 03:12:05 UTC, reference alert-2",
        "MEDIUM  icu bed 7, SpO2 low 88 % (limit 90)",
        "        patient p-1042, raised 2026-11-24 03:12:05 UTC, reference alert-1",
    ]


@given(
    st.builds(
        event,
        ward_id=st.none() | st.text(max_size=64),
        bed=st.none() | st.text(max_size=32),
        patient_id=st.text(min_size=1, max_size=64),
        alert_id=st.none() | st.text(max_size=200),
        condition=st.none() | st.text() | st.sampled_from(CONDITIONS),
        value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        missing=st.lists(st.text(max_size=20), max_size=3),
    )
)
def test_whatever_an_event_holds_it_becomes_one_mail_of_seven_bit_lines(alert: AlertEvent) -> None:
    written = WRITER.mail(NURSE, [alert], NIGHT)
    headers = message_from_bytes(written).keys()
    assert written.isascii()
    assert max(map(len, written.splitlines())) < 998
    assert set(headers) <= EXPECTED_HEADERS
