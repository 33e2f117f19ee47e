"""The one component of the pages: HTML in, clicks out. And what a click means, wherever it was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import streamlit as st

from streaming.board.desk import Actor
from streaming.board.freshness import CONNECTION_LATE_MS
from streaming.board.login import Refused, Right, User
from streaming.board.markup import banner
from streaming.board.screens import NotYet
from streaming.board.server import Board
from streaming.board.tail import Place

EVERY_S: Final = 1.0
SESSION_S: Final = 12 * 3600  # a shift
_DONE: Final = ":material/check:"
_REFUSED: Final = ":material/block:"

_HERE: Final = Path(__file__).parent
_CUT_OFF: Final = banner(["THIS SCREEN IS CUT OFF: nothing comes from the server any more."])

_component = st.components.v2.component(
    "wardwatch",
    html=f'<div class="root"><div class="connection">{_CUT_OFF}</div><div class="place"></div></div>',
    css=(_HERE / "screen.css").read_text(encoding="utf-8"),
    js=(_HERE / "screen.js").read_text(encoding="utf-8"),
)


def signed_in(board: Board) -> User | None:
    """Return the user of this session; None before signing in, after the shift, and for whom the door is shut now."""
    name = st.session_state.get("name")
    if name is None or time.monotonic() - st.session_state.entered_s > SESSION_S:
        return None
    return board.door.user(name, st.session_state.password)


def show(html: str, user: User, ward_id: str, key: str) -> str | None:
    """Show HTML and return what was clicked since it was last shown, for example ``patient:ID``; None for nothing."""
    result = _component(
        key=key,
        data={"html": html, "may_answer": user.may(Right.ANSWER, ward_id), "late_after_ms": CONNECTION_LATE_MS},
        on_act_change=lambda: None,
    )
    act: str | None = result.act
    return act


def do(board: Board, name: str, user: User, ward_id: str, act: str) -> None:
    """Do what was clicked. An act is what a browser says: that the alert is one of this ward is looked up here."""
    kind, _, what = act.partition(":")
    if kind == "patient":
        go(ward=ward_id, patient=what)
    elif kind == "ward":
        go(ward=what)
    elif kind == "wards":
        go()
    elif kind == "leave":
        st.session_state.clear()
        st.rerun(scope="app")
    elif kind == "acknowledge":
        patient_id = patient_of(what)
        send(lambda: acknowledge(board, Actor(name, user, patient_id, ward_id), what), "Acknowledgement")


def acknowledge(board: Board, actor: Actor, alert_id: str) -> Place:
    """Acknowledge an alert that was clicked in a ward.

    Raises
    ------
    Refused
        Also where the patient does not lie in that ward, or where he lies is not known yet.
    """
    try:
        found = board.screens.patient(actor.patient_id, actor.user, actor.ward_id)
    except NotYet:
        why_not = f"who lies in {actor.ward_id} is being read; try again"
    else:
        if found is not None and found.ward_id == actor.ward_id:
            return board.desk.acknowledge(actor, alert_id)
        why_not = f"there is no such alert in {actor.ward_id}"
    raise board.desk.refusal(actor, "acknowledge", {"alert_id": alert_id}, why_not)


def send(act: Callable[[], Place], what: str) -> None:
    """Do an act of the desk, and remember it until its outcome is known; say why where it was refused."""
    try:
        place = act()
    except Refused as refused:
        st.session_state.refused = {what: str(refused)}
        st.toast(str(refused), icon=_REFUSED)
        return
    st.session_state.refused = {}
    st.session_state.setdefault("waiting", {})[place] = what


def tell_refusal(what: str) -> None:
    """Say why the last such act was refused, until another one is tried: a toast is soon gone."""
    if why_not := st.session_state.get("refused", {}).get(what):
        st.error(why_not)


def tell_outcomes(board: Board) -> None:
    """Say what came of the acts of this session."""
    waiting: dict[Place, str] = st.session_state.get("waiting", {})
    for place, what in list(waiting.items()):
        outcome = board.tail.outcome(place)
        if outcome is not None:
            del waiting[place]
            st.toast(f"{what} {outcome}.", icon=_DONE if outcome == "accepted" else _REFUSED)


def go(**where: str) -> None:
    """Lead to another view; the address says which, so that it can be kept and the browser's back button works."""
    st.query_params.from_dict(where)
    st.rerun(scope="app")


def patient_of(alert_id: str) -> str:
    """Return the patient of an alert, from its id: PATIENT.CONDITION.ONSET."""
    return alert_id.rsplit(".", 2)[0]
