"""care_teams.yaml is read strictly: a mistake is refused with its line and field, never guessed."""

from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from streaming.notify.rota import Rotas
from streaming.notify.rota import parse as parse_rota
from streaming.notify.teams import load, parse
from tests.unit.streaming.notify.builders import NIGHT

TEAMS = """\
default: [duty@h.example]
wards:
  icu:
    first: [nurse@h.example]
    second: [physician@h.example]
"""


def test_the_file_in_the_repository_is_valid() -> None:
    teams = load(Path("care_teams.yaml"))
    assert [teams.at("icu", step, "high", NIGHT) for step in (0, 1, 2)] == [
        ("icu-nurses@hospital.example",),
        ("icu-night@hospital.example",),
        ("icu-consultant@hospital.example",),
    ]


DAY_SHIFT = "{days: mon-sun, hours: 08:00-20:00, to: [day@h.example]}]}"


@pytest.mark.parametrize("ward_id", [None, "", "ward-z"])
def test_a_patient_without_a_listed_ward_is_the_business_of_the_default_list(ward_id: str | None) -> None:
    assert parse(TEAMS).at(ward_id, 2, "high", NIGHT) == ("duty@h.example",)


def test_an_empty_team_is_replaced_by_the_one_before_it() -> None:
    teams = parse(TEAMS)
    assert [teams.at("icu", escalation, "medium", NIGHT) for escalation in (0, 1, 2, 7)] == [
        ("nurse@h.example",),
        ("physician@h.example",),
        ("physician@h.example",),
        ("physician@h.example",),
    ]


def test_everyone_told_so_far_is_named_once() -> None:
    assert parse(TEAMS).up_to("icu", 2, "high", NIGHT) == ("nurse@h.example", "physician@h.example")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("wards: {}", "line 1, default: Field required"),
        ("default: []", "line 1, default: Tuple should have at least 1 item"),
        (TEAMS.replace("nurse@h.example", "nurse"), "line 4, wards.icu.first.0: String should match pattern"),
        (
            TEAMS.replace("[nurse@h.example]", "nurse@h.example"),
            "line 4, wards.icu.first: Input should be a valid tuple",
        ),
        (TEAMS.replace("second", "secnd"), "line 5, wards.icu.secnd: Extra inputs are not permitted"),
        (TEAMS.replace("icu", "4"), "line 4, wards.4.[key]: Input should be a valid string"),
        (TEAMS + "  icu:\n    first: [x@h.example]\n", "line 6, icu: given twice"),
        (TEAMS + "storm: {high_hold_s: 60}\n", "line 6, storm.high_hold_s: Input should be less than or equal to 5"),
        (
            TEAMS.replace("[nurse@h.example]", "[{to: [nurse@h.example], priorities: [high]}]"),
            "line 4, wards.icu.first: Value error, somebody must be told at once of each priority; nobody is of medium",
        ),
        (
            TEAMS + "    third:\n      - {to: [a@h.example], rota: nights}\n",
            "line 7, wards.icu.third.0: Value error, an entry is an address, or has either `to` or `rota`",
        ),
        (TEAMS + "    third:\n      - rota: nights\n", "line 7, wards.icu.third.0.rota: there is no rota 'nights'"),
        (
            TEAMS + "    third:\n      - {to: [a@h.example], priorities: [low]}\n",
            "line 7, wards.icu.third.0.priorities.0: Input should be 'high' or 'medium'",
        ),
        (
            TEAMS + "    technical:\n      - {to: [a@h.example], priorities: [high]}\n",
            "line 7, wards.icu.technical: Value error, technical hears of low priority and no other",
        ),
        (TEAMS + "cleared: [low]\n", "line 6, cleared.0: Input should be 'high' or 'medium'"),
        (TEAMS + "quiet_minutes: -1\n", "line 6, quiet_minutes: Input should be greater than or equal to 0"),
        (TEAMS + "watchdog: {silence_s: 1}\n", "line 6, watchdog.silence_s: Input should be greater than"),
        ("default: [", "must be YAML"),
        ("", "line 1, the file"),
        ("default: ['a@h.example\\nBcc: b@h.example']", "line 1, default.0"),
        ('default: ["a@h.example\\nBcc: b@h.example"]', "line 1, default.0: String should match pattern"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_field(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text)
    assert problem in str(refused.value)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"start from the care_teams\.yaml in the repository"):
        load(tmp_path / "none.yaml")


def test_who_is_on_duty_is_told_and_the_step_before_where_nobody_is() -> None:
    rotas = parse_rota("rotas: {nights: [{days: mon-sun, hours: 20:00-08:00, to: [night@h.example]}," + DAY_SHIFT)
    teams = parse(TEAMS.replace("[physician@h.example]", "[{rota: nights}]"), rotas=rotas)
    assert teams.at("icu", 1, "high", NIGHT) == ("night@h.example",)
    assert teams.with_rotas(Rotas()).at("icu", 1, "high", NIGHT) == ("nurse@h.example",)


def test_the_rota_file_stands_beside_and_its_mistakes_are_refused_too(tmp_path: Path) -> None:
    (tmp_path / "care_teams.yaml").write_text(TEAMS + "rota: who.yaml\n")
    with pytest.raises(SettingsError, match=r"who\.yaml cannot be read"):
        load(tmp_path / "care_teams.yaml")
    (tmp_path / "who.yaml").write_text("rotas:\n  nights:\n    - {days: mon, hours: 00:00-24:00, to: [x@h.example]}\n")
    with pytest.raises(
        SettingsError, match=r"who\.yaml must be valid; line 3, rotas\.nights: nobody is on duty from tue"
    ):
        load(tmp_path / "care_teams.yaml")
