"""Who looks after which ward, and when they are told: `care_teams.yaml`, read strictly.

A mistake in this file is a mail that nobody gets, so nothing in it is guessed: unknown keys, keys given twice, empty
lists, malformed addresses and rotas that do not exist are refused, with the line and the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from lakehouse.events import Priority
from streaming.notify import rota, strict_yaml
from streaming.notify.rota import Addresses, Rotas, SomeAddresses
from streaming.notify.strict_yaml import Part

Clinical = Literal["high", "medium"]
CLINICAL: Final[tuple[Clinical, ...]] = ("high", "medium")
STEPS: Final = ("first", "second", "third")


class People(Part):
    """Addresses, or whoever is on duty in a rota; and the priorities that they hear of."""

    to: Addresses = ()
    rota: str | None = None
    priorities: Annotated[frozenset[Clinical], Field(min_length=1)] = frozenset(CLINICAL)

    @model_validator(mode="before")
    @classmethod
    def _may_be_an_address(cls, given: Any) -> Any:
        return {"to": [given]} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _either_or(self) -> Self:
        if bool(self.to) == (self.rota is not None):
            raise ValueError("an entry is an address, or has either `to` or `rota`")
        return self


Group = tuple[People, ...]


class Team(Part):
    """The people of one ward, in the order in which an unanswered alert reaches them."""

    first: Annotated[Group, Field(min_length=1)]
    second: Group = ()
    third: Group = ()
    technical: Group = ()

    @field_validator("first")
    @classmethod
    def _hears_of_all(cls, first: Group) -> Group:
        unheard = [priority for priority in CLINICAL if not any(priority in each.priorities for each in first)]
        if unheard:
            raise ValueError(f"somebody must be told at once of each priority; nobody is of {', '.join(unheard)}")
        return first

    @field_validator("technical")
    @classmethod
    def _is_low(cls, technical: Group) -> Group:
        if any("priorities" in each.model_fields_set for each in technical):
            raise ValueError("technical hears of low priority and no other; leave `priorities` out")
        return technical


class Storm(Part):
    """When single mails become one that lists. High priority waits for no list longer than `high_hold_s`."""

    mails_per_minute: int = Field(default=10, ge=1, le=600)
    hold_s: float = Field(default=30.0, ge=0, le=300)
    high_hold_s: float = Field(default=1.0, ge=0, le=5)
    largest_digest: int = Field(default=100, ge=2, le=100)  # claimed in one transaction, of at most 50 KiB


class Watchdog(Part):
    """When monitoring counts as down, and when the wards hear of it."""

    silence_s: float = Field(default=30.0, ge=10, le=300)
    wards_after_s: float = Field(default=120.0, ge=0, le=3600)


class CareTeams(Part):
    """The whole file. `default` is told about patients without a ward, and of wards that are not listed."""

    default: SomeAddresses
    wards: dict[str, Team] = Field(default_factory=dict)
    rota: str | None = None  # the file of rotas, beside this one
    storm: Storm = Storm()
    quiet_minutes: float = Field(default=10.0, ge=0, le=60)
    cleared: tuple[Clinical, ...] = ("high",)
    engineers: Addresses = ()
    watchdog: Watchdog = Watchdog()
    _rotas: Rotas = PrivateAttr(default_factory=Rotas)

    def of(self, ward_id: str | None) -> Team:
        """Return the team of a ward; it always has someone in it."""
        return self.wards.get(ward_id or "") or Team(first=(People(to=self.default),))

    def at(self, ward_id: str | None, escalation: int, priority: Priority, moment: datetime) -> Addresses:
        """Return who of a ward is told at this escalation step (0 = at once) of an alert of high or medium priority.

        Where nobody is, the step before; where nobody is at any step, `default`.
        """
        groups = self._groups(self.of(ward_id), escalation)
        found = (self._on_duty(group, moment, priority) for group in reversed(groups))
        return next((addresses for addresses in found if addresses), self.default)

    def up_to(self, ward_id: str | None, escalation: int, priority: Priority, moment: datetime) -> Addresses:
        """Return everyone of a ward who is told up to this escalation step."""
        steps = range(min(max(escalation, 0), len(STEPS) - 1) + 1)
        everyone = (address for step in steps for address in self.at(ward_id, step, priority, moment))
        return tuple(dict.fromkeys(everyone))

    def technical(self, ward_id: str | None, moment: datetime) -> Addresses:
        """Return who of a ward is told of low priority, which is technical; perhaps nobody."""
        return self._on_duty(self.of(ward_id).technical, moment)

    def everyone_at_once(self, moment: datetime) -> Addresses:
        """Return who is told first of high priority, in any ward or none."""
        wards = (self.at(ward_id, 0, "high", moment) for ward_id in self.wards)
        return tuple(dict.fromkeys([*self.default, *(address for ward in wards for address in ward)]))

    def with_rotas(self, rotas: Rotas) -> Self:
        """Return the same teams, whose entries find their rotas here."""
        copy = self.model_copy()
        copy._rotas = rotas  # noqa: SLF001  its own: a field of the file must not be able to set it
        return copy

    def _on_duty(self, group: Group, moment: datetime, priority: Priority | None = None) -> Addresses:
        people = [each for each in group if priority is None or priority in each.priorities]
        each_to = (each.to if each.rota is None else self._rotas.at(each.rota, moment) for each in people)
        return tuple(dict.fromkeys(address for to in each_to for address in to))

    @staticmethod
    def _groups(team: Team, escalation: int) -> Sequence[Group]:
        return (team.first, team.second, team.third)[: max(escalation, 0) + 1]


def load(path: Path) -> CareTeams:
    """Read the file, and the rota file that it names.

    Raises
    ------
    SettingsError
        Naming every problem, each with its line and field.
    """
    why = (
        "the notifier needs to know whom to tell; start from the care_teams.yaml in the repository, or set "
        "WARDWATCH_CARE_TEAMS"
    )
    text = strict_yaml.read(path, why)
    named = strict_yaml.parse(CareTeams, text, str(path)).rota
    return parse(text, str(path), rota.load(path.parent / named) if named is not None else None)


def parse(text: str, name: str = "care_teams.yaml", rotas: Rotas | None = None) -> CareTeams:
    """Read the text of such a file; `name` is for the error message."""
    known = rotas or Rotas()
    return strict_yaml.parse(CareTeams, text, name, lambda teams: _without_rota(teams, known)).with_rotas(known)


def _without_rota(teams: CareTeams, rotas: Rotas) -> Iterator[tuple[strict_yaml.Field, str]]:
    for ward_id, team in teams.wards.items():
        for step in (*STEPS, "technical"):
            for place, people in enumerate(getattr(team, step)):
                if people.rota is not None and people.rota not in rotas.rotas:
                    there = ", ".join(rotas.rotas) or "none"
                    yield (
                        ("wards", ward_id, step, place, "rota"),
                        f"there is no rota {people.rota!r} in the file that `rota` names; it has {there}",
                    )
