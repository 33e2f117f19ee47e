"""Who may see and do what on the board: users in a file, passwords as argon2 hashes, a brake on guessing."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated, Final

import yaml
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakehouse.entries import RECALIBRATION
from lakehouse.errors import SettingsError
from lakehouse.settings import Settings

logger = logging.getLogger(__name__)

FILE: Final = "board-users.yaml"
FIRST_USER: Final = "ward"
ALL_WARDS: Final = "*"
LEAST_LENGTH: Final = 12  # of a password; long rather than odd (NIST SP 800-63B)

UserName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Right(StrEnum):
    """What a user may do with what he sees."""

    ANSWER = "acknowledge and silence alerts"
    LIMITS = "set limits"


class Role(StrEnum):
    """What a user is."""

    VIEWER = "viewer"  # a screen on the wall
    NURSE = "nurse"
    PHYSICIAN = "physician"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset(),
    Role.NURSE: frozenset({Right.ANSWER}),
    Role.PHYSICIAN: frozenset({Right.ANSWER, Right.LIMITS}),
}


class User(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    wards: Annotated[tuple[str, ...], Field(min_length=1)]  # "*" = all
    password: Annotated[str, Field(pattern=r"^\$argon2id\$")]

    def sees(self, ward_id: str | None) -> bool:
        """Whether the user may see a ward; a patient whose ward is not known is seen only by who sees all."""
        return ALL_WARDS in self.wards or (ward_id is not None and ward_id in self.wards)

    def may(self, right: Right, ward_id: str | None) -> bool:
        """Whether the user may do that to the patients of a ward."""
        return right in RIGHTS[self.role] and self.sees(ward_id)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    users: dict[UserName, User]


class Users:
    """The file of users. It is read again when it has changed, so that who is taken out is out at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, dict[str, User]] = (-1, {})
        self.problem = ""  # why the file counts no longer, and what was read before does

    @classmethod
    def of(cls, settings: Settings) -> Users:
        """Return the users of these settings. Where there is no file yet, one with the first user is made."""
        path = settings.board.users or settings.run / FILE
        users = cls(path)
        if not path.exists() and settings.board.first_password is not None:
            users.put(FIRST_USER, Role.PHYSICIAN, (ALL_WARDS,), settings.board.first_password.get_secret_value())
        return users

    def all(self) -> dict[str, User]:
        """Return every user by name.

        Raises
        ------
        SettingsError
            Naming what is wrong with the file.
        """
        try:
            changed_at = self._path.stat().st_mtime_ns
            if changed_at != self._read[0]:
                document = yaml.safe_load(self._path.read_text(encoding="utf-8"))
                self._read = changed_at, _File.model_validate(document).users
        except ValidationError as error:
            problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise SettingsError(f"{self._path} must name valid users; {problems}; correct it") from None
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise SettingsError(
                f"the board needs to know who may see it; {self._path} cannot be read ({error}); "
                "add a user with `python -m streaming board-user NAME`"
            ) from None
        return self._read[1]

    def current(self) -> dict[str, User]:
        """Return every user by name, as the file was when it could last be used: a slip in it shuts nobody out."""
        try:
            users, problem = self.all(), ""
        except SettingsError as error:
            users, problem = self._read[1], str(error)
            if problem != self.problem:
                logger.error("the users stay as they were: %s", problem)  # noqa: TRY400  the cause is in its text
        self.problem = problem
        return users

    def put(self, name: str, role: str, wards: tuple[str, ...], password: str) -> Path:
        """Add a user, or change one, and return the file. It is replaced in one step, for its owner's eyes only.

        Raises
        ------
        SettingsError
            When the name or the password cannot be used.
        """
        if len(password) < LEAST_LENGTH:
            raise SettingsError(f"a password has at least {LEAST_LENGTH} signs; found {len(password)}; choose another")
        if name == RECALIBRATION:
            raise SettingsError(f"{name} is the nightly job, whose limits are another layer; choose another name")
        known = self.all() if self._path.exists() else {}
        entry = {"role": role, "wards": wards, "password": PasswordHasher().hash(password)}
        try:
            file = _File.model_validate({"users": known | {name: entry}})
        except ValidationError as error:
            raise SettingsError(
                f"a user is a name of small letters, digits, dots and dashes, a role and wards; found {name!r}: "
                f"{error.errors()[0]['msg']}; correct it"
            ) from None
        return self._replace(file)

    def remove(self, name: str) -> Path:
        """Take a user out, and return the file; one who is not in it stays out."""
        return self._replace(_File(users={each: user for each, user in self.all().items() if each != name}))

    def _replace(self, file: _File) -> Path:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        part = self._path.with_name(f".{self._path.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as text:
            yaml.safe_dump(file.model_dump(mode="json"), text, sort_keys=True)
        return part.replace(self._path)


class Throttle:
    """A brake on guessing: from the sixth wrong password in a row on, a name waits 2, 4, 8 ... s, at most 5 min.

    Whoever knows a name can make its owner wait; that is the lesser evil. Times are seconds of any steady clock.
    """

    FREE: Final = 5
    LONGEST_S: Final = 300.0
    FORGOTTEN_S: Final = 900.0
    MOST_NAMES: Final = 10_000

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._told: set[str] = set()  # who was told to wait, since the last wrong password

    def wait_s(self, name: str, now_s: float) -> float:
        """Return how long this name has to wait before its next try."""
        count, at_s = self._failures.get(name, (0, now_s))
        if count <= self.FREE or now_s - at_s > self.FORGOTTEN_S:
            return 0.0
        return max(0.0, at_s + min(2.0 ** (count - self.FREE), self.LONGEST_S) - now_s)

    def tell(self, name: str) -> bool:
        """Whether this is the first time in this wait that the name is told to wait."""
        is_first = name not in self._told
        self._told.add(name)
        return is_first

    def failed(self, name: str, now_s: float) -> None:
        """Note a wrong password."""
        self._told.discard(name)
        count, at_s = self._failures.pop(name, (0, now_s))
        self._failures[name] = (1 if now_s - at_s > self.FORGOTTEN_S else count + 1, now_s)
        while len(self._failures) > self.MOST_NAMES:
            self._told.discard(self._failures.popitem(last=False)[0])

    def succeeded(self, name: str) -> None:
        """Forget the wrong passwords before the right one."""
        self._told.discard(name)
        self._failures.pop(name, None)


class Refused(Exception):  # not an error of ours: the answer to a person
    """A person may not, or not so; the text says why. `is_news` is False where the same was said a moment ago."""

    def __init__(self, text: str, *, is_news: bool = True) -> None:
        super().__init__(text)
        self.is_news = is_news


class Door:
    """Lets people in. One try at a time: a hash costs 64 MB and a twentieth of a second, by design."""

    def __init__(self, users: Users) -> None:
        self._users = users
        self._throttle = Throttle()
        self._lock = Lock()
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash(os.urandom(16).hex())

    def enter(self, name: str, password: str, now_s: float) -> User:
        """Let a person in, and return who it is.

        Raises
        ------
        Refused
            With one text for a wrong name and a wrong password, or with the time to wait.
        """
        with self._lock:
            wait_s = self._throttle.wait_s(name, now_s)
            if wait_s > 0:
                is_news = self._throttle.tell(name)
                raise Refused(f"Too many wrong passwords. Try again in {wait_s:.0f} s.", is_news=is_news)
            user = self._users.current().get(name)
            try:
                # Who is no user costs the same time, so that names cannot be found out.
                self._hasher.verify(self._nobody if user is None else user.password, password)
            except (VerificationError, InvalidHashError):
                user = None
            if user is None:
                self._throttle.failed(name, now_s)
                raise Refused("Wrong name or password.")
            self._throttle.succeeded(name)
            return user

    def user(self, name: str, password: str) -> User | None:
        """Return who came in by that hash of a password, as the file has him now; None when he is out, or it is."""
        user = self._users.current().get(name)
        return user if user is not None and user.password == password else None

    def knows(self, name: str) -> bool:
        """Whether there is a user of that name."""
        return name in self._users.current()

    @property
    def problem(self) -> str:
        """Why the file of users is not what counts now; empty where it is."""
        return self._users.problem
