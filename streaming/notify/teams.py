"""Who looks after which ward: `care_teams.yaml`, read strictly.

A mistake in this file is a mail that nobody gets, so nothing in it is guessed: unknown keys, keys given twice, empty
lists and malformed addresses are refused, with the line and the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.errors import SettingsError

Address = Annotated[str, Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")]
Addresses = tuple[Address, ...]
SomeAddresses = Annotated[Addresses, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Team(_Part):
    """The people of one ward, in the order in which an unanswered alert reaches them."""

    first: SomeAddresses
    second: Addresses = ()
    third: Addresses = ()
    technical: Addresses = ()

    def at(self, escalation: int) -> Addresses:
        """Return who is told at this escalation step (0 = at once); the team before where that one is empty."""
        reached = (self.first, self.second, self.third)[: max(escalation, 0) + 1]
        return next(team for team in reversed(reached) if team)

    def up_to(self, escalation: int) -> Addresses:
        """Return everyone who was told up to this escalation step."""
        everyone = [address for step in range(max(escalation, 0) + 1) for address in self.at(step)]
        return tuple(dict.fromkeys(everyone))


class Storm(_Part):
    """When single mails become one that lists. High priority waits for no list longer than `high_hold_s`."""

    mails_per_minute: int = Field(default=10, ge=1, le=600)
    hold_s: float = Field(default=30.0, ge=0, le=300)
    high_hold_s: float = Field(default=1.0, ge=0, le=5)
    largest_digest: int = Field(default=100, ge=2, le=200)


class CareTeams(_Part):
    """The whole file. `default` is told about patients without a ward, and of wards that are not listed."""

    default: SomeAddresses
    wards: dict[str, Team] = Field(default_factory=dict)
    storm: Storm = Storm()

    def of(self, ward_id: str | None) -> Team:
        """Return the team of a ward; it always has someone in it."""
        return self.wards.get(ward_id or "") or Team(first=self.default)


def load(path: Path) -> CareTeams:
    """Read the file.

    Raises
    ------
    SettingsError
        Naming every problem, each with its line and field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the notifier needs to know whom to tell; {path} cannot be read ({error}); "
            "start from the care_teams.yaml in the repository, or set WARDWATCH_CARE_TEAMS"
        ) from None
    return parse(text, str(path))


def parse(text: str, name: str = "care_teams.yaml") -> CareTeams:
    """Read the text of such a file; `name` is for the error message."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{name} must be YAML; {error}; correct it and start again") from None
    problems = list(_keys_given_twice(root))
    try:
        teams = CareTeams.model_validate(document)
        if not problems:
            return teams
    except ValidationError as error:
        problems += [f"{_place(root, problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    raise SettingsError(f"{name} must name valid teams; {'; '.join(problems)}; correct it and start again")


MERGE_TAG: Final = "tag:yaml.org,2002:merge"


def _keys_given_twice(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_given_twice(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen and key.tag != MERGE_TAG:
                yield f"line {key.start_mark.line + 1}, {key.value}: given twice"
            seen.add(key.value)
            yield from _keys_given_twice(value)


def _place(root: yaml.Node | None, field: tuple[int | str, ...]) -> str:
    """Return the line where a field stands, as far down as the file has it, and the field's name."""
    node = root
    for step in field:
        below = _child(node, step)
        if below is None:
            break
        node = below
    line = node.start_mark.line + 1 if node is not None else 1
    return f"line {line}, {'.'.join(str(step) for step in field) or 'the file'}"


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None
