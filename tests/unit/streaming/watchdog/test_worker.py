"""When the watchdog speaks, and to whom: a server that takes every mail, and a clock that the test turns."""

from pathlib import Path
from typing import cast

import pytest

from streaming.notify.mail_server import MailServer, Refused, RefusedForNow, ServerAway
from streaming.notify.teams import CareTeams, parse
from streaming.watchdog.hearing import Hearing
from streaming.watchdog.store import IncidentFile
from streaming.watchdog.worker import FIRST_GRACE_S, Watchdog

TEAMS = parse("{default: [duty@h], engineers: [engineer@h], wards: {icu: {first: [nurse@h], second: [physician@h]}}}")
BEGIN_S = 1_795_489_931.0


class FakeServer:
    """Takes every mail, or raises what it is told to; each takes a while of the watch's time."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.errors_of: dict[str, Exception] = {}
        self.mails: list[tuple[str, str]] = []
        self.takes_s = 0.0
        self.spent_s = 0.0

    def send(self, recipient: str, mail: bytes) -> None:
        self.spent_s += self.takes_s
        if error := self.errors_of.get(recipient, self.error):
            raise error
        subject = next(line for line in mail.decode().splitlines() if line.startswith("Subject: "))
        self.mails.append((recipient, "down" if "DOWN" in subject else "back"))


class Watch:
    """A watchdog, second by second; monitoring is up or down as the test says."""

    def __init__(self, folder: Path, teams: CareTeams = TEAMS, engineers: tuple[str, ...] = ()) -> None:
        self.server = FakeServer()
        self.folder = folder
        self.turned_s = 0.0
        self.teams, self.engineers = teams, engineers
        self.restart()

    @property
    def now_s(self) -> float:
        return BEGIN_S + self.turned_s + self.server.spent_s

    def restart(self) -> None:
        self.hearing = Hearing(range(2), self.now_s)
        file, server = IncidentFile(self.folder / "incident.json"), cast("MailServer", self.server)
        clock = lambda: self.now_s  # noqa: E731  one clock for both
        self.dog = Watchdog(self.teams, self.engineers, file, server, "wardwatch@h", clock, clock)

    def go_on(self, seconds: float, *, up: bool, kafka: bool = True) -> list[tuple[str, str]]:
        """Let time go on, and return the mails of that time."""
        before = len(self.server.mails)
        for _ in range(int(seconds)):
            self.turned_s += 1
            if up:
                self.hearing.pulse([0, 1], self.now_s)
                for partition in (0, 1):
                    self.hearing.tick(partition, self.now_s)
            if kafka:
                self.hearing.look(self.now_s)
            self.dog.judge(self.hearing)
            self.dog.tell()
        return self.server.mails[before:]


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
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
    assert watch.go_on(45, up=True) == []
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
    assert watch.go_on(50, up=True) == BACK
    watch.restart()
    assert watch.go_on(60, up=True) == []


def test_a_restart_that_has_heard_nothing_yet_ends_nothing(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(40, up=False)
    watch.restart()
    assert watch.go_on(29, up=False) == []


def test_a_watchdog_that_stood_still_listens_again_before_it_judges(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.turned_s += 3600
    assert watch.go_on(29, up=False) + watch.go_on(60, up=True) == []


def test_a_watchdog_that_stood_still_says_as_soon_as_ever_that_monitoring_is_down(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.turned_s += 3600
    assert watch.go_on(32, up=False) == [("engineer@h", "down")]


def test_a_watchdog_that_stood_still_says_nothing_is_back_before_it_has_heard_so(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(160, up=False)
    for _ in range(10):
        watch.turned_s += 60
        assert watch.go_on(25, up=False) == []


def test_a_mail_server_that_takes_eleven_seconds_to_say_no_brings_no_news_of_its_own(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.takes_s, watch.server.error = 11.0, ServerAway("timed out")
    assert watch.go_on(120, up=False) == []
    assert watch.dog.incidents == 1
    watch.server.error = None
    assert sorted(watch.go_on(10, up=False)) == sorted([("engineer@h", "down"), *WARDS])


def test_between_slow_mails_it_goes_on_judging(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(150, up=False)
    watch.server.takes_s = 11.0
    assert watch.go_on(1, up=False) == WARDS[:1]
    assert watch.go_on(1, up=False) == WARDS[1:]
    assert watch.go_on(200, up=True) == BACK


def test_who_is_refused_for_now_holds_up_nobody_however_slowly(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.takes_s, watch.server.errors_of = 2.0, {"engineer@h": RefusedForNow("451 greylisted")}
    assert watch.go_on(200, up=False) == WARDS
    watch.server.errors_of = {}
    assert watch.go_on(10, up=False) == [("engineer@h", "down")]


def test_down_again_before_all_have_heard_that_it_is_back_is_told(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(160, up=False)
    watch.server.errors_of = {"nurse@h": RefusedForNow("452 mailbox full")}
    assert watch.go_on(60, up=True) == BACK[:2]
    assert watch.go_on(35, up=False) == [("engineer@h", "down")]
    watch.server.errors_of = {}
    assert watch.go_on(125, up=False) == WARDS[:1]
    assert watch.go_on(60, up=True) == [BACK[2], *BACK[:2]]


def test_a_lane_that_dies_again_and_again_is_not_back(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.go_on(160, up=False)
    for _ in range(5):
        assert watch.go_on(1, up=True) + watch.go_on(60, up=False) == []


def test_what_no_mail_server_takes_is_tried_until_one_does(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.error = ServerAway("gone")
    assert watch.go_on(60, up=False) == []
    watch.server.error = None
    assert watch.go_on(6, up=False) == [("engineer@h", "down")]


def test_an_address_that_is_refused_for_good_is_not_tried_again(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.server.error = Refused("550 no such user")
    watch.go_on(40, up=False)
    watch.server.error = None
    assert watch.go_on(60, up=False) == []


def test_engineers_of_the_settings_are_told_where_the_file_names_none(tmp_path: Path) -> None:
    watch = Watch(tmp_path, parse("default: [duty@h]"), ("of-the-settings@h",))
    watch.go_on(1, up=True)
    assert watch.go_on(32, up=False) == [("of-the-settings@h", "down")]


def test_a_planned_stop_is_no_alarm(watch: Watch) -> None:
    watch.go_on(60, up=True)
    watch.turned_s += 600
    watch.restart()  # as after `make up`: nothing has pulsed for a while, and the lane is still starting
    assert watch.go_on(100, up=False) + watch.go_on(60, up=True) == []
