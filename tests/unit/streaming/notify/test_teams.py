"""care_teams.yaml is read strictly: a mistake is refused with its line and field, never guessed."""

from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from streaming.notify.teams import Team, load, parse

TEAMS = """\
default: [duty@h.example]
wards:
  icu:
    first: [nurse@h.example]
    second: [physician@h.example]
"""


def test_the_file_in_the_repository_is_valid() -> None:
    assert load(Path("care_teams.yaml")).of("icu").first == ("icu-nurses@hospital.example",)


@pytest.mark.parametrize("ward_id", [None, "", "ward-z"])
def test_a_patient_without_a_listed_ward_is_the_business_of_the_default_list(ward_id: str | None) -> None:
    assert parse(TEAMS).of(ward_id) == Team(first=("duty@h.example",))


def test_an_empty_team_is_replaced_by_the_one_before_it() -> None:
    team = parse(TEAMS).of("icu")
    assert [team.at(escalation) for escalation in (0, 1, 2, 7)] == [
        ("nurse@h.example",),
        ("physician@h.example",),
        ("physician@h.example",),
        ("physician@h.example",),
    ]


def test_everyone_told_so_far_is_named_once() -> None:
    assert parse(TEAMS).of("icu").up_to(2) == ("nurse@h.example", "physician@h.example")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("wards: {}", "line 1, default: Field required"),
        ("default: []", "line 1, default: Tuple should have at least 1 item"),
        (TEAMS.replace("nurse@h.example", "nurse"), "line 4, wards.icu.first.0: String should match pattern"),
        (TEAMS.replace("[nurse@h.example]", "nurse@h.example"), "line 4, wards.icu.first: Input should be a valid"),
        (TEAMS.replace("second", "secnd"), "line 5, wards.icu.secnd: Extra inputs are not permitted"),
        (TEAMS.replace("icu", "4"), "line 4, wards.4.[key]: Input should be a valid string"),
        (TEAMS + "  icu:\n    first: [x@h.example]\n", "line 6, icu: given twice"),
        (TEAMS + "storm: {high_hold_s: 60}\n", "line 6, storm.high_hold_s: Input should be less than or equal to 5"),
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
