"""Propose personal limits from a history in a file: the same rules as in the night, with no services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from batch.fold import read_log
from batch.in_force import InForce, in_force, message_of
from batch.patient_days import DAY_MS, PatientDays, clean_of, nightly_of, unclean
from batch.versions import next_version
from clinical.calibration import UNCHANGED, History, Proposal, propose
from clinical.policy import POLICY, LimitsPolicy
from lakehouse.folding import EPOCH, AlarmFold
from lakehouse.log import LogSlice
from lakehouse.messages import Limits, encode


class Proposed(NamedTuple):
    """What a history leads to: proposals by patient, in the order of their names, and what was in force at its end."""

    ended_ms: int  # received_at of the last entry; 0 without one
    proposals: dict[str, list[Proposal]]
    in_force: dict[str, InForce]

    def messages(self, policy: LimitsPolicy = POLICY) -> list[Limits]:
        """Return one message for each patient whose limits are, or were, not the defaults."""
        made_at = EPOCH + timedelta(milliseconds=self.ended_ms)
        return [
            message_of(patient_id, proposals, self._version(patient_id), made_at, policy)
            for patient_id, proposals in self.proposals.items()
            if any(each.is_personal or each.decision != UNCHANGED for each in proposals)
        ]

    def _version(self, patient_id: str) -> int:
        ended_at = EPOCH + timedelta(milliseconds=self.ended_ms)
        return next_version(self.in_force[patient_id].version, ended_at.date())


class Summary(NamedTuple):
    """What one run did."""

    patients: int
    messages: int
    loosened: int
    tightened: int

    def sentence(self) -> str:
        """Say it."""
        return (
            f"{self.patients} patients: personal limits for {self.messages}; "
            f"{self.loosened} limits looser, {self.tightened} tighter than before"
        )


def propose_limits(history: Path, out: Path, policy: LimitsPolicy = POLICY) -> Summary:
    """Propose limits from the log in `history` and write them to `out` as messages, one a line."""
    proposed = propose_from(lambda: (chunk.log for chunk in read_log(history)), policy)
    messages = proposed.messages(policy)
    out.write_bytes(b"".join(encode(message) + b"\n" for message in messages))
    decisions = [each.decision for proposals in proposed.proposals.values() for each in proposals]
    return Summary(len(proposed.proposals), len(messages), decisions.count("loosened"), decisions.count("tightened"))


def propose_from(log: Callable[[], Iterable[LogSlice]], policy: LimitsPolicy = POLICY) -> Proposed:
    """Propose limits from a log, which is read twice: the fold first tells which readings are clean.

    Patients who are discharged at its end have none.
    """
    fold = AlarmFold()
    ended_ms = 0
    events = []
    for part in log():
        events += [event for event in fold.fold(part) if event.condition is not None]
        ended_ms = max(ended_ms, int(part.received_ms.max(initial=0)))
    days = PatientDays(unclean(events, policy))
    for part in log():
        add_readings(days, part)
    known = in_force(fold, ended_ms)
    proposals = {
        patient_id: propose(history_of(days, patient_id, ended_ms // DAY_MS, known[patient_id], policy), policy)
        for patient_id in sorted(known)
    }
    return Proposed(ended_ms, proposals, known)


def add_readings(days: PatientDays, part: LogSlice) -> None:
    """Count the readings of a stretch of the log."""
    ids = [patient_id or "" for patient_id in part.patient_ids]
    names = sorted(set(ids))
    number = {name: place for place, name in enumerate(names)}
    patient = np.array([number[patient_id] for patient_id in ids], dtype=np.int64)
    readings = part.is_reading
    days.add(names, patient[readings], part.measured_ms[readings], part.values[readings])


def history_of(days: PatientDays, patient_id: str, closed: int, limits: InForce, policy: LimitsPolicy) -> History:
    """Return what calibration is told of a patient; `closed` is the last day of the log, since 1970."""
    known = days.days_of(patient_id)
    return History(
        clean_of(known, closed, policy), nightly_of(known, closed, policy), limits.nightly, limits.by_clinician
    )
