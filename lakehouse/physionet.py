"""The public recordings that Wardwatch uses: where PhysioNet keeps them, and how they lie in the data folder.

What is kept aside (docs/data.md) is not fetched: no limit, rule or model may be tuned on it, so it does not even lie
where tuning reads. PhysioNet publishes for each project a ``SHA256SUMS.txt``, one line ``sha256 path`` for each file.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECTS: Final = "https://physionet.org/files/"
ARCHIVE: Final = "https://archive.physionet.org/physiobank/database/"

# The records that are not kept aside: DS1 of de Chazal 2004 and the paced ones; a split of BIDMC by patient.
MITDB_OPEN: Final = (
    *(101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122, 124),
    *(201, 203, 205, 207, 208, 209, 215, 220, 223, 230),
    *(102, 104, 107, 217),
)
BIDMC_OPEN: Final = (1, 3, 5, 6, 7, 8, 9, 11, 13, 15, 17, 19, 25, 27, 29, *range(31, 39, 2), 38, *range(39, 55, 2))
MIMIC3_TABLES: Final = frozenset({"PATIENTS", "ADMISSIONS", "ICUSTAYS", "CHARTEVENTS", "LABEVENTS", "OUTPUTEVENTS"})
MIMIC3_DICTIONARIES: Final = frozenset({"D_ITEMS", "D_LABITEMS"})
LARGE: Final = frozenset({"CHARTEVENTS", "LABEVENTS", "OUTPUTEVENTS", "D_ITEMS"})


def as_it_is(content: bytes) -> bytes:
    """Keep a file as PhysioNet has it."""
    return content


def compressed(content: bytes) -> bytes:
    """Keep a file as gzip; the same content gives the same bytes."""
    return gzip.compress(content, mtime=0)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it lies in the data folder; its checksum is that of what PhysioNet serves."""

    name: str
    change: Callable[[bytes], bytes] = as_it_is


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset.

    Attributes
    ----------
    path
        Of its version below `site`.
    keep
        For a path of ``SHA256SUMS.txt``, how to keep that file; None = it is not fetched.
    complete
        Makes what the layout has beyond single files, from the dataset's folder; may be called again.
    sums
        The checksums, where the site publishes none.
    """

    name: str
    path: str
    keep: Callable[[str], Kept | None]
    site: str = PROJECTS
    complete: Callable[[Path], None] = lambda _folder: None
    sums: tuple[tuple[str, str], ...] = ()


def _mitdb(path: str) -> Kept | None:
    known = re.fullmatch(r"(\d{3})\.(hea|dat|atr)", path)
    return Kept(path) if known and int(known[1]) in MITDB_OPEN else None


def _bidmc(path: str) -> Kept | None:
    known = re.fullmatch(r"bidmc_csv/(bidmc_(\d\d)_(Numerics\.csv|Signals\.csv|Breaths\.csv|Fix\.txt))", path)
    if known is None or int(known[2]) not in BIDMC_OPEN:
        return None
    return Kept(f"{known[1]}.gz", compressed) if known[3] == "Signals.csv" else Kept(known[1])


def _bidmc_patients(folder: Path) -> None:
    rows = []
    for path in sorted(folder.glob("bidmc_*_Fix.txt")):
        record = re.search(r"matched wdb ID:\s*(\S+)", path.read_text(encoding="utf-8"))
        rows.append((path.name.split("_")[1], record[1] if record else ""))
    write_csv(folder / "patients.csv", ("recording", "patient_id"), rows)


def _cinc2015(path: str) -> Kept | None:
    if path == "training/ALARMS":
        return Kept("ALARMS")
    known = re.fullmatch(r"training/([a-z]\d+l\.(hea|mat))", path)  # names ending in s are kept aside
    return Kept(known[1]) if known else None


def _cinc2015_alarms(folder: Path) -> None:
    with (folder / "ALARMS").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row) for row in csv.reader(file) if row and (folder / f"{row[0]}.hea").exists()]
    write_csv(folder / "alarms.csv", ("record", "alarm_type", "true_alarm"), rows)


def _cinc2012(path: str) -> Kept | None:
    return Kept(path) if re.fullmatch(r"set-[ab]\.tar\.gz|Outcomes-[ab]\.txt", path) else None


def _cinc2019(path: str) -> Kept | None:
    known = re.fullmatch(r"training/(training_setB/p\d*[13579]\.psv)", path)
    return Kept(known[1]) if known else None


def _cinc2019_archive(folder: Path) -> None:
    """Put the patients' files into one archive beside an index, and remove them."""
    patients = sorted((folder / "training_setB").glob("*.psv"))
    if not patients:
        return
    unfinished = folder / "training_setB.tar.gz.part"
    with tarfile.open(unfinished, "w:gz") as tar:
        for patient in patients:
            tar.add(patient, f"training_setB/{patient.name}")
    rows = []
    for patient in patients:
        hours = patient.read_text(encoding="utf-8").splitlines()[1:]
        rows.append((patient.stem, str(len(hours)), str(int(any(hour.endswith("|1") for hour in hours)))))
    write_csv(folder / "index.csv", ("patient", "hours", "sepsis"), rows)
    unfinished.replace(folder / "training_setB.tar.gz")
    for patient in patients:
        patient.unlink()
    (folder / "training_setB").rmdir()


def _mimic3(path: str) -> Kept | None:
    table = path.removesuffix(".csv")
    if table not in MIMIC3_TABLES | MIMIC3_DICTIONARIES or not path.endswith(".csv"):
        return Kept(path) if path == "LICENSE.txt" else None
    rows = odd_subjects if table in MIMIC3_TABLES else as_it_is
    if table in LARGE:
        return Kept(f"{path}.gz", lambda content: compressed(rows(content)))
    return Kept(path, rows)


def odd_subjects(content: bytes) -> bytes:
    """Leave out the rows of patients with an even number, which are kept aside."""
    rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    header = [name.lower() for name in next(rows)]
    subject = header.index("subject_id")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(row for row in rows if int(row[subject]) % 2)
    return text.getvalue().encode("utf-8")


def write_csv(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Write a small table; it appears as a whole."""
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows((header, *rows))
    unfinished.replace(path)


DATASETS: Final = {
    dataset.name: dataset
    for dataset in (
        Dataset("bidmc", "bidmc/1.0.0/", _bidmc, complete=_bidmc_patients),
        Dataset("cinc2012", "challenge-2012/1.0.0/", _cinc2012),
        Dataset("cinc2015", "challenge-2015/1.0.0/", _cinc2015, complete=_cinc2015_alarms),
        Dataset("cinc2019", "challenge-2019/1.0.0/", _cinc2019, complete=_cinc2019_archive),
        Dataset("mimic3demo", "mimiciii-demo/1.4/", _mimic3),
        Dataset(
            "mimic_numerics",
            "mimic2wdb/matched/s00001/",
            Kept,
            site=ARCHIVE,
            sums=(
                ("0b6a76fd2473e0582735ed24751f225064a244ce51ec50fd55cc2dfaecb08db1", "3975656n.dat"),
                (
                    "37ef4981e71893163fef88644b0833371a5b789816a063ef09546ac276671266",
                    "s00001-2896-10-10-00-31n.hea",
                ),
            ),
        ),
        Dataset("mitdb", "mitdb/1.0.0/", _mitdb),
    )
}
