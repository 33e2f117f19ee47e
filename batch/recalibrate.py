"""The nightly calibration: baselines of the closed day, proposals within the policy, a backtest, and the gate.

Each decision becomes a row of `limits_proposed`, also the decision to change nothing. Nothing is published here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from batch.backtest import Comparison, Key, backtest, refusals
from batch.baselines import EPOCH, baseline_rows, count_day, read_nights
from batch.decided import Decided, Recalibration, told
from batch.in_force import InForce, in_force
from batch.patient_days import clean_of, nightly_of
from batch.versions import Version, before_day, is_of_day, nightly_versions
from clinical.calibration import CONDITION, UNCHANGED, History, Proposal, propose
from clinical.policy import POLICY, LimitsPolicy
from lakehouse.cassandra import Cassandra
from lakehouse.contract import LakeTable
from lakehouse.errors import RecoveryError, WardwatchError
from lakehouse.folding import AlarmFold
from lakehouse.hdfs import Hdfs
from lakehouse.lake import Batch, Lake
from lakehouse.lake_log import log_on_disk
from lakehouse.log_days import DayStates, day_ends, latest_end
from lakehouse.mart_tables import PROOF_DAILY, QUALITY_DAILY
from lakehouse.marts import Marts
from lakehouse.render import arrow_schema
from lakehouse.settings import Service, Settings
from lakehouse.tables import BASELINES, ENTRIES, ERASURES, LIMITS_PROPOSED, READINGS

ONE_DAY: Final = timedelta(days=1)
_LEARNT_FROM: Final = frozenset({READINGS.name, ENTRIES.name})


class NotProven(WardwatchError, ValueError):
    """The alarms of a day are not what its log calls for, or nobody has looked."""


class NotFit(WardwatchError, ValueError):
    """The data of a day are not fit to learn from."""


def recalibrate(
    settings: Settings,
    day: date,
    advance: Callable[[int], None],
    policy: LimitsPolicy = POLICY,
    today: date | None = None,
) -> Recalibration:
    """Calibrate on a day whose alarms are proven. A repeated run replaces what the one before had written.

    Parameters
    ----------
    advance
        Told how many readings more are counted.
    today
        The day that is not over yet; None = that of the clock.

    Raises
    ------
    NotFit
        When the quality gate has stopped the night of that day.
    NotProven
        When the proof of that day found differences, or there was none.
    RecoveryError
        When the state of the fold at the end of that day is no longer kept.
    """
    closed = (day - EPOCH.date()).days
    with Marts(settings, Service.BATCH) as marts:
        check_fit(marts, day)
        check_proven(marts, day)
    with (
        Lake(settings, patience_s=60) as lake,
        Hdfs(settings) as hdfs,
        Cassandra(settings, Service.BATCH, patience_s=60) as cassandra,
    ):
        known = before_its_night(limits_at_end_of(DayStates(hdfs), day), cassandra, day)
        version = lake.open(READINGS).version()
        found = count_day(lake, day, version, policy, advance)
        replace(lake, BASELINES, day, baseline_rows(found, day, version))
        nights = read_nights(lake, day, policy)
        proposals = {
            patient_id: propose(
                History(
                    clean_of(nights.get(patient_id, {}), closed, policy),
                    nightly_of(nights.get(patient_id, {}), closed, policy),
                    limits.nightly,
                    limits.by_clinician,
                ),
                policy,
            )
            for patient_id, limits in sorted(known.items())
        }
        decided = try_out(lake, settings.run, (day, today), proposals, policy)
        replace(lake, LIMITS_PROPOSED, day, list(proposal_rows(decided, known, day, version, policy)))
        erasures = lake.read(ERASURES, [("day", ">", day)], ["patient_digest"])  # one a run, and a run may be repeated
        erased = len(set(erasures["patient_digest"].to_pylist()))
    return told(decided, day, policy, erased)


def check_fit(marts: Marts, day: date) -> None:
    """Check that the quality gate has not stopped the night of a day. Whether it has looked is for who runs the night.

    Raises
    ------
    NotFit
        Naming what the day did not meet.
    """
    judged = marts.read(QUALITY_DAILY, day)
    unmet = {
        each["expectation"]
        for each in judged
        if each["table_name"] in _LEARNT_FROM and each["severity"] == "stop" and not each["success"]
    }
    if unmet:
        raise NotFit(
            f"limits are made from a day that the quality gate has let through; {day} did not meet "
            f"{', '.join(sorted(unmet))}; where the data were mended, run `python -m quality check` again"
        )


def check_proven(marts: Marts, day: date) -> None:
    """Check that the alarms of a day are proven: the state that limits start from is kept without that, too.

    Raises
    ------
    NotProven
        When they are not.
    """
    proofs = marts.read(PROOF_DAILY, day)
    if not proofs:
        raise NotProven(
            f"limits are made from a day whose alarms are proven; {day} was not looked at; "
            f"run `python -m batch prove --date {day}` first"
        )
    (proof,) = proofs
    if not proof["proven"]:
        raise NotProven(
            f"limits are made from a day whose alarms are proven; of {day}, {proof['missing_events']} are missing, "
            f"{proof['extra_events']} extra and {proof['different_events']} different; explain them first: the rows of "
            "the lake table `proof` name them"
        )


def limits_at_end_of(states: DayStates, day: date) -> dict[str, InForce]:
    """Return the limits in force when a day ended, by patient, as the proof of the day left them.

    Raises
    ------
    RecoveryError
        When the state at the end of that day is not kept.
    """
    folds = [states.load(day, partition) for partition in states.partitions(day)]
    found = [fold for fold in folds if fold is not None]
    if not found:
        raise RecoveryError(
            f"limits are made from those in force at the end of the day, which the proof keeps; {day} has none; "
            f"run `python -m batch prove --date {day}` first"
        )
    return {name: limits for fold in found for name, limits in in_force(fold, ended_ms(fold)).items()}


def before_its_night(known: Mapping[str, InForce], cassandra: Cassandra, day: date) -> dict[str, InForce]:
    """Return limits without those that the night of that very day has published already.

    Only a day that is not over can hold them: its night may be had at noon, and once more after midnight. If the second
    one began with the limits of the first, they would go two steps in one day.
    """
    return {
        patient_id: limits._replace(nightly=_before(nightly_versions(cassandra, patient_id), day))
        if is_of_day(limits.version, day)
        else limits
        for patient_id, limits in known.items()
    }


def _before(versions: Sequence[Version], day: date) -> dict[str, float]:
    before = before_day(versions, day)
    stated = {} if before is None else json.loads(before["limits"])
    return {
        condition: medium
        for condition, (medium, _) in stated.items()
        if medium is not None and medium != CONDITION[condition].limit[0]
    }


def ended_ms(fold: AlarmFold) -> int:
    """Return when the last of a fold's patients was heard: up to there its limits have been watched."""
    return int(fold.records["heard_at"].max(initial=0))


def try_out(
    lake: Lake,
    scratch: Path,
    when: tuple[date, date | None],
    proposals: Mapping[str, list[Proposal]],
    policy: LimitsPolicy,
) -> Decided:
    """Fold the policy's days with the old and with the proposed limits of those patients whose limits change.

    Days that the lake no longer has are left out.

    Parameters
    ----------
    scratch
        A folder for the log while it is folded.
    when
        The last of the days, and today.
    """
    day, today = when
    changed = {name: each for name, each in proposals.items() if any(one.decision != UNCHANGED for one in each)}
    ends = day_ends(lake, day, today)
    before = latest_end(lake, day - policy.days * ONE_DAY)  # without one, the log begins within these days
    with log_on_disk(lake, before.offsets if before else {}, ends, scratch) as log:
        partitions = log.partitions()
        slices = (part for partition in partitions for part in log.slices(partition))
        compared = backtest(slices, partitions, changed, policy) if changed else {}
    return Decided(dict(proposals), compared, refusals(compared, policy))


def proposal_rows(
    decided: Decided, known: Mapping[str, InForce], day: date, version: int, policy: LimitsPolicy
) -> Iterator[dict[str, Any]]:
    """Yield the rows of `limits_proposed`: one for each patient and condition."""
    for patient_id, proposals in decided.proposals.items():
        for proposal in proposals:
            yield {
                "day": day,
                "patient_id": patient_id,
                "ward_id": known[patient_id].ward_id,
                "condition": proposal.condition,
                "decision": proposal.decision,
                "old_limit": proposal.old,
                "new_limit": proposal.new,
                "reason": proposal.reason,
                "large": proposal.is_large(policy),
                "refusal": decided.refused.get(patient_id),
                "readings": proposal.readings,
                "median_value": _or_none(proposal.median),
                "spread": _or_none(proposal.spread),
                "drifts": proposal.drifts,
                "policy": policy.digest,
                "readings_version": version,
                **_compared(decided.compared.get(Key(patient_id, proposal.condition))),
            }


def _compared(found: Comparison | None) -> dict[str, Any]:
    if found is None:
        return {"backtest_days": 0}
    return {
        "backtest_days": round(found.days),
        "alarms_before_per_patient_day": found.alarms[0] / found.days,
        "alarms_after_per_patient_day": found.alarms[1] / found.days,
        "in_alarm_before_s": found.in_alarm_s[0] / found.days,
        "in_alarm_after_s": found.in_alarm_s[1] / found.days,
        "events_missed": found.missed,
        "lead_change_s": found.lead_change_s,
    }


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else number


def writer_of(day: date) -> str:
    """Return who writes what a day's calibration decides: the lake knows it by that name, also where it has no rows."""
    return f"recalibrate/{day}"


def replace(lake: Lake, table: LakeTable, day: date, rows: list[dict[str, Any]]) -> None:
    """Put rows in the place of what an earlier run of that day had written."""
    run = Batch(writer_of(day), time.time_ns())
    lake.replace_day(table, day, pa.Table.from_pylist(rows, arrow_schema(table)), run)
