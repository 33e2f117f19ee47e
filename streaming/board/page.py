"""The page that Streamlit runs for each session and click: who are you, what do you look at. Thin by intent."""

from __future__ import annotations

import time
from typing import Final

import streamlit as st

from streaming.board import patient_page, screen, server
from streaming.board.login import Refused, User
from streaming.board.server import Board

# Streamlit's own margins and header would cost a row of beds.
CHROME: Final = """<style>
[data-testid="stHeader"], [data-testid="stToolbar"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 0; max-width: none; }
[data-testid="stMain"] { background: #10151b; }
.st-key-inner { padding: 0 1rem 1rem; }
.st-key-inner td, .st-key-inner th { padding: 0.15rem 1.2rem 0.15rem 0; text-align: left; }
/* screen.js says when: what lies below the patient's head may not look live either. */
.stale .st-key-inner { filter: grayscale(1) brightness(0.6); }
.stale .st-key-inner td { text-decoration: line-through; }
</style>"""


def main() -> None:
    """Show what the address asks for, to who may see it."""
    st.set_page_config(page_title="Wardwatch", page_icon="🫀", layout="wide")
    st.html(CHROME)
    board = server.serving()
    user = screen.signed_in(board)
    if user is None:
        sign_in(board)
        return
    patient_id = st.query_params.get("patient")
    alert_id = st.query_params.get("acknowledge")
    if alert_id:
        patient_id = screen.patient_of(alert_id)
    if patient_id:
        patient_page.show(board, st.session_state.name, user, patient_id, alert_id)
        return
    wards = board.screens.wards(user)
    ward_id = st.query_params.get("ward") or (wards[0] if len(wards) == 1 else None)
    if ward_id is None:
        choose(wards)
    elif not user.sees(ward_id):
        board.audit.note(st.session_state.name, "look at a ward", "refused: not among the user's wards")
        refuse(f"You may not see the ward {ward_id}.")
    else:
        ward(board, user, ward_id)


def sign_in(board: Board) -> None:
    """Ask for name and password; the address stays, so a link leads on to where it points."""
    with st.container(key="inner", width=420), st.form("login"):
        st.title("Wardwatch")
        if board.door.problem:
            st.warning("The file of users cannot be used: changes in it do not count. The log of the board says why.")
        name = st.text_input("Name", autocomplete="username").strip()
        password = st.text_input("Password", type="password", autocomplete="current-password")
        if not st.form_submit_button("Sign in"):
            return
        try:
            user = board.door.enter(name, password, time.monotonic())
        except Refused as refused:
            if refused.is_news:
                known = name if board.door.knows(name) else "unknown"  # it may be a password in the wrong field
                board.audit.note(known, "sign in", f"refused: {refused}")
            st.error(str(refused))
            return
    board.audit.note(name, "sign in", "accepted")
    st.session_state.name = name
    st.session_state.password = user.password  # its hash: where it is changed, the session ends
    st.session_state.entered_s = time.monotonic()
    st.rerun()


def choose(wards: list[str]) -> None:
    """Let a person choose a ward."""
    with st.container(key="inner"):
        st.title("Wards")
        for ward_id in wards:
            if st.button(ward_id, key=f"ward-{ward_id}"):
                screen.go(ward=ward_id)


def refuse(text: str) -> None:
    """Say that something may not be seen."""
    with st.container(key="inner"):
        st.error(text)
        if st.button("Wards"):
            screen.go()


@st.fragment(run_every=screen.EVERY_S)
def ward(board: Board, user: User, ward_id: str) -> None:
    """Show a ward, and do what is clicked."""
    if screen.signed_in(board) != user:
        st.rerun(scope="app")
    act = screen.show(board.screens.ward(ward_id), user, ward_id, key="ward")
    screen.tell_outcomes(board)
    if act is not None:
        screen.do(board, st.session_state.name, user, ward_id, act)


main()
