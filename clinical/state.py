"""The fold's memory: one fixed-size record per patient, and the columns that go in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from clinical.rules import FOREVER, N_CHANNELS, N_LIMITS, N_VITALS, NEVER

# A clinician's limits lie above the nightly ones; both lie above the defaults.
NIGHTLY, CLINICIAN = 0, 1
LAYERS: Final = 2


def without_gaps(fields: Sequence[tuple[Any, ...]]) -> np.dtype[np.void]:
    """Return an aligned record whose every byte belongs to a field.

    NumPy copies fields and leaves what alignment puts between them to chance; a saved state must come back bit for bit.
    """
    aligned = np.dtype(list(fields), align=True)
    places: Any = aligned.fields
    filled: list[tuple[Any, ...]] = []
    end = 0
    for field in fields:
        dtype, begin = places[field[0]][:2]
        filled += [(f"gap_{end}", "i1", (begin - end,))] * (begin > end)
        filled.append(field)
        end = begin + dtype.itemsize
    filled += [(f"gap_{end}", "i1", (aligned.itemsize - end,))] * (aligned.itemsize > end)
    return np.dtype(filled, align=True)


# What is remembered of one vital (and of the score): one cache line.
SIGNAL: Final = without_gaps(
    [
        ("measured_at", "i8"),  # of the last value, possible or not
        ("seen_at", "i8"),  # received_at of it; the earlier of the two is its alarm clock
        ("valued_at", "i8"),  # alarm clock of the last possible value
        ("value", "f8"),
        ("calm_low", "f8"),  # a value within calm_low .. calm_high needs no decision;
        ("calm_high", "f8"),  # inf, -inf while anything of this vital is pending or open
        ("impossible_since", "i8"),
        ("period", "i4"),
        ("steady", "i1"),  # the last two values came without a gap: a signal that can be lost
    ]
)

STATE_VERSION: Final = 3
PATIENT: Final = without_gaps(
    [
        ("known", "i1"),
        ("spo2_scale", "i1"),
        ("partition", "i4"),
        ("ward", "i4"),  # places in a table of names that the caller keeps; -1 = not told
        ("bed", "i4"),
        ("heard_at", "i8"),  # received_at of the last reading
        ("period", "i8"),  # the shortest period of the devices now heard
        ("due_at", "i8"),  # no tick before this time can change anything
        ("blank_measured_at", "i8"),  # of the last reading that held no value at all
        ("blank_clock", "i8"),  # its alarm clock
        ("discharged_at", "i8"),  # received_at; it matters for four days
        ("skewed_at", "i8"),  # received_at of the last reading from a clock that runs ahead
        ("score_missing", "i8"),  # bit mask of NEWS2 parameters without a fresh value
        ("level", "i1", (N_CHANNELS,)),  # priority of the alert that is open on a channel; 0 = none
        ("signals", SIGNAL, (N_VITALS + 1,)),  # the last one is the score
        # channels
        ("fed", "i8", (N_CHANNELS,)),  # alarm clock of the last value or finding
        ("onset", "i8", (N_CHANNELS,)),
        ("seq", "i4", (N_CHANNELS,)),  # events so far
        ("acknowledged", "i1", (N_CHANNELS,)),
        ("escalation", "i1", (N_CHANNELS,)),
        ("level_since", "i8", (N_CHANNELS,)),  # received_at of reaching this priority
        ("escalate_at", "i8", (N_CHANNELS,)),
        ("silenced_until", "i8", (N_CHANNELS,)),
        # limit channels; pairs are (medium, high)
        ("fed_value", "f8", (N_LIMITS,)),
        ("beyond_since", "i8", (N_LIMITS, 2)),
        ("back_since", "i8", (N_LIMITS, 2)),
        ("limit", "f8", (N_LIMITS, 2)),
        ("limit_version", "i8", (N_LIMITS,)),
        ("layer_version", "i8", (LAYERS,)),
        ("set_limit", "f8", (LAYERS, N_LIMITS, 2)),  # NaN = this layer says nothing
        ("set_version", "i8", (LAYERS, N_LIMITS)),
        ("set_until", "i8", (LAYERS, N_LIMITS)),
    ]
)

Patients: TypeAlias = np.recarray  # (patients,) of PATIENT


def blank_patient(limits: NDArray[np.float64]) -> Patients:
    """Return one record of a patient of whom nothing is known, with default limits, shape (L, 2)."""
    blank = np.zeros(1, PATIENT).view(np.recarray)
    for name in ("heard_at", "due_at", "blank_measured_at", "blank_clock", "skewed_at", "discharged_at"):
        blank[name] = NEVER
    for name in ("fed", "onset", "level_since", "silenced_until"):
        blank[name] = NEVER
    blank["beyond_since"] = blank["back_since"] = NEVER
    blank["escalate_at"] = blank["period"] = FOREVER
    blank["ward"] = blank["bed"] = blank["partition"] = blank["layer_version"] = -1
    blank["spo2_scale"] = 1
    blank["limit"] = limits
    blank["fed_value"] = blank["set_limit"] = np.nan
    signals = blank["signals"]
    for name in ("measured_at", "seen_at", "valued_at", "impossible_since"):
        signals[name] = NEVER
    signals["value"] = np.nan
    signals["calm_low"], signals["calm_high"] = np.inf, -np.inf
    return blank


# Kinds of entries
READING, FINDING, LIMITS, COMMAND, ADMISSION, TICK = range(6)


class Findings(NamedTuple):
    """Rows for the entries of kind FINDING."""

    channel: NDArray[np.int64]  # -1 = a code that the catalogue does not have
    active: NDArray[np.int8]


class LimitSets(NamedTuple):
    """Rows for the entries of kind LIMITS."""

    layer: NDArray[np.int64]
    version: NDArray[np.int64]
    until: NDArray[np.int64]  # ms; FOREVER = does not expire
    given: NDArray[np.int8]  # (n, L) 1 = limits follow, -1 = back to what lies below, 0 = not mentioned
    limit: NDArray[np.float64]  # (n, L, 2) NaN = default of that level
    unknown: NDArray[np.int8]  # 1 = names a condition that the catalogue does not have


ACKNOWLEDGE, SILENCE, UNSILENCE = range(3)
ALL_CHANNELS: Final = -1
NO_CHANNEL: Final = -2  # an alert id that names no condition


class Commands(NamedTuple):
    """Rows for the entries of kind COMMAND."""

    action: NDArray[np.int64]
    channel: NDArray[np.int64]
    onset: NDArray[np.int64]  # ms; of the alert meant
    until: NDArray[np.int64]  # ms; NEVER = not given


ADMIT, TRANSFER, DISCHARGE = range(3)


class Admissions(NamedTuple):
    """Rows for the entries of kind ADMISSION."""

    event: NDArray[np.int64]
    ward: NDArray[np.int64]  # -1 = not told
    bed: NDArray[np.int64]
    spo2_scale: NDArray[np.int64]  # 0 = not told


class Entries(NamedTuple):
    """A stretch of the log, one row an entry, in order of partition and offset."""

    kind: NDArray[np.int8]
    partition: NDArray[np.int32]
    patient: NDArray[np.int64]  # row of the state; -1 for ticks
    received_at: NDArray[np.int64]  # ms
    measured_at: NDArray[np.int64]  # ms; readings and findings
    period: NDArray[np.int64]  # ms; readings
    values: NDArray[np.float64]  # (n, V); readings; NaN = not measured
    detail: NDArray[np.int64]  # row in the table of the entry's kind; -1 for readings and ticks
    findings: Findings
    limits: LimitSets
    commands: Commands
    admissions: Admissions
