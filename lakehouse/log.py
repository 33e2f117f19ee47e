"""A stretch of the bedside log, decoded: what every fold, live or offline, is given."""

from __future__ import annotations

from collections.abc import Sequence
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

_PLACE_OF: Final = {letter: float(place) for place, letter in enumerate(ACVPU)}
_CONSCIOUSNESS: Final = INDEX[CONSCIOUSNESS.name]


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
    return np.rint(times_s * 1e6).astype(np.int64) // (TIME_STEP_MS * 1000) * TIME_STEP_MS


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
    good: list[int] = []
    messages: list[Message] = []
    bad: list[BadRecord] = []
    for row, value in enumerate(values):
        try:
            message = decode(value)
            if keys is not None:
                _check_key(keys[row], message)
        except DecodeError as error:
            bad.append(BadRecord(row, str(error)))
            continue
        good.append(row)
        messages.append(message)
    rows = slice(None) if not bad else np.array(good, dtype=np.intp)
    return slice_of(partition[rows], offset[rows], received_ms[rows], messages), bad


def _check_key(key: bytes | None, message: Message) -> None:
    if isinstance(message, Tick):
        return
    if key is None or key != message.patient_id.encode():
        raise DecodeError(f"a record's key is its patient_id; found {key!r}; see lakehouse/messages.py")


def slice_of(
    partition: NDArray[np.int32],
    offset: NDArray[np.int64],
    received_ms: NDArray[np.int64],
    messages: Sequence[Message],
) -> LogSlice:
    """Put decoded messages side by side."""
    n = len(messages)
    is_reading = np.fromiter((type(m) is Reading for m in messages), np.bool_, n)
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
        partition=partition,
        offset=offset,
        received_ms=received_ms // TIME_STEP_MS * TIME_STEP_MS,
        patient_ids=[None if type(m) is Tick else m.patient_id for m in messages],
        is_reading=is_reading,
        measured_ms=measured_ms,
        period_ms=period_ms,
        values=values,
        others={row: message for row, message in enumerate(messages) if type(message) is not Reading},
    )


def _values(vitals: Sequence[Vitals]) -> NDArray[np.float64]:
    """Return vitals as rows of the catalogue, (n, vitals), as they are folded and stored."""
    columns = [np.array(list(map(attrgetter(vital.name), vitals))) for vital in VITALS if vital is not CONSCIOUSNESS]
    numbers = np.array([column.astype(np.float64) for column in columns]).T
    letters = [np.nan if v.consciousness is None else _PLACE_OF[v.consciousness] for v in vitals]
    return kept(np.insert(numbers, _CONSCIOUSNESS, letters, axis=1))
