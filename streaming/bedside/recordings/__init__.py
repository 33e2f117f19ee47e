"""The public recordings that can be played into the log, by the name of their folder below ``WARDWATCH_DATA``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from lakehouse.errors import SettingsError
from streaming.bedside.recordings import bidmc, cinc2012, cinc2019, mimic2, mimic3
from streaming.bedside.recordings.recording import Recording

READERS: Final[dict[str, Callable[[Path], Iterator[Recording]]]] = {
    "bidmc": bidmc.read,
    "cinc2012": cinc2012.read,
    "cinc2019": cinc2019.read,
    "mimic3demo": mimic3.read,
    "mimic_numerics": mimic2.read,
}


def read(
    data: Path, dataset: str, records: Collection[str] = (), max_records: int | None = None
) -> Iterator[Recording]:
    """Yield the recordings of a dataset.

    Parameters
    ----------
    records
        Only these, by patient id (``bidmc-25``) or by its last part (``25``); empty = all.
    max_records
        At most so many.

    Raises
    ------
    SettingsError
        The dataset has no reader, or is not in the folder.
    """
    if dataset not in READERS:
        raise SettingsError(f"a dataset is one of {', '.join(READERS)}; found {dataset!r}")
    recordings = READERS[dataset](data / dataset)
    chosen = (recording for recording in recordings if not records or is_one_of(recording.patient_id, records))
    return islice(chosen, max_records)


def is_one_of(patient_id: str, records: Collection[str]) -> bool:
    """Tell whether a patient is meant by one of these names."""
    return any(patient_id == record or patient_id.endswith(f"-{record}") for record in records)
