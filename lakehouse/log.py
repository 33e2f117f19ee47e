"""A stretch of the bedside log, decoded: what every fold, live or offline, is given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clinical.vitals import ACVPU, CONSCIOUSNESS, INDEX, VITALS, kept
from lakehouse.errors import DecodeError
from lakehouse.messages import Message, Reading, Tick, Vitals, decode

# Times are truncated to this before anything sees them, so that jitter costs little in the lake and a replay from the
# lake folds the very numbers that were folded live.
TIME_STEP_MS: Final = 100

# A time zone can lead out of the years 1 to 9999, in which a time can be told.
_EARLIEST_S: Final = datetime.min.replace(tzinfo=UTC).timestamp()
_LATEST_S: Final = datetime.max.replace(tzinfo=UTC).timestamp() - 1

_PLACE_OF: Final = {letter: float(place) for place, letter in enumerate(ACVPU)}
_CONSCIOUSNESS: Final = INDEX[CONSCIOUSNESS.name]
_NUMBERS: Final = [vital.name for vital in VITALS if vital is not CONSCIOUSNESS]
_numbers_of: Final = attrgetter(*_NUMBERS)


class LogSlice(NamedTuple):
    """Entries of the log in order of partition and offset. Times are UTC in ms, truncated to 0.1 s."""

    partition: NDArray[np.int32]
    offset: NDArray[np.int64]
    received_ms: NDArray[np.int64]
    patient_ids: list[str | None]  # None for ticks
    is_reading: NDArray[np.bool_]
    measured_ms: NDArray[np.int64]  # readings; 0 elsewhere
    period_ms: NDArray[np.int64]
    values: NDArray[np.float64]  # (n, vitals); NaN = not measured
    others: dict[int, Message]  # row -> message that is no reading

    def take(self, keep: NDArray[np.bool_]) -> LogSlice:
        """Return the rows where `keep` (n,) is true."""
        place = np.cumsum(keep) - 1
        return LogSlice(
            partition=self.partition[keep],
            offset=self.offset[keep],
            received_ms=self.received_ms[keep],
            patient_ids=[patient_id for patient_id, kept_ in zip(self.patient_ids, keep, strict=True) if kept_],
            is_reading=self.is_reading[keep],
            measured_ms=self.measured_ms[keep],
            period_ms=self.period_ms[keep],
            values=self.values[keep],
            others={int(place[row]): message for row, message in self.others.items() if keep[row]},
        )


class BadRecord(NamedTuple):
    """A record that broke its contract: row in what was given, and which rule."""

    row: int
    reason: str


def truncated_ms(times_s: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return seconds since 1970 as ms, truncated to 0.1 s (exact for times given to the microsecond)."""
    times_us = np.rint(np.clip(times_s, _EARLIEST_S, _LATEST_S) * 1e6).astype(np.int64)
    return times_us // (TIME_STEP_MS * 1000) * TIME_STEP_MS


def decode_log(
    partition: NDArray[np.int32],
    offset: NDArray[np.int64],
    received_ms: NDArray[np.int64],
    keys: Sequence[bytes | None] | None,
    values: Sequence[bytes | None],
) -> tuple[LogSlice, list[BadRecord]]:
    """Decode records that are in order of partition and offset.

    Parameters
    ----------
    partition, offset, received_ms : (n,) int arrays
    keys : n records' keys, or None where there are none (files)
        A key that is not the patient's id is a fault: the patient's order would be split over partitions.
    values : n records' values

    Returns
    -------
    LogSlice, list of BadRecord
        What decoded, and what did not with its row among the n.
    """
    messages, rows, bad = decode_records(keys, values)
    kept_rows = slice(None) if not bad else np.array(rows, dtype=np.intp)
    return slice_of(partition[kept_rows], offset[kept_rows], received_ms[kept_rows], messages), bad


class Decoded(NamedTuple):
    """Messages, the row of each in what was given, and the records that are none."""

    messages: list[Message]
    rows: list[int]
    bad: list[BadRecord]


def decode_records(keys: Sequence[bytes | None] | None, values: Sequence[bytes | None]) -> Decoded:
    """Decode keys and values of records; see `decode_log`."""
    messages: list[Message] = []
    rows: list[int] = []
    bad: list[BadRecord] = []
    for row, value in enumerate(values):
        try:
            message = decode(value)
            # Ticks have no patient. `type` and not `isinstance`: this is the innermost loop of everything live.
            if keys is not None and type(message) is not Tick and keys[row] != message.patient_id.encode():
                raise DecodeError(f"a record's key is its patient_id; found {keys[row]!r}; see lakehouse/messages.py")
        except DecodeError as error:
            bad.append(BadRecord(row, str(error)))
            continue
        messages.append(message)
        rows.append(row)
    return Decoded(messages, rows, bad)


def slice_of(
    partition: NDArray[np.int32],
    offset: NDArray[np.int64],
    received_ms: NDArray[np.int64],
    messages: Sequence[Message],
) -> LogSlice:
    """Put decoded messages side by side."""
    n = len(messages)
    others = {row: message for row, message in enumerate(messages) if type(message) is not Reading}
    is_reading = np.ones(n, np.bool_)
    is_reading[list(others)] = False
    readings: list[Reading] = [m for m in messages if type(m) is Reading]
    measured_ms = np.zeros(n, np.int64)
    period_ms = np.zeros(n, np.int64)
    values = np.full((n, len(VITALS)), np.nan)
    if readings:
        measured_s = np.array([m.measured_at.timestamp() for m in readings])
        measured_ms[is_reading] = truncated_ms(measured_s)
        period_ms[is_reading] = np.rint(np.array([m.period_s for m in readings]) * 1000)
        values[is_reading] = _values([m.vitals for m in readings])
    return LogSlice(
        partition=partition.astype(np.int32, copy=False),
        offset=offset.astype(np.int64, copy=False),
        received_ms=received_ms // TIME_STEP_MS * TIME_STEP_MS,
        patient_ids=[None if type(m) is Tick else m.patient_id for m in messages],
        is_reading=is_reading,
        measured_ms=measured_ms,
        period_ms=period_ms,
        values=values,
        others=others,
    )


def _values(vitals: Sequence[Vitals]) -> NDArray[np.float64]:
    """Return vitals as rows of the catalogue, (n, vitals), as they are folded and stored."""
    flat = np.fromiter(chain.from_iterable(map(_numbers_of, vitals)), np.float64, len(vitals) * len(_NUMBERS))
    letters = [np.nan if v.consciousness is None else _PLACE_OF[v.consciousness] for v in vitals]
    return kept(np.insert(flat.reshape(-1, len(_NUMBERS)), _CONSCIOUSNESS, letters, axis=1))
