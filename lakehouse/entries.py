"""Messages as the columns that the compiled fold takes: names become numbers here, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clinical.conditions import CHANNEL
from clinical.rules import FIRST_TECHNICAL, FOREVER, N_LIMITS, NEVER
from clinical.state import (
    ACKNOWLEDGE,
    ADMISSION,
    ADMIT,
    ALL_CHANNELS,
    CLINICIAN,
    COMMAND,
    DISCHARGE,
    FINDING,
    LIMITS,
    NIGHTLY,
    NO_CHANNEL,
    READING,
    SILENCE,
    TICK,
    TRANSFER,
    UNSILENCE,
    Admissions,
    Commands,
    Entries,
    Findings,
    LimitSets,
)
from lakehouse.log import LogSlice, truncated_ms
from lakehouse.messages import Admission, Command, Finding, Limits, Message, Tick

RECALIBRATION: Final = "recalibration"  # the author of the nightly layer of limits

_KINDS: Final[dict[type, int]] = {Finding: FINDING, Limits: LIMITS, Command: COMMAND, Admission: ADMISSION, Tick: TICK}
# As lakehouse.folding writes it: PATIENT.CONDITION.ONSET_MS; a patient's id may have dots itself.
_ALERT_ID: Final = re.compile(r"(?P<patient_id>.+)\.(?P<condition>[a-z0-9_]+)\.(?P<onset_ms>-?[0-9]{1,15})", re.DOTALL)
_ACTIONS: Final = {"acknowledge": ACKNOWLEDGE, "silence": SILENCE, "unsilence": UNSILENCE}
_MOVES: Final = {"admit": ADMIT, "transfer": TRANSFER, "discharge": DISCHARGE}


class Names:
    """Texts as small numbers, in the order in which they were first seen."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(texts)
        self._places = {text: place for place, text in enumerate(self.texts)}

    def place(self, text: str | None) -> int:
        """Return the number of a text; -1 for None."""
        if text is None:
            return -1
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(text)
        return self._places[text]

    def text(self, place: int) -> str | None:
        """Return the text of a number; None for -1."""
        return None if place < 0 else self.texts[place]


def entries_of(log: LogSlice, patient_rows: NDArray[np.int64], names: Names) -> Entries:
    """Return the columns of a stretch of the log. `names` learns wards and beds."""
    n = len(log.partition)
    kind = np.full(n, READING, np.int8)
    detail = np.full(n, -1, np.int64)
    measured_ms = log.measured_ms
    tables: dict[int, list[Message]] = {each: [] for each in (FINDING, LIMITS, COMMAND, ADMISSION)}
    for row, message in log.others.items():
        kind[row] = _KINDS[type(message)]
        if kind[row] != TICK:
            table = tables[int(kind[row])]
            detail[row] = len(table)
            table.append(message)
    if tables[FINDING]:
        measured_ms = measured_ms.copy()
        findings_at = np.array([_ms(m.measured_at) for m in tables[FINDING] if isinstance(m, Finding)])
        measured_ms[kind == FINDING] = findings_at[detail[kind == FINDING]]
    return Entries(
        kind=kind,
        partition=_plain(log.partition),
        patient=patient_rows,
        received_at=_plain(log.received_ms),
        measured_at=_plain(measured_ms),
        period=_plain(log.period_ms),
        values=_plain(log.values),
        detail=detail,
        findings=_findings([m for m in tables[FINDING] if isinstance(m, Finding)]),
        limits=_limits([m for m in tables[LIMITS] if isinstance(m, Limits)]),
        commands=_commands([m for m in tables[COMMAND] if isinstance(m, Command)]),
        admissions=_admissions([m for m in tables[ADMISSION] if isinstance(m, Admission)], names),
    )


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array as the fold was compiled for: contiguous and writable; any other would be compiled anew."""
    return np.require(values, requirements=["C", "W"])


def _ints(values: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(values), dtype=np.int64)


def _ms(at: datetime) -> int:
    return int(truncated_ms(np.array([at.timestamp()]))[0])


def _findings(messages: list[Finding]) -> Findings:
    channels = (CHANNEL.get(m.code, -1) for m in messages)
    return Findings(
        channel=_ints(c if N_LIMITS <= c < FIRST_TECHNICAL else -1 for c in channels),
        active=np.array([m.active for m in messages], dtype=np.int8),
    )


def _limits(messages: list[Limits]) -> LimitSets:
    given = np.zeros((len(messages), N_LIMITS), np.int8)
    limit = np.full((len(messages), N_LIMITS, 2), np.nan)
    unknown = np.zeros(len(messages), np.int8)
    for row, message in enumerate(messages):
        for name, pair in message.limits.items():
            c = CHANNEL.get(name, N_LIMITS)
            if c >= N_LIMITS:
                unknown[row] = 1
            elif pair is None:
                given[row, c] = -1
            else:
                given[row, c] = 1
                limit[row, c] = [np.nan if each is None else each for each in pair]
    return LimitSets(
        layer=_ints(NIGHTLY if m.author == RECALIBRATION else CLINICIAN for m in messages),
        version=_ints(m.version for m in messages),
        until=_ints(FOREVER if m.expires_at is None else _ms(m.expires_at) for m in messages),
        given=given,
        limit=limit,
        unknown=unknown,
    )


class _Alert(NamedTuple):
    channel: int
    onset_ms: int


def _alert(alert_id: str | None, patient_id: str) -> _Alert:
    """Return the channel and onset that an alert id names."""
    if alert_id is None:
        return _Alert(ALL_CHANNELS, NEVER)
    found = _ALERT_ID.fullmatch(alert_id)
    if found is None or found["patient_id"] != patient_id:
        return _Alert(NO_CHANNEL, NEVER)
    return _Alert(CHANNEL.get(found["condition"], NO_CHANNEL), int(found["onset_ms"]))


def _commands(messages: list[Command]) -> Commands:
    alerts = [_alert(m.alert_id, m.patient_id) for m in messages]
    return Commands(
        action=_ints(_ACTIONS[m.action] for m in messages),
        channel=_ints(alert.channel for alert in alerts),
        onset=_ints(alert.onset_ms for alert in alerts),
        until=_ints(NEVER if m.until is None else _ms(m.until) for m in messages),
    )


def _admissions(messages: list[Admission], names: Names) -> Admissions:
    return Admissions(
        event=_ints(_MOVES[m.event] for m in messages),
        ward=_ints(names.place(m.ward_id) for m in messages),
        bed=_ints(names.place(m.bed) for m in messages),
        spo2_scale=_ints(m.spo2_scale or 0 for m in messages),
    )
