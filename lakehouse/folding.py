"""The fold with names: messages of the log in, alarm events out. One object serves live, replay, proof and backtest."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from clinical.alarms import fold
from clinical.alert import REASONS, REFUSE, STEPS, Event
from clinical.conditions import CONDITIONS, PRIORITIES
from clinical.news2 import PARAMETERS
from clinical.readings import COUNTS
from clinical.rules import NEVER, rules_of
from clinical.state import FINDING, PATIENT, READING, STATE_VERSION, Entries, Patients, blank_patient
from clinical.vitals import VITALS
from lakehouse.entries import Names, entries_of
from lakehouse.errors import RecoveryError
from lakehouse.events import AlertEvent
from lakehouse.log import LogSlice, slice_of
from lakehouse.messages import Command, Limits, Message, Tick

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# A state holds limits and bands made from the catalogues: this tells other catalogues, or another layout, apart.
_CATALOGUES: Final = repr((STATE_VERSION, PATIENT.descr, CONDITIONS, VITALS)).encode() + rules_of().tobytes()
LAYOUT: Final = hashlib.sha256(_CATALOGUES).hexdigest()[:16]


class _Header(msgspec.Struct):
    layout: str
    positions: dict[int, int]
    rows: list[tuple[int, str]]
    names: list[str]
    counts: list[int]


class AlarmFold:
    """Folds any set of partitions; their orders do not touch each other.

    `fold` ignores entries before `positions`, so a stretch that is given twice has its effect once. Events come in the
    order of the entries of their partition, those of a tick by patient; where a stretch ends changes nothing.
    """

    def __init__(self, rules: np.recarray | None = None) -> None:
        self._rules = rules_of() if rules is None else rules
        self._blank = blank_patient(self._rules["limit"][0])
        self._state = np.repeat(self._blank, 64).view(np.recarray)
        self._rows: dict[int, dict[str, int]] = {}  # partition -> patient -> row
        self._ids: list[tuple[int, str]] = []  # row -> partition, patient; "" = nobody
        self._free: list[int] = []  # rows of nobody
        self._sweep_at = len(self._state)  # rows; so that looking for the forgotten costs little for each row
        self._names = Names()
        self._counts = np.zeros(len(COUNTS), np.int64)
        self.positions: dict[int, int] = {}  # partition -> next offset
        self.skipped = 0  # entries that this object was given although they stand before `positions`

    @property
    def counts(self) -> dict[str, int]:
        """How many values were late or impossible, and how many readings brought nothing new."""
        return dict(zip(COUNTS, self._counts.tolist(), strict=True))

    @property
    def patients(self) -> int:
        """How many patients are known."""
        return int(self.records["known"].sum())

    def fold(self, entries: LogSlice) -> list[AlertEvent]:
        """Move on by a stretch of the log and return the events, in its order."""
        todo = self._not_yet_folded(entries)
        if not len(todo.partition):
            return []
        columns = entries_of(todo, self._patient_rows(todo), self._names)
        events = fold(self._rules, self._state, self._blank, columns, self._counts)
        # Which row a patient has depends on who came before; the events of a tick must not.
        events.sort(key=lambda event: (event.entry, self._ids[event.patient][1]))
        last = np.flatnonzero(np.diff(todo.partition, append=-1))
        for row in last:
            self.positions[int(todo.partition[row])] = int(todo.offset[row]) + 1
        return [self._named(event, todo, columns) for event in events]

    def _not_yet_folded(self, entries: LogSlice) -> LogSlice:
        partitions, where = np.unique(entries.partition, return_inverse=True)
        begins = np.array([self.positions.get(int(partition), 0) for partition in partitions], dtype=np.int64)
        new = entries.offset >= begins[where] if len(partitions) else np.zeros(0, np.bool_)
        new[1:] &= (np.diff(entries.offset) != 0) | (np.diff(entries.partition) != 0)
        if new.all():
            return entries
        self.skipped += len(new) - int(new.sum())
        return entries.take(new)

    def _patient_rows(self, entries: LogSlice) -> np.ndarray:
        """Return the state's row of each entry, giving rows to patients not seen before."""
        if not self._free and len(self._ids) >= self._sweep_at:
            self._sweep()
        rows = np.empty(len(entries.partition), np.int64)
        edges = [0, *(np.flatnonzero(np.diff(entries.partition)) + 1), len(rows)]
        for begin, end in pairwise(edges):
            partition = int(entries.partition[begin])
            known = self._rows.setdefault(partition, {})
            ids = entries.patient_ids[begin:end]
            for patient_id in ids:
                if patient_id is not None and patient_id not in known:
                    known[patient_id] = self._new_row(partition, patient_id)
            rows[begin:end] = [-1 if patient_id is None else known[patient_id] for patient_id in ids]
        while len(self._state) < len(self._ids):
            more = _as_bytes(np.repeat(self._blank, len(self._state)))
            self._state = np.concatenate([_as_bytes(self._state), more]).view(PATIENT).view(np.recarray)
        return rows

    def _new_row(self, partition: int, patient_id: str) -> int:
        if not self._free:
            self._ids.append((partition, patient_id))
            return len(self._ids) - 1
        row = self._free.pop()
        self._ids[row] = (partition, patient_id)
        return row

    def _sweep(self) -> None:
        """Give the rows of those who are forgotten to others; a lane lives for months."""
        for row in np.flatnonzero(~self._remembered()).tolist():
            if self._ids[row][1]:
                self._empty(row)
        self._sweep_at = max(len(self._state), 2 * (len(self._ids) - len(self._free)))

    def _empty(self, row: int) -> None:
        partition, patient_id = self._ids[row]
        del self._rows[partition][patient_id]
        self._state[row] = self._blank[0]
        self._ids[row] = (partition, "")
        self._free.append(row)

    def _named(self, event: Event, entries: LogSlice, columns: Entries) -> AlertEvent:
        row = event.entry
        partition, offset = int(entries.partition[row]), int(entries.offset[row])
        patient_id = self._ids[event.patient][1]
        condition = CONDITIONS[event.channel] if event.channel >= 0 else None
        message = entries.others.get(row)
        alert_id = None
        event_id = f"{patient_id}.refused.{partition}-{offset}"
        if event.step != REFUSE:
            alert_id = f"{patient_id}.{condition}.{event.onset}"
            event_id = f"{alert_id}.{event.seq:05d}"
        is_score = condition == "news2_high"
        return AlertEvent(
            event_id=event_id,
            alert_id=alert_id,
            patient_id=patient_id,
            ward_id=self._names.text(event.ward),
            bed=self._names.text(event.bed),
            from_ward_id=self._names.text(event.from_ward),
            condition=condition,
            step=STEPS[event.step],
            priority=PRIORITIES[event.priority] or None,  # type: ignore[arg-type]
            value=_number(event.value),
            limit=_number(event.limit),
            limits_version=int(event.limit_version),  # NumPy's own, where the fold runs uncompiled
            onset_at=_time(event.onset),
            measured_at=_time(int(columns.measured_at[row])) if columns.kind[row] in {READING, FINDING} else None,
            received_at=EPOCH + timedelta(milliseconds=int(entries.received_ms[row])),
            escalation=int(event.escalation),
            silenced_until=_time(event.silenced_until),
            acknowledged=bool(event.acknowledged),
            by=_author(message),
            reason=REASONS[event.reason] or None,
            missing=[name for k, name in enumerate(PARAMETERS) if is_score and event.missing >> k & 1],
            partition=partition,
            offset=offset,
        )

    @property
    def records(self) -> Patients:
        """The records of all patients seen, known or discharged. Read only; they change with the next `fold`."""
        return self._state[: len(self._ids)].view(np.recarray)

    def forget(self, patient_id: str) -> bool:
        """Make a patient someone never seen, down to the id. Returns whether there was a record."""
        rows = [row for row, (_, each) in enumerate(self._ids) if each == patient_id]
        for row in rows:
            self._empty(row)
        return bool(rows)

    def patient_id(self, row: int) -> str:
        """Return whose record stands in a row."""
        return self._ids[row][1]

    def place(self, number: int) -> str | None:
        """Return the name of a ward or bed that a record has as a number."""
        return self._names.text(number)

    def snapshot(self) -> tuple[bytes, bytes]:
        """Return header and a copy of the records, without those forgotten: all that `pack` needs, at this moment."""
        kept = self._remembered()
        ids = [self._ids[row] for row in np.flatnonzero(kept)]
        header = _Header(LAYOUT, dict(self.positions), ids, self._names.texts, self._counts.tolist())
        rows = _as_bytes(self.records).reshape(-1, PATIENT.itemsize)
        return msgspec.msgpack.encode(header), (rows if kept.all() else rows[kept]).tobytes()

    def _remembered(self) -> NDArray[np.bool_]:
        """Say of each record whether its patient is here, or gone so lately that it matters: four days."""
        known, gone_at = self.records["known"], self.records["discharged_at"]
        partitions = np.array([partition for partition, _ in self._ids], np.int64)
        latest = np.full(partitions.max(initial=-1) + 1, NEVER)  # each partition has a time of its own
        np.maximum.at(latest, partitions, np.maximum(self.records["heard_at"], gone_at))
        is_lately = latest[partitions] - gone_at < self._rules["discharge_kept"][0]
        remembered: NDArray[np.bool_] = (known != 0) | (is_lately & (gone_at != NEVER))
        return remembered

    def to_bytes(self) -> bytes:
        """Return the whole state, compressed; `from_bytes` gives it back bit for bit."""
        return pack(*self.snapshot())

    @classmethod
    def from_bytes(cls, packed: bytes, rules: np.recarray | None = None) -> AlarmFold:
        """Return the fold as it stood.

        Raises
        ------
        RecoveryError
            When the bytes are damaged, or were written by a version with another layout or other catalogues.
        """
        try:
            plain = zstandard.decompress(packed)
            length = int.from_bytes(plain[:8], "little")
            header = msgspec.msgpack.decode(plain[8 : 8 + length], type=_Header)
        except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
            raise RecoveryError(f"a saved state must be whole; {error}; run `python -m streaming rebuild`") from None
        if header.layout != LAYOUT:
            raise RecoveryError(
                f"a saved state must be of this version's layout {LAYOUT}; found {header.layout}; "
                "run `python -m streaming rebuild`, which folds the log again"
            )
        records = plain[8 + length :]
        if len(records) != len(header.rows) * PATIENT.itemsize:
            raise RecoveryError(
                f"a saved state must hold {len(header.rows)} records of {PATIENT.itemsize} bytes; "
                f"found {len(records)} bytes; run `python -m streaming rebuild`"
            )
        self = cls(rules)
        self.positions = header.positions
        self._names = Names(header.names)
        self._counts = np.array(header.counts, np.int64)
        self._ids = header.rows
        for row, (partition, patient_id) in enumerate(header.rows):
            self._rows.setdefault(partition, {})[patient_id] = row
        if header.rows:
            self._state = np.frombuffer(records, PATIENT).copy().view(np.recarray)
        return self


def pack(header: bytes, records: bytes) -> bytes:
    """Return a snapshot as bytes. Slow enough to be done beside the fold, which it does not hold up."""
    parts = (len(header).to_bytes(8, "little"), header, records)
    compressor = zstandard.ZstdCompressor(level=1).compressobj(size=sum(map(len, parts)))
    return b"".join([*(compressor.compress(part) for part in parts), compressor.flush()])


def _as_bytes(records: np.ndarray) -> NDArray[np.uint8]:
    """Return records as bytes, in place: NumPy copies bytes twenty times faster than records, field by field."""
    return records.view(np.ndarray).view(np.uint8)


def warm_up() -> None:
    """Compile the fold, or load it compiled: the first batch then waits for neither (20 s and 1 s)."""
    tick = slice_of(np.zeros(1, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int64), [Tick()])
    AlarmFold().fold(tick)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _time(ms: int) -> datetime | None:
    return None if ms == NEVER else EPOCH + timedelta(milliseconds=int(ms))


def _author(message: Message | None) -> str | None:
    if isinstance(message, Command):
        return message.by
    return message.author if isinstance(message, Limits) else None
