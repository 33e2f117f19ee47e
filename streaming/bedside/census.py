"""Where the patients of a replay or a simulation lie: over the wards of `care_teams.yaml`, one patient a bed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from lakehouse.messages import Admission, encode
from streaming.notify import teams

BEDS_PER_WARD: Final = 24


def places(wards: Sequence[str], patients: int) -> Iterator[tuple[str, str]]:
    """Yield (ward, bed) for so many patients.

    The wards fill evenly, 24 beds each; who then has no bed lies in a surge ward of its own name, so that no ward grows
    beyond what a ward is.
    """
    regular = min(len(wards) * BEDS_PER_WARD, patients)
    for place in range(regular):
        yield wards[place % len(wards)], str(place // len(wards) + 1)
    for place in range(patients - regular):
        yield f"surge-{place // BEDS_PER_WARD + 1}", str(place % BEDS_PER_WARD + 1)


def wards_of(care_teams: Path) -> tuple[str, ...]:
    """Return the wards that have a care team."""
    return tuple(teams.load(care_teams).wards)


def admissions(care_teams: Path, patient_ids: Sequence[str]) -> dict[str, bytes]:
    """Return for each patient the message that admits to a bed."""
    beds = places(wards_of(care_teams), len(patient_ids))
    return {
        patient_id: encode(Admission(patient_id=patient_id, event="admit", ward_id=ward_id, bed=bed))
        for patient_id, (ward_id, bed) in zip(patient_ids, beds, strict=True)
    }


def discharge(patient_id: str) -> bytes:
    """Return the message that discharges a patient."""
    return encode(Admission(patient_id=patient_id, event="discharge"))
