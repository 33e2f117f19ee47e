"""One mail that monitoring is down and one that it is back, to each, whatever happens in between."""

from pathlib import Path

from streaming.watchdog.incident import Incident, Mail
from streaming.watchdog.store import IncidentFile

ENGINEER, NURSE = "engineer@h", "nurse@h"
FAULT = ["the clock stands still"]
STEADY_S = 45.0


def incident(*recipients: str) -> Incident:
    made = Incident(began_s=1000.0, faults=FAULT)
    made.tell(recipients)
    return made


def send(of: Incident) -> list[Mail]:
    mails = list(of.due())
    for mail in mails:
        of.done(mail)
    return mails


def recover(of: Incident, at_s: float = 1100.0) -> None:
    of.observe([], at_s, STEADY_S)
    of.observe([], at_s + STEADY_S, STEADY_S)


def test_each_is_told_once_that_it_is_down_and_once_that_it_is_back() -> None:
    down = incident(ENGINEER)
    assert (send(down), send(down)) == ([Mail(ENGINEER, "down")], [])
    assert down.tell([ENGINEER, NURSE])
    assert send(down) == [Mail(NURSE, "down")]
    recover(down)
    assert not down.is_closed
    assert (send(down), send(down)) == ([Mail(ENGINEER, "up"), Mail(NURSE, "up")], [])
    assert down.is_closed


def test_nobody_hears_that_it_is_back_who_did_not_hear_that_it_was_down() -> None:
    down = incident(ENGINEER)
    recover(down)
    assert not down.tell([NURSE])
    assert [mail.recipient for mail in send(down)] == [ENGINEER]


def test_what_could_not_be_told_in_time_is_told_in_one_mail_afterwards() -> None:
    down = incident(ENGINEER)
    recover(down)
    assert send(down) == [Mail(ENGINEER, "up")]


def test_a_moment_of_wellness_does_not_end_it() -> None:
    down = incident(ENGINEER)
    for at_s in (1100, 1100 + STEADY_S - 1):
        assert not down.observe([], at_s, STEADY_S)
    assert not down.observe(FAULT, 1150, STEADY_S)
    assert not down.observe([], 1151, STEADY_S)
    assert down.over_s is None
    assert down.observe([], 1151 + STEADY_S, STEADY_S)
    assert down.over_s == 1151


def test_other_faults_are_the_same_incident() -> None:
    down = incident(ENGINEER)
    send(down)
    assert down.observe(["Kafka has not answered"], 1050, STEADY_S)
    assert (send(down), down.faults) == ([], ["Kafka has not answered"])


def test_who_has_not_heard_that_it_is_back_is_not_told_again_that_it_is_down() -> None:
    down = incident(ENGINEER, NURSE)
    send(down)
    recover(down)
    down.done(Mail(ENGINEER, "up"))
    again = down.again(FAULT, 2000)
    again.tell([ENGINEER])
    assert send(again) == [Mail(ENGINEER, "down")]
    recover(again, 2100)
    assert send(again) == [Mail(NURSE, "up"), Mail(ENGINEER, "up")]


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    file, down = IncidentFile(tmp_path / "watchdog" / "incident.json"), incident(ENGINEER, NURSE)
    down.done(Mail(ENGINEER, "down"))
    file.save(down)
    again = file.load()
    assert again == down
    assert again is not None
    assert send(again) == [Mail(NURSE, "down")]
    file.save(None)
    assert file.load() is None


def test_a_damaged_file_is_no_reason_to_be_silent(tmp_path: Path) -> None:
    path = tmp_path / "incident.json"
    path.write_text('{"began_s": 1')
    assert IncidentFile(path).load() is None


def test_a_full_disk_is_no_reason_to_be_silent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    IncidentFile(tmp_path / "file" / "incident.json").save(incident(ENGINEER))
