"""Columns of vital signs -> messages of the bedside log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast

import numpy as np

from clinical.vitals import ACVPU, CONSCIOUSNESS, INDEX, ON_OXYGEN, VITALS
from lakehouse.messages import Reading, Vitals, encode
from streaming.bedside.recordings.recording import Floats

# A letter and a yes or no travel as such.
_TURNED: Final[dict[int, Callable[[float], Any]]] = {
    INDEX[CONSCIOUSNESS.name]: lambda place: ACVPU[int(place)],
    INDEX[ON_OXYGEN.name]: bool,
}


def vitals(values: Floats) -> Iterator[Vitals]:
    """Turn rows, shape (n, len(VITALS)) with NaN for "not measured", into vitals."""
    columns = [_column(values[:, place], place) for place in range(len(VITALS))]
    return map(Vitals, *columns)


def _column(values: Floats, place: int) -> list[Any]:
    missing = np.isnan(values)
    if missing.all():
        return [None] * len(values)
    numbers = cast("list[Any]", values.tolist())
    turn = _TURNED.get(place)
    if turn is None and not missing.any():
        return numbers
    return [
        None if gone else turn(number) if turn else number
        for number, gone in zip(numbers, missing.tolist(), strict=True)
    ]


def encode_rows(
    patient_ids: Iterable[str],
    device_ids: Iterable[str],
    measured_at_s: Iterable[float],
    period_s: Iterable[float],
    values: Floats,
) -> list[bytes]:
    """Encode one reading for each row; times are seconds since 1970."""
    return [
        encode(
            Reading(
                patient_id=patient_id,
                device_id=device_id,
                measured_at=datetime.fromtimestamp(at_s, UTC),
                period_s=period,
                vitals=row,
            )
        )
        for patient_id, device_id, at_s, period, row in zip(
            patient_ids, device_ids, measured_at_s, period_s, vitals(values), strict=True
        )
    ]
