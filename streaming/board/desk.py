"""What people do: each act is checked, written to the log in the user's name, and kept in `audit`.

The fold decides; what it would refuse is refused here already, with its own words, and not sent. A message that could
not be written within seconds is given up: an acknowledgement must not take effect minutes after the click.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from lakehouse.errors import StoreError, UnconfirmedError
from lakehouse.kafka import LogWriter
from lakehouse.messages import Command, Limit, Limits, encode
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE
from streaming.board import limits
from streaming.board.limits import Accepted
from streaming.board.login import Refused, Right, User
from streaming.board.tail import Place

PATIENCE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, on which patient, and where that patient lies."""

    name: str
    user: User
    patient_id: str
    ward_id: str | None


class Desk:
    """Writes commands and limits as Kafka's user `board`. A context manager.

    Each act returns its place in the log, from which what came of it can be followed, or raises `Refused`. The lane
    writes its own row in `audit` for whatever reaches the log; the rows from here (`note` as `Audit.note`) say also
    what did not.
    """

    def __init__(self, settings: Settings, note: Callable[..., None]) -> None:
        patience_ms = int(PATIENCE_S * 1000)
        self._log = LogWriter(
            settings, Service.BOARD, linger_ms=0, message_timeout_ms=patience_ms, delivery_report_only_error=False
        )
        self._note = note

    def __enter__(self) -> Self:
        self._log.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.__exit__(kind, error, trace)

    def acknowledge(self, actor: Actor, alert_id: str) -> Place:
        """Acknowledge one alert."""
        command = Command(patient_id=actor.patient_id, action="acknowledge", alert_id=alert_id, by=actor.name)
        return self._act(actor, Right.ANSWER, command, None)

    def silence(self, actor: Actor, alert_id: str, until: datetime, now: datetime) -> Place:
        """Hold the notification of one alert until a time."""
        command = Command(patient_id=actor.patient_id, action="silence", alert_id=alert_id, by=actor.name, until=until)
        return self._act(actor, Right.ANSWER, command, limits.silence_refusal(until, now))

    def set_limit(
        self,
        actor: Actor,
        condition: str,
        pair: Limit,
        reason: str,
        expires_at: datetime,
        known: list[Accepted],
        now: datetime,
    ) -> Place:
        """Set the limits of one condition, medium and high, until they expire.

        `known` are the limits messages that were accepted so far. The version is the time, which only grows.
        """
        wanted = Limits(
            patient_id=actor.patient_id,
            version=int(now.timestamp() * 1000),
            limits={condition: pair},
            author=actor.name,
            reason=reason.strip(),
            expires_at=expires_at,
        )
        why_not = limits.refusal(known, wanted, now) if wanted.reason else "a limit needs a reason"
        return self._act(actor, Right.LIMITS, wanted, why_not)

    def _act(self, actor: Actor, right: Right, message: Command | Limits, why_not: str | None) -> Place:
        if not actor.user.may(right, actor.ward_id):
            why_not = f"a {actor.user.role} of {', '.join(actor.user.wards)} may not {right} of {actor.ward_id}"
        action, detail = _described(message)
        if why_not is not None:
            raise self.refusal(actor, action, detail, why_not)
        try:
            place = self._log.write(BEDSIDE.name, actor.patient_id.encode(), encode(message), PATIENCE_S)
        except UnconfirmedError as error:
            self._note(actor.name, action, f"not confirmed: {error}", patient_id=actor.patient_id, detail=detail)
            raise Refused(
                "Not confirmed: the log does not answer. It may take effect yet; look before you try again."
            ) from error
        except StoreError as error:
            self._note(actor.name, action, f"not sent: {error}", patient_id=actor.patient_id, detail=detail)
            raise Refused("Not sent: the log refused it.") from error
        sent = f"sent as bedside[{place[0]}]@{place[1]}"
        self._note(actor.name, action, sent, patient_id=actor.patient_id, detail=detail)
        return place

    def refusal(self, actor: Actor, action: str, detail: dict[str, Any], why_not: str) -> Refused:
        """Note that an act was refused, and return what is to be raised."""
        self._note(actor.name, action, f"refused: {why_not}", patient_id=actor.patient_id, detail=detail)
        return Refused(f"{why_not[0].upper()}{why_not[1:]}.")


def _described(message: Command | Limits) -> tuple[str, dict[str, Any]]:
    if isinstance(message, Command):
        detail = {"alert_id": message.alert_id, "until": message.until}
        return str(message.action), {name: value for name, value in detail.items() if value is not None}
    return "limits", {"version": message.version, "limits": message.limits, "expires_at": message.expires_at}
