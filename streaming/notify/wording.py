"""An alert event in words that are understood on a lock screen at night, and in the table of the demo. Pure.

Wards, beds and ids come from other systems: what cannot be printed becomes a space, so nothing of theirs can break a
mail's header.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from clinical.conditions import FINDING_CONDITIONS, LIMIT_CONDITIONS, TECHNICAL_CONDITIONS, LimitCondition
from clinical.vitals import ACVPU, CONSCIOUSNESS, VITALS
from lakehouse.events import AlertEvent, Step

STEPS: Final[dict[Step, str]] = {
    "worsen": "worse",
    "escalate": "not acknowledged",
    "expire": "silence ended",
    "transfer": "moved here",
    "clear": "cleared",
}
FINDINGS: Final = {
    "vf": "ventricular fibrillation",
    "vt": "ventricular tachycardia",
    "extreme_brady": "extreme bradycardia",
    "extreme_tachy": "extreme tachycardia",
    "af": "atrial fibrillation",
}
TECHNICAL: Final = {
    "no_data": "no data from the monitor",
    "clock_skew": "clock of the device is wrong",
    "signal_lost": "signal lost",
    "impossible_value": "impossible value",
}
# UCUM is for machines; these are the signs on a monitor.
UNITS: Final = {"mm[Hg]": "mmHg", "Cel": "°C"}

_VITAL: Final = {vital.name: vital for vital in VITALS}
_LIMIT_CONDITION: Final = {condition.name: condition for condition in LIMIT_CONDITIONS}


def clean(text: str) -> str:
    """Return the text on one line, without anything that cannot be printed."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def priority(event: AlertEvent) -> str:
    """Return HIGH, MEDIUM or LOW."""
    return (event.priority or "medium").upper()


def where(event: AlertEvent) -> str:
    """Return ward and bed, as far as they are known."""
    ward = clean(event.ward_id or "") or "no ward"
    bed = clean(event.bed or "")
    return f"{ward} bed {bed}" if bed else ward


def condition(event: AlertEvent) -> str:
    """Return the alarm condition in words; a condition of a newer version by its name."""
    name = event.condition or "alert"
    return _WORDS.get(name) or clean(name.replace("_", " "))


def value(event: AlertEvent) -> str:
    """Return the value with its unit, for example ``152 /min``; empty where the condition has none."""
    if event.value is None:
        return ""
    known = _LIMIT_CONDITION.get(event.condition or "")
    vital = _VITAL.get(known.vital) if known is not None else None
    unit = "" if vital is None or vital is CONSCIOUSNESS else f" {UNITS.get(vital.unit, vital.unit)}"
    return f"{_number(known, event.value)}{unit}"


def trend_label(event: AlertEvent) -> str:
    """Return vital and unit of a condition, for example ``heart rate (/min)``; empty where its vital makes no line."""
    known = _LIMIT_CONDITION.get(event.condition or "")
    if known is None or known.vital == CONSCIOUSNESS.name:
        return ""
    vital = _VITAL.get(known.vital)
    return known.vital.upper() if vital is None else f"{vital.label} ({UNITS.get(vital.unit, vital.unit)})"


def limit(event: AlertEvent) -> str:
    """Return the limit and on which side of it the value lies, for example ``> 140``; empty where there is none."""
    known = _LIMIT_CONDITION.get(event.condition or "")
    if event.limit is None:
        return ""
    sign = "" if known is None else {"low": "<", "high": ">"}[known.side] + ("= " if known.inclusive else " ")
    return f"{sign}{_number(known, event.limit)}"


def against(event: AlertEvent) -> str:
    """Return how the value stands to its limit, for example ``above the limit 140``; empty where there is none."""
    known = _LIMIT_CONDITION.get(event.condition or "")
    if known is None or event.value is None or event.limit is None or known.vital == CONSCIOUSNESS.name:
        return ""
    side = {"low": "below", "high": "above"}[known.side]
    return f"{f'at or {side}' if known.inclusive else side} the limit {_number(known, event.limit)}"


def ending(event: AlertEvent) -> str:
    """Return what has cleared and the value now, for example ``heart rate high, now 112 /min``."""
    return ", now ".join(part for part in (condition(event), value(event)) if part)


def measured(event: AlertEvent) -> str:
    """Return the value with its unit against the limit; empty where the condition has no value."""
    known = _LIMIT_CONDITION.get(event.condition or "")
    is_letter = known is not None and known.vital == CONSCIOUSNESS.name
    has_limit = event.value is not None and event.limit is not None and not is_letter
    return f"{value(event)} (limit {event.limit:.4g})" if has_limit else value(event)


def _number(known: LimitCondition | None, number: float) -> str:
    if known is not None and known.vital == CONSCIOUSNESS.name:
        return ACVPU[min(max(int(number), 0), len(ACVPU) - 1)]
    return f"{number:.4g}"


def finding(event: AlertEvent) -> str:
    """Return condition and value, for example ``heart rate high 152 /min (limit 140)``."""
    return " ".join(part for part in (condition(event), measured(event)) if part)


def vital(name: str) -> str:
    """Return the label of a vital sign; an unknown one by its name."""
    return _VITAL[name].label if name in _VITAL else clean(name.replace("_", " "))


def moment(at: datetime) -> str:
    """Return a time, which is always UTC and says so."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _words() -> dict[str, str]:
    words = {finding.name: FINDINGS.get(finding.name, finding.name) for finding in FINDING_CONDITIONS}
    for limit in LIMIT_CONDITIONS:
        label = _VITAL[limit.vital].label if limit.vital in _VITAL else limit.vital.upper()
        words[limit.name] = f"{label} {limit.name.rpartition('_')[2]}"
    for technical in TECHNICAL_CONDITIONS:
        kind = technical.name.removesuffix(f"_{technical.vital}")
        vital = f": {_VITAL[technical.vital].label}" if technical.vital else ""
        words[technical.name] = TECHNICAL.get(kind, kind.replace("_", " ")) + vital
    return words


_WORDS: Final = _words()
