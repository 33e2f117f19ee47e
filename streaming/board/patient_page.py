"""One patient: vitals now, trends with limits and alarms, what has happened, and what may be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from clinical.conditions import LIMIT_CONDITIONS, MAX_SILENCE_S
from clinical.vitals import INDEX
from lakehouse.errors import StoreError
from lakehouse.events import AlertEvent
from streaming.board import charts, earlier, markup, screen, tables, words
from streaming.board.alarm_history import episodes
from streaming.board.desk import Actor
from streaming.board.history import Floats, Ints
from streaming.board.limits import in_force
from streaming.board.login import Right, User
from streaming.board.screens import Found, NotYet, clock_ms
from streaming.board.server import Board

LIVE_H: Final = 1
SPANS: Final = {"last hour, live": LIVE_H, "6 hours, from the lake": 6, "a day": 24, "three days": 72}
SILENCES: Final = {f"{minutes} min": timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 120)} | {
    "a shift": timedelta(seconds=MAX_SILENCE_S)
}
EXPIRIES: Final = {"4 h": 4, "12 h": 12, "24 h": 24, "48 h": 48, "72 h": 72}
CHARTS_EVERY_S: Final = 10.0
MOST_EPISODES: Final = 50
NOT_KNOWN: Final = "Not known: the store of alarms has not answered yet."


def show(board: Board, name: str, user: User, patient_id: str, alert_id: str | None) -> None:
    """Show a patient who lies in a ward that the user may see."""
    try:
        found = board.screens.patient(patient_id, user, st.query_params.get("ward"))
    except NotYet as not_yet:
        _wait(user, not_yet.faults)
        return
    if found is None:
        board.audit.note(name, "look at a patient", "refused: in none of the user's wards", patient_id=patient_id)
        with st.container(key="inner"):
            st.error("There is no such patient in the wards that you may see.")
            if st.button("Wards"):
                screen.go()
        return
    is_known = board.screens.kept(patient_id) is not None
    if not is_known and not found.faults:
        _wait(user, [])
        return
    actor = Actor(name, user, patient_id, found.ward_id)
    _head(board, actor)
    with st.container(key="inner"):
        if alert_id:
            _offer(board, actor, found, alert_id)
        span_h = SPANS[st.segmented_control("Trends", list(SPANS), default=next(iter(SPANS))) or next(iter(SPANS))]
        _trends(board, actor, span_h)
        left, right = st.columns(2)
        with left:
            _silence(board, actor, found)
        with right:
            _set_limit(board, actor)
        _tables(board, actor, was_known=is_known)


@st.fragment(run_every=0.5)
def _wait(user: User, faults: list[str]) -> None:
    """Come back until the ward is read."""
    screen.show(markup.waiting(faults), user, "", key="waiting")
    st.write("Looking for the patient …")
    st.session_state.waits = st.session_state.get("waits", 0) + 1
    if st.session_state.waits > 1:
        st.session_state.waits = 0
        st.rerun(scope="app")


@st.fragment(run_every=screen.EVERY_S)
def _head(board: Board, actor: Actor) -> None:
    """Show vitals and open alerts, live. When other alerts are open than before, the whole page follows."""
    try:
        found = board.screens.patient(actor.patient_id, actor.user, actor.ward_id)
    except NotYet as not_yet:
        screen.show(markup.waiting(not_yet.faults), actor.user, "", key="waiting")
        return
    if found is None or found.ward_id != actor.ward_id or screen.signed_in(board) != actor.user:
        st.rerun(scope="app")
    html = markup.patient(found.tile, found.ward_id, found.faults, clock_ms())
    act = screen.show(html, actor.user, found.ward_id, key="patient")
    screen.tell_outcomes(board)
    if act is not None:
        screen.do(board, actor.name, actor.user, found.ward_id, act)
    open_ids = [alert.alert_id for alert in _alerts(found)]
    if st.session_state.setdefault("open_ids", open_ids) != open_ids:
        st.session_state.open_ids = open_ids
        st.rerun(scope="app")


def _alerts(found: Found) -> tuple[AlertEvent, ...]:
    return (*found.tile.clinical, *found.tile.technical)


def _offer(board: Board, actor: Actor, found: Found, alert_id: str) -> None:
    """Offer to acknowledge the alert that a mail has linked to: one click, after the person has seen it."""
    alert = next((each for each in _alerts(found) if each.alert_id == alert_id), None)
    with st.container(border=True):
        if alert is None:
            st.info("The alert of this link is no longer open.")
        elif alert.acknowledged:
            st.info(f"{words.alarm(alert)}: {words.answer(alert)}.")
        elif st.button(f"Acknowledge: {words.alarm(alert)}", type="primary", key="offer"):
            screen.send(lambda: board.desk.acknowledge(actor, alert_id), "Acknowledgement")


@st.fragment(run_every=CHARTS_EVERY_S)
def _trends(board: Board, actor: Actor, span_h: int) -> None:
    """Draw every vital that was measured, with limits and alarms."""
    now = datetime.now(UTC)
    kept = board.screens.kept(actor.patient_id)
    if kept is None:
        st.warning(f"{NOT_KNOWN} Neither limits nor alarms are drawn in.")
    limits = [] if kept is None else in_force(kept.limits, now)
    alarms = [] if kept is None else episodes(kept.events)
    if span_h == LIVE_H:
        history = board.tail.history
        found = {vital: history.course(actor.patient_id, vital) for vital in INDEX}
    else:
        try:
            found = _earlier(board, actor.patient_id, span_h, now.replace(second=0, microsecond=0))
        except StoreError as error:
            st.warning(f"The lake does not answer: {error}")
            return
    measured = {vital: course for vital, course in found.items() if len(course[0])}
    columns = st.columns(3)
    for place, (vital, (at_ms, values)) in enumerate(measured.items()):
        spec = charts.trend(vital, at_ms, values, limits, alarms, charts.span_of(now, span_h))
        columns[place % 3].vega_lite_chart(spec, key=f"trend-{vital}")


def _earlier(board: Board, patient_id: str, span_h: int, until: datetime) -> dict[str, tuple[Ints, Floats]]:
    """Read the lake once a span and click, not with every refresh of the charts."""
    key = f"earlier {span_h} {patient_id}"
    kept = st.session_state.get(key)
    if kept is None or until - kept[0] > timedelta(minutes=10):
        with st.spinner("reading the lake"):
            kept = until, earlier.courses(board.settings, patient_id, until - timedelta(hours=span_h), until)
        st.session_state[key] = kept
    courses: dict[str, tuple[Ints, Floats]] = kept[1]
    return courses


def _silence(board: Board, actor: Actor, found: Found) -> None:
    st.subheader("Silence")
    if not actor.user.may(Right.ANSWER, actor.ward_id):
        st.caption("You may look, and not silence.")
        return
    alerts = {alert.alert_id or "": words.alarm(alert) for alert in _alerts(found)}
    with st.form("silence"):
        alert_id = st.selectbox("Alert", list(alerts), format_func=alerts.__getitem__, disabled=not alerts)
        length = st.selectbox("For", list(SILENCES), index=None, placeholder="choose an end")
        st.caption("Holds mails, not detection. A worsening breaks it.")
        if st.form_submit_button("Silence", disabled=not alerts):
            if length is None or alert_id is None:
                st.error("A silence needs an end.")
                return
            now = datetime.now(UTC)
            screen.send(lambda: board.desk.silence(actor, alert_id, now + SILENCES[length], now), "Silence")
    screen.tell_refusal("Silence")


def _set_limit(board: Board, actor: Actor) -> None:
    st.subheader("Set a limit")
    if not actor.user.may(Right.LIMITS, actor.ward_id):
        st.caption("You may look, and not set limits.")
        return
    now = datetime.now(UTC)
    kept = board.screens.kept(actor.patient_id)
    if kept is None:
        st.caption(NOT_KNOWN)
        return
    known = kept.limits
    limits = {limit.condition: limit for limit in in_force(known, now)}
    condition = st.selectbox("Condition", [each.name for each in LIMIT_CONDITIONS], format_func=tables.condition)
    now_in_force = limits[condition]
    with st.form("limit"):
        left, right = st.columns(2)
        medium = left.number_input(
            "Medium priority", value=float(now_in_force.medium), step=1.0, key=f"medium-{condition}"
        )
        high = right.number_input("High priority", value=float(now_in_force.high), step=1.0, key=f"high-{condition}")
        reason = st.text_input("Reason", max_chars=500)
        expiry = st.selectbox("Expires after", list(EXPIRIES), index=None, placeholder="choose an end")
        if st.form_submit_button("Set limit"):
            if expiry is None:
                st.error("A limit needs an end.")
                return
            expires_at = now + timedelta(hours=EXPIRIES[expiry])
            screen.send(
                lambda: board.desk.set_limit(actor, condition, [medium, high], reason, expires_at, known, now), "Limit"
            )
    screen.tell_refusal("Limit")


@st.fragment(run_every=2.0)
def _tables(board: Board, actor: Actor, *, was_known: bool) -> None:
    """Show what has happened and which limits hold. Where that was not known before, the form follows."""
    kept = board.screens.kept(actor.patient_id)
    if kept is not None and not was_known:
        st.rerun(scope="app")
    left, right = st.columns(2)
    with left:
        st.subheader("Alarm history")
        if kept is None:
            st.write(NOT_KNOWN)
        else:
            st.html(markup.table(tables.EPISODE_COLUMNS, tables.episode_rows(episodes(kept.events)[:MOST_EPISODES])))
    with right:
        st.subheader("Limits in force")
        if kept is None:
            st.write(NOT_KNOWN)
        else:
            st.html(markup.table(tables.LIMIT_COLUMNS, tables.limit_rows(in_force(kept.limits, datetime.now(UTC)))))
