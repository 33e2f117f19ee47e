"""What is done by a click, what is refused, and what is kept of it; no broker and no store are asked."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.errors import StoreError, UnconfirmedError
from lakehouse.settings import Settings
from streaming.board import screen
from streaming.board.desk import Actor, Desk
from streaming.board.login import Refused, Role, User
from streaming.board.screens import Found, NotYet
from streaming.board.tiles import Bed, Tile, tiles
from streaming.board.trends import Trend

NURSE = User(role=Role.NURSE, wards=("icu", "ward-a"), password="$argon2id$")
ALERT_ID = "p1.spo2_low.1"


class Log:
    """Takes records, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.written: list[bytes] = []

    def write(self, _topic: str, _key: bytes, value: bytes, _timeout_s: float) -> tuple[int, int]:
        if self.error is not None:
            raise self.error
        self.written.append(value)
        return 0, 7


class Desks:
    """A desk, what it has written, and what it has noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.noted: list[tuple[str, str, str]] = []
        self.log = Log()
        monkeypatch.setattr("streaming.board.desk.LogWriter", lambda *_, **__: self.log)
        self.desk = Desk(Settings(), self._note)

    def _note(self, by: str, action: str, outcome: str, **_: Any) -> None:
        self.noted.append((by, action, outcome))


@pytest.fixture
def desks(monkeypatch: pytest.MonkeyPatch) -> Desks:
    return Desks(monkeypatch)


def actor(ward_id: str = "icu") -> Actor:
    return Actor("n.meier", NURSE, "p1", ward_id)


def test_what_was_sent_is_kept_with_its_place(desks: Desks) -> None:
    assert desks.desk.acknowledge(actor(), ALERT_ID) == (0, 7)
    assert desks.noted == [("n.meier", "acknowledge", "sent as bedside[0]@7")]


def test_what_a_user_may_not_do_is_refused_and_kept(desks: Desks) -> None:
    with pytest.raises(Refused, match="A nurse of icu, ward-a may not"):
        desks.desk.acknowledge(actor("elsewhere"), ALERT_ID)
    assert desks.log.written == []
    assert desks.noted[0][2].startswith("refused: ")


def test_a_log_that_does_not_answer_may_have_taken_it(desks: Desks) -> None:
    desks.log.error = UnconfirmedError("no answer")
    with pytest.raises(Refused, match=r"^Not confirmed.*may take effect yet"):
        desks.desk.acknowledge(actor(), ALERT_ID)
    assert desks.noted == [("n.meier", "acknowledge", "not confirmed: no answer")]


def test_what_the_log_has_refused_was_not_sent(desks: Desks) -> None:
    desks.log.error = StoreError("too large")
    with pytest.raises(Refused, match=r"^Not sent"):
        desks.desk.acknowledge(actor(), ALERT_ID)
    assert desks.noted == [("n.meier", "acknowledge", "not sent: too large")]


def tile() -> Tile:
    (shown,) = tiles([Bed("p1", "1")], [], lambda _: None, lambda *_: Trend("", ""), 0)
    return shown


@pytest.mark.parametrize(
    ("answer", "says"),
    [(NotYet([]), "is being read"), (None, "no such alert"), (Found("ward-a", tile(), []), "no such alert")],
)
def test_a_click_on_an_alert_that_cannot_be_found_is_refused_and_kept(
    desks: Desks, answer: Found | NotYet | None, says: str
) -> None:
    def patient(*_: object) -> Found | None:
        if isinstance(answer, NotYet):
            raise answer
        return answer

    board: Any = SimpleNamespace(desk=desks.desk, screens=SimpleNamespace(patient=patient))
    with pytest.raises(Refused, match=says):
        screen.acknowledge(board, actor(), ALERT_ID)
    assert desks.log.written == []
    assert says in desks.noted[0][2]
