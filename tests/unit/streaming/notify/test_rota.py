"""Who is on duty: the week, midnight, dates of their own, the time zone, and no hour without anybody."""

from datetime import UTC, datetime

import pytest

from lakehouse.errors import SettingsError
from streaming.notify.rota import Rotas, parse

ROTA = """\
time_zone: Europe/Vienna
rotas:
  icu:
    - {days: mon-fri, hours: 07:00-19:00, to: [day@h]}
    - {days: "sat, sun", hours: 07:00-19:00, to: [weekend@h]}
    - {days: mon-sun, hours: 19:00-07:00, to: [night@h]}
    - {dates: [2026-12-24], hours: 07:00-07:00, to: [holiday@h]}
"""


def at(text: str, *moment: int) -> tuple[str, ...]:
    return parse(text).at("icu", datetime(*moment, tzinfo=UTC))  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("moment", "on_duty"),
    [
        ((2026, 11, 24, 5, 59), "night@h"),  # Tuesday 06:59 in Vienna
        ((2026, 11, 24, 6, 0), "day@h"),
        ((2026, 11, 24, 17, 59), "day@h"),
        ((2026, 11, 24, 18, 0), "night@h"),
        ((2026, 11, 28, 6, 0), "weekend@h"),
        ((2026, 11, 30, 5, 59), "night@h"),  # begun on Sunday
        ((2026, 12, 24, 6, 0), "holiday@h"),
        ((2026, 12, 24, 18, 0), "holiday@h"),
        ((2026, 12, 25, 5, 59), "holiday@h"),
        ((2026, 12, 25, 6, 0), "day@h"),
        ((2026, 7, 7, 5, 0), "day@h"),  # 07:00 in summer
        ((2026, 7, 7, 4, 59), "night@h"),
    ],
)
def test_is_on_duty(moment: tuple[int, ...], on_duty: str) -> None:
    assert at(ROTA, *moment) == (on_duty,)


def test_hours_that_overlap_tell_both() -> None:
    both = "rotas: {icu: [{days: mon-sun, hours: 00:00-24:00, to: [a@h]}, {days: tue, hours: 10:00-11:00, to: [b@h]}]}"
    assert [at(both, 2026, 11, 24, 10, 30), at(both, 2026, 11, 24, 11, 0)] == [("a@h", "b@h"), ("a@h",)]


def test_a_rota_that_does_not_exist_has_nobody() -> None:
    assert Rotas().at("icu", datetime(2026, 11, 24, tzinfo=UTC)) == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Europe/Vienna", "Europe/Wien", "line 1, time_zone: Value error, there is no time zone 'Europe/Wien'"),
        ("mon-fri", "mon-fry", "line 4, rotas.icu.0.days: Value error, 'mon-fry' is no day and no stretch of days"),
        (
            "07:00-19:00, to: [day",
            "7-19, to: [day",
            "line 4, rotas.icu.0.hours: Value error, hours must be HH:MM-HH:MM",
        ),
        (
            "07:00-19:00, to: [day",
            "07:00-24:30, to: [day",
            "line 4, rotas.icu.0.hours: Value error, hours begin at 23:59",
        ),
        ("[day@h]", "[day]", "line 4, rotas.icu.0.to.0: String should match pattern"),
        ("[day@h]", "[]", "line 4, rotas.icu.0.to: Tuple should have at least 1 item"),
        ("dates: [2026-12-24]", "dates: [2026-12-32]", "line 7, rotas.icu.3.dates.0: Input should be a valid date"),
        ("{dates", "{days: mon, dates", "line 7, rotas.icu.3: Value error, a shift has either days or dates"),
        ("mon-fri", "mon-thu", "line 4, rotas.icu: nobody is on duty from fri 07:00 on"),
        (
            "07:00-07:00, to: [hol",
            "08:00-07:00, to: [hol",
            "line 4, rotas.icu: nobody is on duty from 2026-12-24 07:00",
        ),
        ("  icu:\n", "  icu: []\n  other:\n", "line 3, rotas.icu: Tuple should have at least 1 item"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_field(old: str, new: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(ROTA.replace(old, new, 1))
    assert problem in str(refused.value)
