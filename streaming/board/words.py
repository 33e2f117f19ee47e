"""What the board says, in few words; of alerts the same as the mails (`streaming.notify.wording`). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from clinical.conditions import LIMIT_CONDITIONS, TECHNICAL_CONDITIONS
from clinical.vitals import ACVPU, CONSCIOUSNESS, TEMPERATURE
from lakehouse.events import AlertEvent
from streaming.notify import wording

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S

# Priority is told by colour, shape and word together, in the colours of IEC 60601-1-8.
SHAPES: Final = {"high": "▲", "medium": "◆", "low": "●", "": "○"}
NAMES: Final = {"high": "HIGH", "medium": "MEDIUM", "low": "LOW", "": "no alarm"}

LABELS: Final = {
    "heart_rate_bpm": "HR",
    "pulse_rate_bpm": "PR",
    "resp_rate_bpm": "RR",
    "spo2_pct": "SpO2",
    "sbp_mmhg": "SBP",
    "dbp_mmhg": "DBP",
    "map_mmhg": "MAP",
    "temperature_c": "T",
    "consciousness": "ACVPU",
    "on_oxygen": "O2",
}
# Parameters of NEWS2, as clinical.news2 names them.
PARAMETERS: Final = {
    "resp_rate": "RR",
    "spo2": "SpO2",
    "oxygen": "O2",
    "sbp": "BP",
    "pulse": "HR",
    "consciousness": "ACVPU",
    "temperature": "T",
}


_LIMIT_CONDITION: Final = {condition.name: condition for condition in LIMIT_CONDITIONS}
_TECHNICAL: Final = {condition.name: condition for condition in TECHNICAL_CONDITIONS}


def age(seconds: float) -> str:
    """Return an age as one reads it at a glance."""
    whole = max(int(seconds), 0)
    for unit_s, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if whole >= unit_s:
            return f"{whole // unit_s} {unit}"
    return f"{whole} s"


def number(vital: str, value: float) -> str:
    """Return a value as a monitor shows it, without its unit."""
    if vital == CONSCIOUSNESS.name:
        return ACVPU[min(max(int(value), 0), len(ACVPU) - 1)]
    return f"{value:.1f}" if vital == TEMPERATURE.name else f"{value:.0f}"


def alarm(alert: AlertEvent) -> str:
    """Return condition and value against limit, for example ``SpO2 low 84 < 85``."""
    limit = wording.limit(alert)
    value = f"{alert.value:.4g}" if alert.value is not None and limit else wording.value(alert)
    return " ".join(part for part in (wording.condition(alert), value, limit) if part)


def short(alert: AlertEvent) -> str:
    """Return the same for a tile, read from two metres: ``SpO2 84 < 85``, ``no SpO2``, ``vf``."""
    known = _LIMIT_CONDITION.get(alert.condition or "")
    if known is not None and alert.value is not None:
        value = number(known.vital, alert.value)
        return f"{LABELS.get(known.vital, 'NEWS2')} {value} {wording.limit(alert).replace('>=', '≥')}".rstrip()
    technical = _TECHNICAL.get(alert.condition or "")
    if technical is not None and technical.vital is not None:
        kind = "no" if technical.name.startswith("signal_lost") else "impossible"
        return f"{kind} {LABELS[technical.vital]}"
    return wording.condition(alert)


def answer(alert: AlertEvent) -> str:
    """Return what people did about an alert; empty where nobody has answered it. `by` is who acknowledged it."""
    parts = []
    if alert.acknowledged:
        parts.append(f"✓ {wording.clean(alert.by or 'seen')}")
    if alert.silenced_until is not None:
        parts.append(f"silent to {alert.silenced_until.astimezone(UTC):%H:%M}")
    return ", ".join(parts)


def news2(score: int | None, missing: Sequence[str]) -> str:
    """Return the score; with parameters missing it is a lower bound, and says which."""
    if score is None:
        return "NEWS2 –"
    if not missing:
        return f"NEWS2 {score}"
    return f"NEWS2 ≥{score} (no {', '.join(PARAMETERS.get(name, name) for name in missing)})"


def moment(at: datetime | None) -> str:
    """Return date and time to the second; a dash for none."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
