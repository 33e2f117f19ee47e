"""The dead-man's switch: `python -m streaming watchdog`.

Where neither lane nor standby gives a sign for 30 s, where the clock does not tick, or where Kafka does not answer, the
engineers get one mail that monitoring is down, after two minutes more the wards do, and all of them one when it is
back. What has been told is kept in a local file, so a restart repeats nothing.

A stack that has just been started is given time: until all was well once, at most three minutes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
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
from streaming.watchdog.incident import Incident
from streaming.watchdog.letters import write
from streaming.watchdog.store import IncidentFile

logger = logging.getLogger(__name__)

EVERY_S: Final = 1.0
FIRST_GRACE_S: Final = 180.0  # a cold start of everything takes half of it
RETRY_S: Final = 5.0
PAUSE_S: Final = 10.0  # who was stopped for so long has heard nothing, and must listen again before it judges


def run(settings: Settings, stop: Event) -> None:
    """Watch until told to stop."""
    teams = care_teams.load(settings.care_teams)
    heartbeat = Heartbeat(settings.run / "heartbeats" / "watchdog.json")
    heartbeat.beat("starting")
    hearing = Hearing(range(settings.kafka.partitions), time.time())
    file = IncidentFile(settings.run / "watchdog" / "incident.json")
    with Ears(settings, hearing) as ears, MailServer(settings.smtp) as server:
        watchdog = Watchdog(teams, settings.engineers, file, server, settings.smtp.sender)
        while not stop.wait(EVERY_S):
            ears.listen()
            watchdog.judge(hearing, time.time())
            watchdog.tell()
            heartbeat.beat(watchdog.state, incidents=watchdog.incidents, mails=watchdog.mails)
    heartbeat.beat("stopped")


class Watchdog:
    """Judges what is heard, and tells people."""

    def __init__(
        self, teams: CareTeams, engineers: Sequence[str], file: IncidentFile, server: MailServer, sender: str
    ) -> None:
        self._teams = teams
        self._engineers = teams.engineers or tuple(engineers)
        self._file = file
        self._server = server
        self._sender = sender
        self._incident = file.load()
        self._judged_s: float | None = None
        self._try_at = 0.0
        self.incidents = self.mails = 0

    @property
    def state(self) -> str:
        """What the heartbeat says."""
        if self._incident is None:
            return "running"
        return "monitoring is down" if self._incident.over_s is None else "monitoring is back"

    def judge(self, hearing: Hearing, now_s: float) -> None:
        """Open, continue or end an incident, by what was heard until now."""
        if self._judged_s is not None and now_s - self._judged_s > PAUSE_S:
            logger.warning("this process stood still for %.0f s, and listens anew", now_s - self._judged_s)
            hearing.since_s = now_s
        self._judged_s = now_s
        silence_s = self._teams.watchdog.silence_s
        faults = list(hearing.faults(now_s, silence_s))
        if self._incident is None:
            starting = not hearing.is_complete and now_s - hearing.since_s < FIRST_GRACE_S
            if not faults or starting:
                return
            self._incident = Incident(began_s=now_s - silence_s, faults=faults)
            self.incidents += 1
            logger.error("monitoring is down: %s", "; ".join(faults))
            changed = True
        else:
            # After a restart nothing is known until all has been heard once: that is no news, good or bad.
            unknown = not faults and not hearing.is_complete
            changed = False if unknown else self._incident.observe(faults, now_s)
        moment = datetime.fromtimestamp(now_s, UTC)
        changed |= self._incident.tell(self._engineers)
        if now_s - (self._incident.began_s + silence_s) >= self._teams.watchdog.wards_after_s:
            changed |= self._incident.tell(self._teams.everyone_at_once(moment))
        if changed:
            self._file.save(self._incident)

    def tell(self) -> None:
        """Send what is to be sent; what a mail server does not take now is tried again every few seconds."""
        if self._incident is None or time.monotonic() < self._try_at:
            return
        for mail in list(self._incident.due()):
            letter = write(self._incident, mail, self._sender, datetime.now(UTC))
            try:
                self._server.send(mail.recipient, letter.as_bytes())
                self.mails += 1
                logger.info("told %s that monitoring is %s", mail.recipient, mail.news)
            except Refused as error:
                logger.error("%s will not hear that monitoring is %s: %s", mail.recipient, mail.news, error)  # noqa: TRY400
            except RefusedForNow as error:
                self._wait(mail.recipient, error)
                continue
            except ServerAway as error:
                self._wait("anyone", error)
                return
            self._incident.done(mail)
            self._file.save(self._incident)
        if self._incident.is_closed:
            logger.info("monitoring is back; all who knew of it have been told")
            self._incident = None
            self._file.save(None)

    def _wait(self, whom: str, error: Exception) -> None:
        logger.warning("%s cannot be told yet: %s; trying again", whom, error)
        self._try_at = time.monotonic() + RETRY_S
