"""Who may see and do what, and how fast one may guess."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from streaming.board.login import Door, Refused, Right, Role, Throttle, User, Users

PASSWORD = "correct horse battery"
HASH = "$argon2id$..."


@pytest.fixture
def users(tmp_path: Path) -> Users:
    users = Users(tmp_path / "users.yaml")
    users.put("n.meier", "nurse", ("icu", "ward-a"), PASSWORD)
    return users


@pytest.mark.parametrize(
    ("role", "right", "allowed"),
    [
        (Role.VIEWER, Right.ANSWER, False),
        (Role.NURSE, Right.ANSWER, True),
        (Role.NURSE, Right.LIMITS, False),
        (Role.PHYSICIAN, Right.LIMITS, True),
    ],
)
def test_a_role_has_its_rights_in_its_wards_and_nowhere_else(role: Role, right: Right, allowed: bool) -> None:
    user = User(role=role, wards=("icu",), password=HASH)

    assert user.may(right, "icu") is allowed
    assert not user.may(right, "ward-a")
    assert not user.may(right, None)


def test_a_patient_without_a_ward_is_seen_by_who_sees_all() -> None:
    assert User(role=Role.NURSE, wards=("*",), password=HASH).sees(None)
    assert not User(role=Role.NURSE, wards=("icu",), password=HASH).sees(None)


def test_the_file_holds_hashes_for_its_owner_only(tmp_path: Path) -> None:
    path = Users(tmp_path / "users.yaml").put("n.meier", "nurse", ("icu",), PASSWORD)

    assert PASSWORD not in path.read_text()
    assert "$argon2id$" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_right_password_lets_in_and_a_wrong_one_or_a_stranger_get_the_same_answer(users: Users) -> None:
    door = Door(users)
    door.enter("n.meier", PASSWORD, 0.0)
    for name, password in (("n.meier", "wrong"), ("stranger", PASSWORD), ("", "")):
        with pytest.raises(Refused, match=r"^Wrong name or password\.$"):
            door.enter(name, password, 0.0)


def test_after_five_wrong_passwords_even_the_right_one_waits(users: Users) -> None:
    door = Door(users)
    for _ in range(6):
        with pytest.raises(Refused, match="Wrong"):
            door.enter("n.meier", "wrong", 0.0)
    with pytest.raises(Refused, match="Try again in 2 s"):
        door.enter("n.meier", PASSWORD, 0.1)
    door.enter("n.meier", PASSWORD, 2.1)


def test_the_wait_doubles_up_to_five_minutes_and_is_forgotten_in_time() -> None:
    throttle = Throttle()
    waits = []
    for _ in range(20):
        throttle.failed("n.meier", 0.0)
        waits.append(throttle.wait_s("n.meier", 0.0))

    assert waits[:9] == [0, 0, 0, 0, 0, 2, 4, 8, 16]
    assert waits[-1] == 300
    assert throttle.wait_s("somebody", 0.0) == 0
    assert throttle.wait_s("n.meier", 901.0) == 0


def test_who_has_to_wait_is_told_often_and_noted_once(users: Users) -> None:
    door = Door(users)
    news = []
    for at_s in [0.0] * 8 + [2.1, 2.2, 2.3]:
        with pytest.raises(Refused) as refused:
            door.enter("n.meier", "wrong", at_s)
        news.append(refused.value.is_news)

    assert news == [True] * 7 + [False] + [True] * 2 + [False]


def test_guessing_many_names_costs_no_memory_without_end() -> None:
    throttle = Throttle()
    for number in range(Throttle.MOST_NAMES + 10):
        throttle.failed(f"name-{number}", 0.0)
    assert len(throttle._failures) == Throttle.MOST_NAMES


def test_who_is_taken_out_of_the_file_is_out_at_once(users: Users, tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    assert "n.meier" in users.all()
    users.put("d.roth", "physician", ("*",), PASSWORD)
    assert set(users.all()) == {"n.meier", "d.roth"}

    users.remove("d.roth")
    assert set(users.all()) == {"n.meier"}

    path.write_text("users: {}\n")
    os.utime(path, ns=(1, 1))  # also with a clock that was set back
    assert users.all() == {}


def test_a_new_password_ends_the_sessions_of_the_old_one(users: Users) -> None:
    door = Door(users)
    came_in = door.enter("n.meier", PASSWORD, 0.0)
    assert door.user("n.meier", came_in.password) == came_in

    users.put("n.meier", "nurse", ("icu",), "another long password")
    assert door.user("n.meier", came_in.password) is None


def test_a_slip_in_the_file_leaves_the_users_as_they_were_and_is_told(users: Users, tmp_path: Path) -> None:
    door = Door(users)
    came_in = door.enter("n.meier", PASSWORD, 0.0)
    path = tmp_path / "users.yaml"
    good = path.read_text()
    path.write_text("users: [")
    assert door.user("n.meier", came_in.password) == came_in
    assert "cannot be read" in door.problem

    path.write_text(good)
    assert door.knows("n.meier")
    assert door.problem == ""


@pytest.mark.parametrize(
    ("name", "role", "wards", "password", "says"),
    [
        ("n.meier", "nurse", ("icu",), "short", "at least 12 signs"),
        ("recalibration", "nurse", ("icu",), PASSWORD, "nightly job"),
        ("N Meier", "nurse", ("icu",), PASSWORD, "small letters"),
        ("n.meier", "boss", ("icu",), PASSWORD, "'viewer', 'nurse' or 'physician'"),
        ("n.meier", "nurse", (), PASSWORD, "a role and wards"),
    ],
)
def test_what_cannot_be_a_user_is_refused_with_the_rule(
    tmp_path: Path, name: str, role: str, wards: tuple[str, ...], password: str, says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        Users(tmp_path / "users.yaml").put(name, role, wards, password)


@pytest.mark.parametrize(
    ("text", "says"),
    [("users: [", "cannot be read"), ("users: {a: {role: nurse}}", r"users\.a\.wards"), ("", "must name valid users")],
)
def test_a_broken_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=says):
        Users(path).all()


def test_without_a_file_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="python -m streaming board-user"):
        Users(tmp_path / "users.yaml").all()
