"""What a mail says, and that it says no more."""

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
from streaming.notify.message import compose, message_id
from tests.unit.streaming.notify.builders import NIGHT, event

EXPECTED_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Importance", "X-Priority",
    "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
NURSE = "nurse@h.example"


def mail(*events: AlertEvent, after: timedelta = timedelta(seconds=1)) -> EmailMessage:
    """Write the mail and read it back as a mail client would."""
    written = compose(events, NURSE, "wardwatch@h.example", NIGHT + after)
    return message_from_bytes(written.as_bytes(), policy=SMTP)


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

Patient    p-1042
Ward       icu
Bed        7
Condition  heart rate high
Value      152 /min (limit 140)
Raised     2026-11-24 03:12:05 UTC
Measured   2026-11-24 03:12:10 UTC
Received   2026-11-24 03:12:11 UTC
Reference  alert-1

Wardwatch is decision support and must never be the only source of alarms: look at the patient.
Do not reply: acknowledge on the ward board.
"""


def test_the_body_holds_what_the_reader_needs_and_no_other_field_of_the_event() -> None:
    body = mail(event(by="Dr. A. Who", reason="free text", step="escalate", escalation=1)).get_content()
    assert body.replace("\r\n", "\n") == BODY


def test_a_score_says_what_was_missing() -> None:
    body = mail(event(condition="news2_high", value=5, limit=5, missing=["temperature_c"])).get_content()
    assert "The score is a lower bound, because these were not measured: temperature." in body


def test_high_priority_is_marked_for_the_mail_client() -> None:
    assert (mail(event())["Importance"], mail(event(priority="medium"))["Importance"]) == ("high", None)


def test_late_news_say_their_age() -> None:
    late = mail(event(), after=timedelta(minutes=23))
    assert late["Subject"].endswith(", 23 min ago")
    assert "it tells what happened 23 min ago, and the alert may be over" in late.get_content()


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
    assert listed.get_content().splitlines()[4:8] == [
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
    written = compose([alert], NURSE, "wardwatch@h.example", NIGHT).as_bytes()
    headers = message_from_bytes(written).keys()
    assert written.isascii()
    assert max(map(len, written.splitlines())) < 998
    assert set(headers) <= EXPECTED_HEADERS
