"""Some weeks of a small hospital in the marts: seeded rows, written through the store that the jobs of the night use.

Only what stands at the beginning (alerts, vitals, limits) is invented; what sums it up is made by the jobs' own code.
"""

# ruff: noqa: PLR2004  the numbers are an invented hospital

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, TypeAlias

import numpy as np

from batch.reports.burden import burden_of, most_alarms
from batch.reports.latency import MEASURED_TO_RECEIVED, ONSET_TO_RAISED, RECEIVED_TO_SENT
from batch.reports.wards import alarm_hours_of, patient_days_of, ward_burden_of
from clinical.conditions import LIMIT_CONDITIONS, NO_DATA
from clinical.vitals import SENSED
from lakehouse import mart_tables as m
from lakehouse.contract import MartTable
from lakehouse.entries import RECALIBRATION
from lakehouse.marts import Marts

Row: TypeAlias = dict[str, Any]

WARDS: Final = {"icu": 12, "ward-a": 22, "ward-b": 22}  # beds
CALIBRATED_FROM: Final = 7  # the night of this day is the first whose limits are published
PERSONAL: Final = ("spo2_low", "heart_rate_high", "resp_rate_high")  # the conditions that it moves, in every third bed
_KINDS: Final = {
    "spo2_low": 5.0, "heart_rate_high": 4.0, "resp_rate_high": 3.0, "sbp_low": 1.5, "map_low": 1.0, "sbp_high": 1.0,
    "heart_rate_low": 0.8, "news2_high": 0.8, "temperature_high": 0.3, NO_DATA.name: 1.2, "signal_lost_spo2_pct": 2.5,
}  # fmt: skip
_TECHNICAL: Final = (NO_DATA.name, "signal_lost_spo2_pct")
_LIMIT: Final = {condition.name: condition.limit for condition in LIMIT_CONDITIONS}
# At night fewer hands, in the morning care and rounds.
_HOURS: Final = np.array(
    [1.0] * 6 + [1.5, 2.2, 2.4, 2.0, 1.6, 1.4, 1.5, 1.4, 1.3, 1.3, 1.5, 1.6, 1.4, 1.2, 1.2, 1.1, 1.0, 1.0]
)
_USUAL: Final = {
    "heart_rate_bpm": (82, 14), "pulse_rate_bpm": (82, 14), "resp_rate_bpm": (17, 4), "spo2_pct": (95, 2.5),
    "sbp_mmhg": (124, 16), "dbp_mmhg": (70, 10), "map_mmhg": (88, 11), "temperature_c": (36.9, 0.5),
}  # fmt: skip
_HOPS: Final = ((MEASURED_TO_RECEIVED, 400), (ONSET_TO_RAISED, 15_000), (RECEIVED_TO_SENT, 900))


@dataclass(frozen=True, slots=True)
class Patient:
    """One who lies in a bed all the time; `unrest` is how many alarms, as against the others."""

    patient_id: str
    ward_id: str
    bed: str
    unrest: float
    has_personal_limits: bool


def fill(marts: Marts, last: date, days: int, seed: int = 1) -> None:
    """Write so many days, up to the last one; what these days held is replaced."""
    chance = np.random.default_rng(seed)
    patients = list(_patients(chance))
    for number in range(days):
        day = last - timedelta(days=days - 1 - number)
        for table, rows in tables_of(day, number, patients, chance).items():
            marts.replace_day(table, day, rows)


@contextmanager
def invented(marts: Marts, last: date, days: int) -> Iterator[bool]:
    """Fill empty marts for the block, and empty them again. Where any mart has a row of these days, nothing is touched.

    Yields whether the days are invented.
    """
    dates = [last - timedelta(days=back) for back in range(days)]
    if any(marts.read(table, day) for table in m.MARTS.values() for day in dates):
        yield False
        return
    try:
        fill(marts, last, days)
        yield True
    finally:
        for day in dates:
            for table in m.MARTS.values():
                marts.replace_day(table, day, [])


def _patients(chance: np.random.Generator) -> Iterator[Patient]:
    for ward_id, beds in WARDS.items():
        for bed in range(1, beds + 1):
            unrest = float(chance.lognormal(0.0, 1.0)) * (1.6 if ward_id == "icu" else 1.0)
            yield Patient(f"{ward_id}-{bed:02d}", ward_id, str(bed), unrest, bed % 3 == 1)


def tables_of(
    day: date, number: int, patients: list[Patient], chance: np.random.Generator
) -> dict[MartTable, list[Row]]:
    """Return the rows of each mart of a day; `number` counts the days from the first, 0."""
    ward_of = {each.patient_id: each.ward_id for each in patients}
    episodes = [
        _episode(day, place, patient, condition, chance)
        for patient in patients
        for place, condition in enumerate(_conditions(patient, number, chance))
    ]
    patient_days = patient_days_of(episodes, ward_of, ward_of.__getitem__)
    is_calibrated = number >= CALIBRATED_FROM
    return {
        m.ALARM_EPISODES: episodes,
        m.ALARM_BURDEN_DAILY: burden_of(episodes),
        m.PATIENTS_MOST_ALARMS: most_alarms(episodes),
        m.PATIENT_DAYS: patient_days,
        m.WARD_BURDEN_DAILY: ward_burden_of(episodes, patient_days),
        m.ALARM_HOURS_DAILY: alarm_hours_of(episodes),
        m.VITALS_DAILY: [row for patient in patients for row in _vitals(patient, number, chance)],
        m.LIMITS_HISTORY: list(_history(day, number, patients)) if is_calibrated else [],
        m.LIMIT_DECISIONS: list(_decisions(number, patients, chance)) if is_calibrated else [],
        m.LIMITS_EFFECT: list(_effects(number, patients, chance)) if is_calibrated else [],
        m.QUALITY_DAILY: list(_checks(chance)),
        m.PROOF_DAILY: [
            {"proven": True, "folded_entries": 4_800_000, "raised_events": 4 * len(episodes), "missing_events": 0,
             "extra_events": 0, "different_events": 0}
        ],
        m.LATENCY_DAILY: [
            {"hop": hop.name, "explanation": hop.explanation, "measurements": 1000 + number, "p50_ms": ms * fast,
             "p95_ms": ms * fast * 1.8, "p99_ms": ms * fast * 2.4, "longest_ms": ms * fast * 6}
            for hop, ms in _HOPS
            for fast in [float(chance.uniform(0.8, 1.2))]
        ],
        m.DELIVERY_DAILY: list(_deliveries(episodes, chance)),
    }  # fmt: skip


def _conditions(patient: Patient, number: int, chance: np.random.Generator) -> Iterator[str]:
    for condition, a_day in _KINDS.items():
        rate = patient.unrest * a_day * (0.3 if condition in _TECHNICAL else 0.25)
        if number > CALIBRATED_FROM and patient.has_personal_limits and condition in PERSONAL:
            rate *= 0.45
        for _ in range(chance.poisson(rate)):
            yield condition


def _episode(day: date, place: int, patient: Patient, condition: str, chance: np.random.Generator) -> Row:
    hour = int(chance.choice(24, p=_HOURS / _HOURS.sum()))
    raised_at = datetime.combine(day, time(hour), UTC) + timedelta(seconds=int(chance.integers(3600)))
    is_technical = condition in _TECHNICAL
    priority = "low" if is_technical else str(chance.choice(["medium", "high"], p=[0.8, 0.2]))
    in_alarm_s = float(chance.lognormal(4.6, 1.1))
    answer_s = float(chance.lognormal(4.4 if priority == "high" else 5.1, 0.8)) * (1.3 if not 7 <= hour < 19 else 1.0)
    is_answered = answer_s < in_alarm_s or (priority == "high" and chance.random() < 0.9)
    limit = None if is_technical else float(_LIMIT[condition][1 if priority == "high" else 0])
    escalation = (
        0 if is_technical else sum(answer_s > after_s for after_s in ((120, 300) if priority == "high" else (600,)))
    )
    return {
        "day": day, "alert_id": f"{patient.patient_id}.{condition}.{raised_at:%Y%m%d}.{place}",
        "patient_id": patient.patient_id, "ward_id": patient.ward_id, "bed": patient.bed, "condition": condition,
        "priority": priority, "value": limit, "limit": limit, "limits_version": 0,
        "onset_at": raised_at - timedelta(seconds=15), "raised_at": raised_at,
        "closed_at": raised_at + timedelta(seconds=in_alarm_s), "ended_by": "clear", "in_alarm_s": in_alarm_s,
        "acknowledged_at": raised_at + timedelta(seconds=answer_s) if is_answered else None,
        "acknowledged_by": f"nurse-{patient.ward_id}" if is_answered else None,
        "to_acknowledge_s": answer_s if is_answered else None, "escalation": escalation,
        "non_actionable": in_alarm_s <= 120 and not is_answered,
    }  # fmt: skip


def _vitals(patient: Patient, number: int, chance: np.random.Generator) -> Iterator[Row]:
    worse = patient.unrest * np.sin(number / 4 + int(patient.bed) % 5)
    shared: Row = {"patient_id": patient.patient_id, "ward_id": patient.ward_id}
    for vital in SENSED:
        usual, spread = _USUAL[vital.name]
        median = usual + spread * (0.3 * worse + 0.3 * float(chance.normal()))
        low, high = median - spread * 1.6, median + spread * 1.6
        if vital.unit == "%":
            low, median, high = min(low, 97), min(median, 98), min(high, 100)
        numbers = {"lowest_value": low, "median_value": median, "mean_value": median, "highest_value": high}
        yield (
            shared
            | {"vital": vital.name, "unit": vital.unit, "values_count": 86_000}
            | {name: round(float(value), 1) for name, value in numbers.items()}
        )
    score = float(np.clip(round(2 + worse + chance.normal()), 0, 12))
    yield shared | {
        "vital": "news2", "unit": "{score}", "values_count": 24, "lowest_value": max(score - 2, 0.0),
        "highest_value": score + 1, "median_value": score, "mean_value": score,
    }  # fmt: skip


def _history(day: date, number: int, patients: list[Patient]) -> Iterator[Row]:
    at = datetime.combine(day, time(2, 10), UTC)
    for offset, patient in enumerate(each for each in patients if each.has_personal_limits):
        for condition in PERSONAL:
            default = float(_LIMIT[condition][0])
            moved = default - 2 if condition == "spo2_low" else default + 5
            yield {
                "partition": 0, "offset": offset, "condition": condition, "received_at": at,
                "patient_id": patient.patient_id, "ward_id": patient.ward_id, "author": RECALIBRATION,
                "version": number * 100, "medium_limit": moved, "reason": "recalibration by policy 2026-11",
                "expires_at": at + timedelta(days=2),
            }  # fmt: skip
    patient = patients[number % len(patients)]
    by_hand: Row = {
        "partition": 1, "received_at": at + timedelta(hours=8), "patient_id": patient.patient_id,
        "ward_id": patient.ward_id, "author": "dr-meyer", "version": number,
    }  # fmt: skip
    yield by_hand | {
        "offset": 1, "condition": "spo2_low", "medium_limit": 88.0, "reason": "COPD, target 88 to 92 %",
        "expires_at": at + timedelta(days=5),
    }  # fmt: skip
    if number % 3 == 0:
        yield by_hand | {
            "offset": 2, "condition": "spo2_low", "medium_limit": 70.0, "reason": "too many alarms",
            "rejected_for": "spo2_low: 70 is looser than the bound of 82",
        }  # fmt: skip


def _decisions(number: int, patients: list[Patient], chance: np.random.Generator) -> Iterator[Row]:
    for patient in patients:
        if not patient.has_personal_limits:
            continue
        for condition in PERSONAL:
            default = float(_LIMIT[condition][0])
            verdict = str(
                chance.choice(
                    ["published", "refused by the gate", "not in force", "rolled back"], p=[0.8, 0.12, 0.06, 0.02]
                )
            )
            yield {
                "patient_id": patient.patient_id, "ward_id": patient.ward_id, "condition": condition,
                "decision": "loosened", "old_limit": default,
                "new_limit": default - 2 if condition == "spo2_low" else default + 5,
                "reason": "nearer to the median than three spreads", "large": bool(number % 5 == 0), "verdict": verdict,
                "refusal": "1 of 9 events would be missed" if verdict == "refused by the gate" else None,
            }  # fmt: skip


def _effects(number: int, patients: list[Patient], chance: np.random.Generator) -> Iterator[Row]:
    for source in ("backtest", "real"):
        for patient in patients:
            if not patient.has_personal_limits or (source == "real" and number <= CALIBRATED_FROM):
                continue
            for condition in PERSONAL:
                before = patient.unrest * _KINDS[condition] * 0.25
                after = before * float(chance.uniform(0.3, 0.6))
                yield {
                    "source": source, "patient_id": patient.patient_id, "ward_id": patient.ward_id,
                    "condition": condition, "days_before": 7, "days_after": 7 if source == "backtest" else 1,
                    "alarms_before_per_patient_day": before, "alarms_after_per_patient_day": after,
                    "in_alarm_before_s": before * 90, "in_alarm_after_s": after * 90,
                    **({"events_missed": 0, "lead_change_s": 0.0} if source == "backtest" else {}),
                }  # fmt: skip


def _checks(chance: np.random.Generator) -> Iterator[Row]:
    """Some of the rules that the quality gate has, by the names that it gives them."""
    for expectation, column, typical, bound, severity in (
        ("day_completeness", "completeness", 0.985, 0.8, "stop"),
        ("day_completeness_good", "completeness", 0.985, 0.95, "warn"),
        ("duplicates", "duplicate_share", 0.002, 0.05, "stop"),
        ("quarantined_few", "quarantine_share", 0.0006, 0.001, "warn"),
        ("late", "late_share", 0.02, 0.05, "warn"),
        ("silent_devices", "silent_share", 0.03, 0.05, "warn"),
        ("log_watched", "watched_share", 0.999, 0.95, "warn"),
    ):
        loss = (1 - typical if typical > 0.5 else typical) * float(chance.lognormal(0, 0.5))
        observed = 1 - loss if typical > 0.5 else loss
        met = observed >= bound if typical > 0.5 else observed <= bound
        yield {
            "table_name": "readings", "expectation": expectation, "column": column, "severity": severity,
            "success": bool(met), "observed": observed, "threshold": bound, "unexpected_count": int(not met),
            "total_count": 1, "detail": "A working network loses less.",
        }  # fmt: skip


def _deliveries(episodes: Sequence[Mapping[str, Any]], chance: np.random.Generator) -> Iterator[Row]:
    for ward_id in WARDS:
        mails = sum(each["ward_id"] == ward_id and each["priority"] != "low" for each in episodes)
        dead = int(chance.random() < 0.1)
        yield {
            "recipient": f"{ward_id}-nurses@hospital.example", "told_events": 2 * mails, "mails": mails,
            "sent_mails": mails - dead, "digests": mails // 12, "waiting_mails": 0, "dead_letters": dead,
            "tries": mails + int(chance.integers(5)),
        }  # fmt: skip
