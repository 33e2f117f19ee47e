"""A language for histories: a few literal lines in, alarm events as short tuples out.

    alarms(at(0, heart_rate_bpm=80).for_s(10), at(10, heart_rate_bpm=130).for_s(20))
    == [("heart_rate_high", "onset", "medium", 25)]

Times are seconds since `T0`. What a line does not say is a patient p1 with one device, whose readings come every second
and reach the log at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
import numpy as np

from lakehouse.entries import RECALIBRATION
from lakehouse.events import AlertEvent
from lakehouse.folding import AlarmFold
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Admission, Command, Finding, Limits, Message, Reading, Tick, Vitals

T0: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PATIENT: Final = "p1"
DOCTOR: Final = "dr-a"
NIGHTLY: Final = RECALIBRATION

Pair: TypeAlias = list[float | None] | None  # medium, high
Alarm: TypeAlias = tuple[str | None, str, str | None, float]  # condition, step, priority, received at


class Entry(NamedTuple):
    """One message and when it reached the log."""

    received_s: float
    message: Message
    partition: int = 0


@dataclass(frozen=True)
class Part:
    """Some entries of a history."""

    entries: tuple[Entry, ...]

    def for_s(self, seconds: float) -> Part:
        """Go on like the one reading of this part, at its period, for less than so many seconds."""
        (first,) = self.entries
        assert isinstance(first.message, Reading)
        period_s = first.message.period_s
        times_s = np.arange(0, seconds, period_s).tolist()
        return Part(tuple(_later(first, time_s) for time_s in times_s))


def _later(entry: Entry, seconds: float) -> Entry:
    message = entry.message
    assert isinstance(message, Reading)
    later = msgspec.structs.replace(message, measured_at=message.measured_at + timedelta(seconds=seconds))
    return entry._replace(received_s=entry.received_s + seconds, message=later)


def time(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def seconds(at: datetime | None) -> float | None:
    return None if at is None else (at - T0).total_seconds()


def _one(received_s: float, message: Message) -> Part:
    return Part((Entry(received_s, message),))


def at(
    received_s: float,
    *,
    measured: float | None = None,
    ahead_s: float = 0,
    period_s: float = 1,
    **vitals: Any,
) -> Part:
    """One reading; `ahead_s` is how far the clock of its device runs ahead (negative: behind)."""
    measured_s = (received_s if measured is None else measured) + ahead_s
    message = Reading(
        patient_id=PATIENT, measured_at=time(measured_s), period_s=period_s, vitals=Vitals(**vitals), device_id="d"
    )
    return _one(received_s, message)


def ticks(begin_s: int, end_s: int) -> Part:
    """A tick every second, both ends included."""
    return Part(tuple(Entry(second, Tick()) for second in range(begin_s, end_s + 1)))


def finding(received_s: float, code: str, *, active: bool = True, measured: float | None = None) -> Part:
    measured_s = received_s if measured is None else measured
    return _one(received_s, Finding(patient_id=PATIENT, code=code, active=active, measured_at=time(measured_s)))


def limits(
    received_s: float,
    given: Mapping[str, Pair] | None = None,
    *,
    version: int = 1,
    author: str = DOCTOR,
    until: float | None = None,
    **pairs: Pair,
) -> Part:
    expires_at = None if until is None else time(until)
    message = Limits(
        patient_id=PATIENT, version=version, limits={**(given or {}), **pairs}, author=author, expires_at=expires_at
    )
    return _one(received_s, message)


def alert(condition: str, onset: float) -> str:
    """The id of an alert of p1."""
    return f"{PATIENT}.{condition}.{int(time(onset).timestamp() * 1000)}"


def _command(
    received_s: float, action: Literal["acknowledge", "silence", "unsilence"], alert_id: str | None, until: float | None
) -> Part:
    until_at = None if until is None else time(until)
    return _one(received_s, Command(patient_id=PATIENT, action=action, alert_id=alert_id, by=DOCTOR, until=until_at))


def acknowledge(received_s: float, alert_id: str | None = None) -> Part:
    return _command(received_s, "acknowledge", alert_id, None)


def silence(received_s: float, alert_id: str | None = None, *, until: float | None) -> Part:
    return _command(received_s, "silence", alert_id, until)


def unsilence(received_s: float, alert_id: str | None = None) -> Part:
    return _command(received_s, "unsilence", alert_id, None)


def admit(
    received_s: float, ward: str | None = None, bed: str | None = None, spo2_scale: Literal[1, 2] | None = None
) -> Part:
    message = Admission(patient_id=PATIENT, event="admit", ward_id=ward, bed=bed, spo2_scale=spo2_scale)
    return _one(received_s, message)


def transfer(received_s: float, ward: str | None = None, bed: str | None = None) -> Part:
    return _one(received_s, Admission(patient_id=PATIENT, event="transfer", ward_id=ward, bed=bed))


def discharge(received_s: float) -> Part:
    return _one(received_s, Admission(patient_id=PATIENT, event="discharge"))


def in_order(parts: Iterable[Part]) -> list[Entry]:
    """All entries as they reached the log."""
    return sorted((entry for part in parts for entry in part.entries), key=lambda entry: entry.received_s)


def slice_from(entries: Sequence[Entry], first_offset: int = 0) -> LogSlice:
    """Entries of one partition as the fold takes them; their offsets count up from the first."""
    received_ms = [round(time(entry.received_s).timestamp() * 1000) for entry in entries]
    return slice_of(
        np.array([entry.partition for entry in entries], dtype=np.int32),
        np.arange(first_offset, first_offset + len(entries)),
        np.array(received_ms, dtype=np.int64),
        [entry.message for entry in entries],
    )


def events(*parts: Part) -> list[AlertEvent]:
    """What the fold says to a history."""
    return AlarmFold().fold(slice_from(in_order(parts)))


def alarms(*parts: Part) -> list[Alarm]:
    """What the fold says to a history, in short; refusals aside."""
    return [short(event) for event in events(*parts) if event.step != "refuse"]


def refusals(*parts: Part) -> list[str | None]:
    """Why the fold refused something."""
    return [event.reason for event in events(*parts) if event.step == "refuse"]


def short(event: AlertEvent) -> Alarm:
    return event.condition, event.step, event.priority, (event.received_at - T0).total_seconds()


def only(condition: str, told: Sequence[Alarm]) -> list[Alarm]:
    """The alarms of one condition."""
    return [alarm for alarm in told if alarm[0] == condition]


def forgetting_times(record: np.record) -> np.record:
    """Return a record without what a discharge leaves in it: when, and when the last alerts had begun."""
    blank = AlarmFold()._blank[0]
    for name in ("discharged_at", "onset"):
        record[name] = blank[name]
    return record
