"""Whether a step of an alert is told, and to whom. Pure: an event and the care teams in, a decision out.

=========== ================== ==================== ==================== ==============================================
step        low                medium               high                 why
=========== ================== ==================== ==================== ==============================================
onset       technical          team                 team                 low priority is technical: no clinician's mail
worsen      technical          teams so far         teams so far         everyone who knows of it must know it is worse
escalate    technical          team                 team                 step n reaches team n
expire      technical          teams so far         teams so far         a silence has ended and the alert is open
transfer    technical          teams so far         teams so far         the new ward must know what is open
others      nobody             nobody               nobody               the board shows them; they ask for nothing
=========== ================== ==================== ==================== ==============================================

Who that is of a ward, at that priority, escalation step and hour, says `care_teams.yaml`. The hour is that of the event
and not of the mail, so that an event that is read twice has the same recipients. That an alert has cleared may be told
to anyone who may have been told of it; who was, `Told` and `Deliveries` know.

A silenced alert is held, except that a worsening breaks the silence. An alert that someone has acknowledged is not told
again when its silence ends or its patient moves, and a move within a ward is no news. What is told to nobody has a
reason, and the worker counts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from lakehouse.events import AlertEvent, Priority, Step
from streaming.notify.rota import Addresses
from streaming.notify.teams import CLINICAL, STEPS, CareTeams


class Reach(Enum):
    """Who of a ward's team a step reaches."""

    TECHNICAL = "technical"
    TEAM = "team"
    TEAMS_SO_FAR = "teams so far"
    TOLD = "the told"


RULES: Final[dict[tuple[Step, Priority], Reach]] = {
    ("onset", "low"): Reach.TECHNICAL,
    ("onset", "medium"): Reach.TEAM,
    ("onset", "high"): Reach.TEAM,
    ("worsen", "low"): Reach.TECHNICAL,
    ("worsen", "medium"): Reach.TEAMS_SO_FAR,
    ("worsen", "high"): Reach.TEAMS_SO_FAR,
    ("escalate", "low"): Reach.TECHNICAL,
    ("escalate", "medium"): Reach.TEAM,
    ("escalate", "high"): Reach.TEAM,
    ("expire", "low"): Reach.TECHNICAL,
    ("expire", "medium"): Reach.TEAMS_SO_FAR,
    ("expire", "high"): Reach.TEAMS_SO_FAR,
    ("transfer", "low"): Reach.TECHNICAL,
    ("transfer", "medium"): Reach.TEAMS_SO_FAR,
    ("transfer", "high"): Reach.TEAMS_SO_FAR,
    ("clear", "medium"): Reach.TOLD,  # a high alert that has eased clears as a medium one
    ("clear", "high"): Reach.TOLD,
}
HELD_BY_SILENCE: Final[frozenset[Step]] = frozenset({"onset", "escalate", "transfer"})
FOR_THE_UNACKNOWLEDGED: Final[frozenset[Step]] = frozenset({"expire", "transfer"})


@dataclass(frozen=True, slots=True)
class Decision:
    """Who is told; where that is nobody, why."""

    recipients: Addresses
    reason: str | None = None


def decide(event: AlertEvent, teams: CareTeams) -> Decision:
    """Decide who is told about one step of an alert.

    Parameters
    ----------
    event : AlertEvent
        A priority that is missing counts as medium: too many mails are better than none.
    teams : CareTeams
        Who looks after which ward.

    Returns
    -------
    Decision
        With a reason when, and only when, nobody is told.
    """
    priority = event.priority or "medium"
    reach = RULES.get((event.step, priority))
    if reach is None or (reach is Reach.TOLD and not teams.cleared):
        return Decision((), f"step {event.step} is not mailed")
    if event.step in HELD_BY_SILENCE and _silenced(event):
        return Decision((), "silenced")
    if event.step in FOR_THE_UNACKNOWLEDGED and event.acknowledged:
        return Decision((), "acknowledged")
    if event.step == "transfer" and event.ward_id == event.from_ward_id:
        return Decision((), "moved within its ward")
    recipients = _reached(reach, event, priority, teams)
    return Decision(recipients) if recipients else Decision((), f"{priority} priority and no technical address")


def _silenced(event: AlertEvent) -> bool:
    return event.silenced_until is not None and event.silenced_until > event.received_at


def _reached(reach: Reach, event: AlertEvent, priority: Priority, teams: CareTeams) -> Addresses:
    ward_id, moment = event.ward_id, event.received_at
    match reach:
        case Reach.TECHNICAL:
            return teams.technical(ward_id, moment)
        case Reach.TEAM:
            return teams.at(ward_id, event.escalation, priority, moment)
        case Reach.TEAMS_SO_FAR:
            return teams.up_to(ward_id, event.escalation, priority, moment)
        case Reach.TOLD:
            # Who was on duty when it began, and of either priority that it may have had.
            moments = {event.onset_at or moment: None, moment: None}
            told = (
                address
                for at in moments
                for each in CLINICAL
                for address in teams.up_to(ward_id, len(STEPS) - 1, each, at)
            )
            return tuple(dict.fromkeys(told))
