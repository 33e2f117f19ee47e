"""The ward, a patient's header and its tables as HTML. Pure. Whatever came from another system is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from lakehouse.events import AlertEvent
from streaming.board import freshness, words
from streaming.board.freshness import Freshness
from streaming.board.tiles import Shown, Tile, grid, is_answered
from streaming.board.trends import SPARK_HEIGHT, SPARK_WIDTH
from streaming.notify import wording

LARGE: Final = ("heart_rate_bpm", "spo2_pct")
MOST_ALARMS: Final = 2


def banner(faults: Sequence[str]) -> str:
    """Return what lies across the page while it is not live; empty while it is."""
    if not faults:
        return ""
    lines = "".join(f"<div>{escape(fault)}</div>" for fault in faults)
    return f'<div class="banner" role="alert">{lines}<div>Look at the monitors at the bedside.</div></div>'


def waiting(faults: Sequence[str]) -> str:
    """Return a page that has nothing to show yet, and why."""
    return f'<div class="page patient{" late" if faults else ""}"{_room(faults)}>{banner(faults)}</div>'


def _room(faults: Sequence[str]) -> str:
    """Return the room that the banner takes on a page that scrolls, where it stays in sight."""
    return f' style="--lines:{len(faults) + 1}"' if faults else ""


def ward(ward_id: str, shown: Sequence[Tile], faults: Sequence[str], now_ms: int) -> str:
    """Return the whole ward."""
    columns, rows = grid(len(shown))
    counts = [
        f"{words.SHAPES[priority]} {number} {words.NAMES[priority].lower()}"
        for priority in ("high", "medium", "low")
        if (number := sum(tile.priority == priority for tile in shown))
    ]
    return (
        f'<div class="page{" late" if faults else ""}">{banner(faults)}'
        f'<header><b>{escape(ward_id)}</b><span class="counts">{len(shown)} beds'
        f"{' · ' if counts else ''}{' · '.join(counts)}</span><span>{freshness.clock(now_ms)} UTC</span>"
        f"{_leave()}</header>"
        f'<div class="ward" style="--columns:{columns};--rows:{rows}">'
        f"{''.join(tile(each, now_ms) for each in shown) or '<p>No patients.</p>'}</div></div>"
    )


def tile(shown: Tile, now_ms: int) -> str:
    """Return one bed."""
    priority = shown.priority
    answered = " answered" if priority and shown.unanswered is None else ""
    patient = escape(shown.patient_id, quote=True)
    return (
        f'<article class="tile {priority or "calm"}{answered}" data-patient="{patient}" data-act="patient:{patient}" '
        'tabindex="0">'
        f'<div class="top"><span class="priority">{words.SHAPES[priority]} {words.NAMES[priority]}</span>'
        f'<span class="bed">{escape(shown.bed)}</span>{_age(shown, now_ms)}</div>'
        f"{''.join(_large(shown, vital, now_ms) for vital in LARGE)}"
        f'<div class="small">{_small(shown, now_ms)}</div>'
        f'<div class="alarms">{_alarms(shown)}</div>'
        f'<div class="technical">{_technical(shown)}</div>'
        f'<div class="news2">{_score(shown, now_ms)}</div></article>'
    )


def _age(shown: Tile, now_ms: int) -> str:
    if not shown.heard_ms:
        return '<span class="age old">no reading</span>'
    age_ms = now_ms - shown.heard_ms
    old = " old" if age_ms > freshness.LIVE_MS else ""
    return f'<span class="age{old}">{words.age(age_ms / 1000)}</span>'


def _large(shown: Tile, vital: str, now_ms: int) -> str:
    path = shown.sparklines.get(vital, "")
    return (
        f'<div class="large"><span class="label">{words.LABELS[vital]}</span>{value(shown, vital, now_ms)}'
        f'<svg viewBox="0 -2 {SPARK_WIDTH:.0f} {SPARK_HEIGHT + 4:.0f}" preserveAspectRatio="none">'
        f'<path d="{path}"/></svg></div>'
    )


def _small(shown: Tile, now_ms: int) -> str:
    pressure = f"{value(shown, 'sbp_mmhg', now_ms)}/{value(shown, 'dbp_mmhg', now_ms, arrow=False)}"
    parts = [("RR", value(shown, "resp_rate_bpm", now_ms)), ("BP", pressure)]
    if "temperature_c" in shown.vitals:
        parts.append(("T", value(shown, "temperature_c", now_ms)))
    return "".join(f'<span><span class="label">{label}</span>{number}</span>' for label, number in parts)


def value(shown: Tile, vital: str, now_ms: int, *, arrow: bool = True) -> str:
    """Return one value: live with its arrow, old in grey with its age, or a dash."""
    known: Shown | None = shown.vitals.get(vital)
    if known is None or known.freshness is Freshness.GONE:
        return f'<span class="value gone" data-vital="{vital}">–</span>'
    number = words.number(vital, known.value)
    if known.freshness is Freshness.OLD:
        age = words.age((now_ms - known.at_ms) / 1000)
        return f'<span class="value old" data-vital="{vital}">{number}<small>{age}</small></span>'
    sign = f"<i>{known.arrow}</i>" if arrow else ""
    return f'<span class="value" data-vital="{vital}">{number}{sign}</span>'


def _alarms(shown: Tile) -> str:
    more = len(shown.clinical) - MOST_ALARMS
    mores = [""] * (MOST_ALARMS - 1) + [f" +{more}" if more > 0 else ""]
    return "".join(_alarm(alert, words.short(alert) + rest) for alert, rest in zip(shown.clinical, mores, strict=False))


def _alarm(alert: AlertEvent, said: str) -> str:
    text = escape(" · ".join(part for part in (said, words.answer(alert)) if part))
    alert_id = escape(alert.alert_id or "", quote=True)
    button = "" if alert.acknowledged else f'<button data-act="acknowledge:{alert_id}" title="Acknowledge">✓</button>'
    answered = " answered" if is_answered(alert) else ""
    return (
        f'<div class="alarm {alert.priority}{answered}" data-alert="{alert_id}">'
        f"<span>{words.SHAPES[alert.priority or '']} {text}</span>{button}</div>"
    )


def _score(shown: Tile, now_ms: int) -> str:
    said = escape(words.news2(shown.news2, shown.news2_missing))
    age_ms = now_ms - shown.scored_ms
    if shown.news2 is None or age_ms <= freshness.LONGEST_LIVE_MS:
        return f'<span class="score">{said}</span>'
    return f'<span class="score old">{said} <small>{words.age(age_ms / 1000)}</small></span>'


def _technical(shown: Tile) -> str:
    return f"⚙ {escape(', '.join(map(words.short, shown.technical)))}" if shown.technical else ""


def patient(shown: Tile, ward_id: str, faults: Sequence[str], now_ms: int) -> str:
    """Return the head of the patient's view: all vitals, all open alerts, each with its buttons."""
    vitals = "".join(
        f'<span><span class="label">{words.LABELS[vital]}</span>{value(shown, vital, now_ms)}</span>'
        for vital in words.LABELS
        if vital in shown.vitals
    )
    alerts = (
        "".join(_alarm(alert, words.alarm(alert)) for alert in (*shown.clinical, *shown.technical))
        or "<div>No open alerts.</div>"
    )
    priority = shown.priority
    return (
        f'<div class="page patient{" late" if faults else ""}"{_room(faults)}>{banner(faults)}'
        f'<header><button data-act="ward:{escape(ward_id, quote=True)}">← {escape(ward_id)}</button>'
        f"<b>bed {escape(shown.bed)}</b>"
        f'<span class="counts">{escape(shown.patient_id)}</span>{_age(shown, now_ms)}'
        f"<span>{freshness.clock(now_ms)} UTC</span>{_leave()}</header>"
        f'<article class="tile {priority or "calm"}" data-patient="{escape(shown.patient_id, quote=True)}">'
        f'<div class="small"><span class="priority">{words.SHAPES[priority]} {words.NAMES[priority]}</span>{vitals}'
        f"{_score(shown, now_ms)}</div>"
        f'<div class="alarms">{alerts}</div></article></div>'
    )


def _leave() -> str:
    return '<button data-act="wards:">wards</button><button data-act="leave:">sign out</button>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts."""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(wording.clean(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
