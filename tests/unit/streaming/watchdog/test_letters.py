"""What the watchdog writes."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from streaming.watchdog.incident import Incident, Mail
from streaming.watchdog.letters import write
from tests.unit.streaming.notify.builders import NIGHT

DOWN = Incident(began_s=NIGHT.timestamp(), faults=["the clock stands still", "<nobody> raises alarms"])


def letter(mail: Mail, incident: Incident = DOWN) -> EmailMessage:
    return message_from_bytes(write(incident, mail, "wardwatch@h", NIGHT).as_bytes(), policy=SMTP)


def form(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_it_says_what_is_wrong_since_when_and_what_to_do() -> None:
    mail = letter(Mail("nurse@h", "down"))
    assert (mail["Subject"], mail["Importance"]) == ("MONITORING IS DOWN: look after your patients without it", "high")
    assert "Since 2026-11-24 03:12:11 UTC: the clock stands still; <nobody> raises alarms." in form(mail, "plain")
    assert "go and look" in form(mail, "html")
    assert "<nobody>" not in form(mail, "html")


def test_it_says_how_long_it_was() -> None:
    over = Incident(began_s=NIGHT.timestamp(), faults=DOWN.faults, over_s=NIGHT.timestamp() + 90)
    mail = letter(Mail("nurse@h", "up"), over)
    assert mail["Subject"] == "Monitoring is back"
    assert "It was down from 2026-11-24 03:12:11 UTC to 2026-11-24 03:13:41 UTC" in form(mail, "plain")


def test_a_repeated_mail_has_the_same_message_id_and_another_mail_another() -> None:
    ids = [letter(Mail(to, "down"))["Message-ID"] for to in ("a@h", "a@h", "b@h")]
    assert ids[0] == ids[1] != ids[2]
    assert letter(Mail("a@h", "up"))["Message-ID"] != ids[0]
