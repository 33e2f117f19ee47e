"""Who is on duty when: the rota file, read strictly. Pure but for `load`.

A shift belongs to the day on which it begins; one that ends no later in the day than it begins ends on the next day.
Shifts of a date (`dates`) take the place of all shifts of the week that begin on that date. Hours are those of the wall
clock in the file's time zone: where that is set forward or back, a shift is an hour shorter or longer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from streaming.notify import strict_yaml
from streaming.notify.strict_yaml import Part

Address = Annotated[str, Field(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$")]
Addresses = tuple[Address, ...]
SomeAddresses = Annotated[Addresses, Field(min_length=1)]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 24 * 60
_HOURS: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_ANY_MONDAY: Final = date(2001, 1, 1)


def _days(given: Any) -> Any:
    """Turn ``mon-fri, sun`` into numbers of days, Monday being 0."""
    if not isinstance(given, str):
        raise ValueError("days must be a text such as mon-fri or sat, sun")  # noqa: TRY004  pydantic takes ValueError
    days: list[int] = []
    for part in given.split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise ValueError(f"{part.strip()!r} is no day and no stretch of days; the days are {', '.join(DAYS)}")
        begin = DAYS.index(first)
        days += [(begin + n) % 7 for n in range((DAYS.index(last or first) - begin) % 7 + 1)]
    return tuple(days)


def _hours(given: Any) -> Any:
    """Turn ``19:00-07:00`` into minutes after the midnight before: begin, and end, which may lie in the next day."""
    found = _HOURS.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise ValueError("hours must be HH:MM-HH:MM, from 00:00 to 24:00")
    begin_h, begin_min, end_h, end_min = map(int, found.groups())
    begin, end = begin_h * 60 + begin_min, end_h * 60 + end_min
    if max(begin, end) > DAY_MIN or begin == DAY_MIN:
        raise ValueError("hours begin at 23:59 at the latest, and end at 24:00 at the latest")
    return (begin, end if end > begin else end + DAY_MIN)


class Shift(Part):
    """Some people, at the same hours of some days."""

    days: Annotated[tuple[int, ...], BeforeValidator(_days)] = ()
    dates: tuple[date, ...] = ()
    hours: Annotated[tuple[int, int], BeforeValidator(_hours)]
    to: SomeAddresses

    @model_validator(mode="after")
    def _either_or(self) -> Self:
        if bool(self.days) == bool(self.dates):
            raise ValueError("a shift has either days or dates")
        return self


Shifts = Annotated[tuple[Shift, ...], Field(min_length=1)]


def on_duty(shifts: Sequence[Shift], day: date, minute: int) -> Addresses:
    """Return who is on duty at a minute of a day, by the wall clock."""
    begun_today = ((shift, minute) for shift in _of(shifts, day))
    begun_before = ((shift, minute + DAY_MIN) for shift in _of(shifts, day - timedelta(days=1)))
    people = (
        address
        for shift, at in (*begun_today, *begun_before)
        if shift.hours[0] <= at < shift.hours[1]
        for address in shift.to
    )
    return tuple(dict.fromkeys(people))


def _of(shifts: Sequence[Shift], day: date) -> Sequence[Shift]:
    of_the_date = [shift for shift in shifts if day in shift.dates]
    return of_the_date or [shift for shift in shifts if day.weekday() in shift.days]


def gaps(shifts: Sequence[Shift]) -> Iterator[str]:
    """Yield when nobody is on duty: of a week, and around each date that has shifts of its own."""
    edges = sorted({0, *(minute % DAY_MIN for shift in shifts for minute in shift.hours)})
    weekly = [shift for shift in shifts if shift.days]
    for number, name in enumerate(DAYS):
        day = _ANY_MONDAY + timedelta(days=number)
        yield from (f"{name} {_clock(edge)}" for edge in edges if not on_duty(weekly, day, edge))
    dates = {each for shift in shifts for each in shift.dates}
    for day in sorted({each + timedelta(days=more) for each in dates for more in (0, 1)}):
        yield from (f"{day} {_clock(edge)}" for edge in edges if not on_duty(shifts, day, edge))


class Rotas(Part):
    """The whole file."""

    time_zone: str = "UTC"
    rotas: dict[str, Shifts] = Field(default_factory=dict)

    @field_validator("time_zone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):  # of a folder, of a path, and ZoneInfoNotFoundError
            raise ValueError(f"there is no time zone {name!r}; for example Europe/Vienna") from None
        return name

    def at(self, name: str, moment: datetime) -> Addresses:
        """Return who of a rota is on duty at a moment; a rota that does not exist has nobody."""
        local = moment.astimezone(ZoneInfo(self.time_zone))
        return on_duty(self.rotas.get(name, ()), local.date(), local.hour * 60 + local.minute)


def load(path: Path) -> Rotas:
    """Read the rota file.

    Raises
    ------
    SettingsError
        Naming every problem, each with its line and field.
    """
    why = "a rota says who is on duty; correct `rota` in care_teams.yaml, or write the file"
    return parse(strict_yaml.read(path, why), str(path))


def parse(text: str, name: str = "rota.yaml") -> Rotas:
    """Read the text of such a file; `name` is for the error message."""
    return strict_yaml.parse(Rotas, text, name, _holes)


def _holes(rotas: Rotas) -> strict_yaml.Problems:
    for name, shifts in rotas.rotas.items():
        if holes := list(gaps(shifts)):
            yield ("rotas", name), f"nobody is on duty from {holes[0]} on" + (", and more" if len(holes) > 1 else "")


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
