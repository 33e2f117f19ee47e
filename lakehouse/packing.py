"""How the lake keeps vitals, and how they come back as the same doubles.

A vital is folded to a tenth of its unit (`clinical.vitals.kept`): the value of ``k`` tenths is ``k / 10``, live and in
every replay. Monitors send whole numbers nearly always, so the lake keeps the whole part as int16 and the tenths of all
vitals in one column, 4 bits each in catalogue order, null where all are zero. Temperature, which nearly always has
tenths, is one column of tenths. Whole numbers make smaller files than tenths: their differences are ten times smaller.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clinical.vitals import INDEX, ON_OXYGEN, TEMPERATURE, VITALS, kept
from lakehouse.columns import TENTHS, VITAL_COLUMNS
from lakehouse.contract import Table
from lakehouse.render import arrow_schema

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

_TEMPERATURE: Final = INDEX[TEMPERATURE.name]
_COLUMN_OF: Final = {vital.name: column.name for vital, column in zip(VITALS, VITAL_COLUMNS, strict=True)}
SCHEMA: Final = arrow_schema(
    Table(name="packed", doc="Vitals as the lake keeps them.", columns=(*VITAL_COLUMNS, TENTHS))
)


def pack(values: Floats) -> pa.Table:
    """Pack vitals into the columns of `readings`.

    Parameters
    ----------
    values
        Shape (rows, vitals), in catalogue order and units; NaN = not measured. Zero rows give an empty table.

    Returns
    -------
    pyarrow.Table
        Columns as in ``SCHEMA``. `unpack` gives back `kept(values)`, bit for bit.
    """
    missing = np.isnan(values)
    known: Ints = np.rint(np.where(missing, 0, kept(values)) * 10).astype(np.int64)
    whole, digits = np.divmod(known, 10)
    whole[:, _TEMPERATURE], digits[:, _TEMPERATURE] = known[:, _TEMPERATURE], 0
    shifts = 4 * np.arange(len(VITALS), dtype=np.int64)
    packed: Ints = np.bitwise_or.reduce(digits << shifts, axis=1)
    columns = [
        pa.array(whole[:, place], mask=missing[:, place]).cast(SCHEMA.field(place).type) for place in range(len(VITALS))
    ]
    return pa.Table.from_arrays([*columns, pa.array(packed, mask=packed == 0)], schema=SCHEMA)


def unpack(rows: pa.Table) -> Floats:
    """Unpack the vitals of rows of `readings`.

    Parameters
    ----------
    rows
        A table that has the columns of ``SCHEMA``, and maybe others.

    Returns
    -------
    ndarray
        Shape (rows, vitals), in catalogue order and units; NaN = not measured.
    """
    packed: Ints = pc.fill_null(rows[TENTHS.name], 0).to_numpy()
    values = np.empty((len(rows), len(VITALS)))
    for place, vital in enumerate(VITALS):
        kept_as = rows[_COLUMN_OF[vital.name]]
        if vital is ON_OXYGEN:
            kept_as = kept_as.cast(pa.int8())  # Arrow makes no float of a boolean
        whole: Floats = kept_as.cast(pa.float64()).to_numpy()
        if vital is TEMPERATURE:
            values[:, place] = whole / 10
        else:
            values[:, place] = (whole * 10 + (packed >> 4 * place & 0xF)) / 10
    return values
