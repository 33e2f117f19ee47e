"""The label file of a simulation: what happened to whom, one JSON object a line, in the order of time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from streaming.bedside.course import Label


class LabelWriter:
    """Writes labels as they come, or nothing without a path; a context manager. `finish` then puts them in order.

    A line is ``{"patient_id", "kind", "nature", "vitals", "starts_at", "ends_at", "hard_level_reached_at", "peak"}``.
    `ends_at` is null for what still went on at the end; `hard_level_reached_at` is null where no displayed value
    scored 3 in NEWS2; times are those of the first reading concerned, to the second of the simulation.
    """

    def __init__(self, path: Path | None, patient_ids: Sequence[str], measured_at_s: Callable[[float], float]) -> None:
        self._path = path
        self._patient_ids = patient_ids
        self._measured_at_s = measured_at_s
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, labels: Iterable[Label]) -> None:
        """Append labels."""
        if self._file is not None:
            self._file.writelines(json.dumps(self._line(label)) + "\n" for label in labels)

    def _line(self, label: Label) -> dict[str, object]:
        return {
            "patient_id": self._patient_ids[label.patient],
            "kind": label.episode.kind,
            "nature": label.episode.nature,
            "vitals": [vital.name for vital in label.episode.vitals],
            "starts_at": self._time(label.starts_s),
            "ends_at": self._time(label.ends_s),
            "hard_level_reached_at": self._time(label.hard_s),
            "peak": label.peak,
        }

    def _time(self, at_s: int | None) -> str | None:
        if at_s is None:
            return None
        at = datetime.fromtimestamp(self._measured_at_s(at_s), UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def part(path: Path | None, worker: int) -> Path | None:
    """Return where a worker puts its share of the labels."""
    return None if path is None else path.with_name(f"{path.name}.{worker}.part")


def finish(path: Path | None, workers: int) -> None:
    """Put the workers' shares together, in the order of time and patient; the file appears when it is whole."""
    if path is None:
        return
    parts = [path.with_name(f"{path.name}.{worker}.part") for worker in range(workers)]
    lines = [line for share in parts for line in share.read_text(encoding="utf-8").splitlines()]
    lines.sort(key=_order)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    unfinished.replace(path)
    for share in parts:
        share.unlink()


def _order(line: str) -> tuple[str, str, str]:
    label = json.loads(line)
    return label["starts_at"], label["patient_id"], label["kind"]
