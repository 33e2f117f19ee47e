"""The dead-man's switch: `python -m streaming watchdog`.

Where neither lane nor standby gives a sign for 30 s, where the clock does not tick, or where Kafka does not answer, the
engineers get one mail that monitoring is down, after two minutes more the wards do, and all of them one when it is
back. What has been told is kept in a local file, so a restart repeats nothing.

A stack that has just been started is given time: until all was well once, at most three minutes.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Final

from lakehouse.heartbeat import Heartbeat
from lakehouse.settings import Settings
from streaming.notify import teams as care_teams
from streaming.notify.mail_server import MailServer, Refused, RefusedForNow, ServerAway
from streaming.notify.teams import CareTeams
from streaming.watchdog.ears import Ears
from streaming.watchdog.hearing import Hearing
from streaming.watchdog.incident import Incident, Mail
from streaming.watchdog.letters import write
from streaming.watchdog.store import IncidentFile

logger = logging.getLogger(__name__)

EVERY_S: Final = 1.0
FIRST_GRACE_S: Final = 180.0  # a cold start of everything takes half of it
RETRY_S: Final = 5.0
PAUSE_S: Final = 10.0  # who was stopped for so long has heard nothing, and must listen again before it judges
# Monitoring is back when all was well for so much longer than what counts as silence: by then a sign that no other
# has followed, as of a lane that dies again and again, has become silence. The clock is listened to every 8 s.
STEADY_MORE_S: Final = 15.0


def run(settings: Settings, stop: Event) -> None:
    """Watch until told to stop."""
    teams = care_teams.load(settings.care_teams)
    heartbeat = Heartbeat(settings.run / "heartbeats" / "watchdog.json")
    heartbeat.beat("starting")
    hearing = Hearing(range(settings.kafka.partitions), time.monotonic())
    file = IncidentFile(settings.run / "watchdog" / "incident.json")
    with Ears(settings, hearing) as ears, MailServer(settings.smtp) as server:
        watchdog = Watchdog(teams, settings.engineers, file, server, settings.smtp.sender)
        while not stop.wait(EVERY_S):
            ears.listen()
            watchdog.judge(hearing)
            watchdog.tell()
            heartbeat.beat(watchdog.state, incidents=watchdog.incidents, mails=watchdog.mails)
    heartbeat.beat("stopped")


class Watchdog:
    """Judges what is heard, and tells people.

    `clock` says when things happened, in seconds since 1970; `monotonic` how long they take.
    """

    def __init__(
        self,
        teams: CareTeams,
        engineers: Sequence[str],
        file: IncidentFile,
        server: MailServer,
        sender: str,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._teams = teams
        self._engineers = teams.engineers or tuple(engineers)
        self._file = file
        self._server = server
        self._sender = sender
        self._clock = clock
        self._monotonic = monotonic
        self._incident = file.load()
        self._was_well = False
        self._awake_s = monotonic()
        self._try_at = float("-inf")
        self._tries: Counter[Mail] = Counter()
        self.incidents = self.mails = 0

    @property
    def state(self) -> str:
        """What the heartbeat says."""
        if self._incident is None:
            return "running" if self._was_well else "waiting until all is well"
        return "monitoring is down" if self._incident.over_s is None else "monitoring is back"

    def judge(self, hearing: Hearing) -> None:
        """Open, continue or end an incident, by what was heard until now."""
        heard_s, now_s = self._monotonic(), self._clock()
        if heard_s - self._awake_s > PAUSE_S:
            logger.warning("this process stood still for %.0f s, and listens anew", heard_s - self._awake_s)
            hearing.begin(heard_s)
        self._awake_s = heard_s
        self._was_well |= hearing.is_complete
        silence_s = self._teams.watchdog.silence_s
        faults = list(hearing.faults(heard_s, silence_s))
        changed = False
        if faults and (self._incident is None or self._incident.over_s is not None):
            if not self._was_well and heard_s - hearing.since_s < FIRST_GRACE_S:
                return
            began_s = now_s - silence_s
            before = self._incident
            self._incident = Incident(began_s, faults) if before is None else before.again(faults, began_s)
            self._tries.clear()
            self.incidents += 1
            logger.error("monitoring is down: %s", "; ".join(faults))
            changed = True
        if self._incident is None:
            return
        if faults or hearing.is_complete:
            changed |= self._incident.observe(faults, now_s, silence_s + STEADY_MORE_S)
        else:  # until all has been heard once, nothing is known: that is no news, good or bad
            self._incident.well_since_s = None
        moment = datetime.fromtimestamp(now_s, UTC)
        changed |= self._incident.tell(self._engineers)
        if now_s - (self._incident.began_s + silence_s) >= self._teams.watchdog.wards_after_s:
            changed |= self._incident.tell(self._teams.everyone_at_once(moment))
        if changed:
            self._file.save(self._incident)

    def tell(self) -> None:
        """Send what is to be sent, for a second or one mail: then monitoring is judged again, and the rest sent.

        What a mail server does not take now is tried again every few seconds, and holds up nobody else.
        """
        began_s = self._monotonic()
        if self._incident is None or began_s < self._try_at:
            return
        for mail in sorted(self._incident.due(), key=lambda each: self._tries[each]):
            if self._monotonic() - began_s > EVERY_S or not self._send(self._incident, mail):
                break
        self._awake_s = self._monotonic()  # whoever speaks does not sleep
        if self._incident.is_closed:
            logger.info("monitoring is back; all who knew of it have been told")
            self._incident = None
            self._file.save(None)

    def _send(self, incident: Incident, mail: Mail) -> bool:
        """Send one mail; whether the mail server takes any now."""
        self._tries[mail] += 1
        letter = write(incident, mail, self._sender, datetime.fromtimestamp(self._clock(), UTC))
        try:
            self._server.send(mail.recipient, letter.as_bytes())
            self.mails += 1
            logger.info("told %s that monitoring is %s", mail.recipient, mail.news)
        except Refused as error:
            logger.error("%s will not hear that monitoring is %s: %s", mail.recipient, mail.news, error)  # noqa: TRY400
        except (RefusedForNow, ServerAway) as error:
            logger.warning("%s cannot be told yet: %s; trying again", mail.recipient, error)
            self._try_at = self._monotonic() + RETRY_S
            return isinstance(error, RefusedForNow)
        incident.done(mail)
        self._file.save(incident)
        return True
