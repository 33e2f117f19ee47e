"""When the watchdog speaks, and to whom: a server that takes every mail, and a clock that the test turns."""

from pathlib import Path
from typing import cast

import pytest

from streaming.notify.mail_server import MailServer, Refused, ServerAway
from streaming.notify.teams import parse
from streaming.watchdog import worker
from streaming.watchdog.hearing import Hearing
from streaming.watchdog.store import IncidentFile
from streaming.watchdog.worker import FIRST_GRACE_S, Watchdog

TEAMS = parse("{default: [duty@h], engineers: [engineer@h], wards: {icu: {first: [nurse@h], second: [physician@h]}}}")
BEGIN_S = 1_795_489_931.0


class FakeServer:
    """Takes every mail, or raises what it is told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.mails: list[tuple[str, str]] = []

    def send(self, recipient: str, mail: bytes) -> None:
        if self.error is not None:
            raise self.error
        subject = next(line for line in mail.decode().splitlines() if line.startswith("Subject: "))
        self.mails.append((recipient, "down" if "DOWN" in subject else "back"))


class Watch:
    """A watchdog, second by second; monitoring is up or down as the test says."""

    def __init__(self, folder: Path) -> None:
        self.server = FakeServer()
        self.folder = folder
        self.now_s = BEGIN_S
        self.restart()

    def restart(self) -> None:
        self.hearing = Hearing(range(2), self.now_s)
        file = IncidentFile(self.folder / "incident.json")
        self.dog = Watchdog(TEAMS, (), file, cast("MailServer", self.server), "wardwatch@h")

    def go_on(self, seconds: float, *, up: bool, kafka: bool = True) -> list[tuple[str, str]]:
        """Let time go on, and return the mails of that time."""
        before = len(self.server.mails)
        for _ in range(int(seconds)):
            self.now_s += 1
            if kafka:
                self.hearing.kafka_s = self.now_s
                for partition in (0, 1):
                    self.hearing.look(partition, self.now_s)
            if up:
                self.hearing.pulse([0, 1], self.now_s)
                for partition in (0, 1):
                    self.hearing.tick(partition, self.now_s)
            self.dog.judge(self.hearing, self.now_s)
            self.dog.tell()
        return self.server.mails[before:]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(worker, "RETRY_S", 0.0)
    return Watch(tmp_path)


WARDS = [("duty@h", "down"), ("nurse@h", "down")]
BACK = [("engineer@h", "back"), ("duty@h", "back"), ("nurse@h", "back")]


def test_engineers_hear_after_thirty_seconds_wards_two_minutes_later_and_all_when_it_is_back(watch: Watch) -> None:
    assert watch.go_on(60, up=True) == []
    assert watch.go_on(30, up=False) == []
    assert watch.go_on(2, up=False) == [("engineer@h", "down")]
    assert watch.go_on(117, up=False) == []
    assert watch.go_on(3, up=False) == WARDS
    assert watch.go_on(3600, up=False) == []
    assert watch.go_on(19, up=True) == []
    assert watch.go_on(3, up=True) == BACK
    assert watch.go_on(60, up=True) == []


def test_kafka_away_counts_as_down(watch: Watch) -> None:
    watch.go_on(60, up=True)
    assert watch.go_on(32, up=False, kafka=False) == [("engineer@h", "down")]


def test_a_stack_that_is_just_starting_is_given_three_minutes(watch: Watch) -> None:
    assert watch.go_on(FIRST_GRACE_S - 1, up=False, kafka=False) == []
    assert watch.go_on(3, up=False, kafka=False) == [("engineer@h", "down")]


def test_once_it_was_up_the_grace_is_over(watch: Watch) -> None:
    watch.go_on(1, up=True)
    assert watch.go_on(32, up=False) == [("engineer@h", "down")]


def test_a_lane_that_restarts_is_no_incident(watch: Watch) -> None:
    watch.go_on(60, up=True)
    assert watch.go_on(29, up=False) + watch.go_on(60, up=True) == []


def test_a_restart_repeats_nothing_and_ends_what_is_over(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(160, up=False)
    watch.restart()
    assert watch.go_on(200, up=False) == []
    watch.restart()
    assert watch.go_on(25, up=True) == BACK
    watch.restart()
    assert watch.go_on(60, up=True) == []


def test_a_restart_that_has_heard_nothing_yet_ends_nothing(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(40, up=False)
    watch.restart()
    assert watch.go_on(29, up=False) == []


def test_a_watchdog_that_stood_still_listens_again_before_it_judges(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.now_s += 3600
    assert watch.go_on(29, up=False) + watch.go_on(60, up=True) == []


def test_what_no_mail_server_takes_is_tried_until_one_does(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.error = ServerAway("gone")
    assert watch.go_on(60, up=False) == []
    watch.server.error = None
    assert watch.go_on(1, up=False) == [("engineer@h", "down")]


def test_an_address_that_is_refused_for_good_is_not_tried_again(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.error = Refused("550 no such user")
    watch.go_on(40, up=False)
    watch.server.error = None
    assert watch.go_on(60, up=False) == []


def test_engineers_of_the_settings_are_told_where_the_file_names_none(watch: Watch, tmp_path: Path) -> None:
    file = IncidentFile(tmp_path / "other.json")
    teams = parse("default: [duty@h]")
    watch.dog = Watchdog(teams, ("of-the-settings@h",), file, cast("MailServer", watch.server), "wardwatch@h")
    watch.go_on(1, up=True)
    assert watch.go_on(32, up=False) == [("of-the-settings@h", "down")]
