"""Fold a history from a file: the same decoder and the same fold as live, with no services."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import msgspec
import numpy as np

from lakehouse.events import encode
from lakehouse.folding import AlarmFold
from lakehouse.log import LogSlice, decode_log, truncated_ms

CHUNK_LINES: Final = 20_000


class _Line(msgspec.Struct):
    partition: Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
    offset: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]
    received_at: Annotated[datetime, msgspec.Meta(tz=True)]
    value: msgspec.Raw


_decode_line: Final = msgspec.json.Decoder(_Line).decode


class Quarantined(msgspec.Struct):
    """A line that broke the contract, as it stands in EVENTS.quarantine.jsonl."""

    line: int  # counted from 1
    reason: str
    text: str


class Chunk(NamedTuple):
    """Some lines of the file, decoded and in the order of the log."""

    lines: int
    log: LogSlice
    quarantine: list[Quarantined]


class Summary(NamedTuple):
    """What one run did."""

    lines: int
    events: int
    quarantined: int
    skipped: int  # lines whose offset was folded already
    counts: dict[str, int]

    def sentence(self) -> str:
        """Say it."""
        counts = {"quarantined": self.quarantined, "skipped": self.skipped, **self.counts}
        told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
        return f"{self.lines} lines: {self.events} events, {told}"


def quarantine_of(out: Path) -> Path:
    """Return where the bad lines go."""
    return out.with_suffix(".quarantine.jsonl")


def fold_history(history: Path, out: Path) -> Summary:
    """Fold the log in `history` and write its events to `out`; both JSON, one a line.

    Entries of a partition stand in the order of their offsets, or at most CHUNK_LINES away from it; a line whose offset
    is already folded has no effect and is counted as skipped.
    """
    quarantine_path = quarantine_of(out)
    quarantine_path.unlink(missing_ok=True)
    fold = AlarmFold()
    lines = events = quarantined = 0
    with out.open("wb") as sink:
        for chunk in read_log(history):
            for event in fold.fold(chunk.log):
                sink.write(encode(event) + b"\n")
                events += 1
            if chunk.quarantine:
                with quarantine_path.open("ab") as bad:
                    bad.write(msgspec.json.Encoder().encode_lines(chunk.quarantine))
            lines += chunk.lines
            quarantined += len(chunk.quarantine)
    return Summary(lines, events, quarantined, fold.skipped, fold.counts)


def read_log(history: Path) -> Iterator[Chunk]:
    """Yield the log in a file, a few thousand lines at a time: decoded in all cores, in the order of the file."""
    with history.open("rb") as source:
        yield from _chunks(source)


def _chunks(source: BinaryIO) -> Iterator[Chunk]:
    batches = _batches(source)
    first = next(batches, None)
    if first is None:
        return
    if len(first[1]) < CHUNK_LINES:
        yield decode_lines(*first)
        return
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        waiting: deque[Future[Chunk]] = deque()
        for batch in _after(first, batches):
            waiting.append(pool.submit(decode_lines, *batch))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _batches(source: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    number = 1
    while lines := list(islice(source, CHUNK_LINES)):
        yield number, lines
        number += len(lines)


def _after(
    first: tuple[int, list[bytes]], rest: Iterable[tuple[int, list[bytes]]]
) -> Iterator[tuple[int, list[bytes]]]:
    yield first
    yield from rest


def decode_lines(number: int, lines: list[bytes]) -> Chunk:
    """Decode lines of the file, of which the first has this number."""
    entries: list[_Line] = []
    numbers: list[int] = []
    quarantine: list[Quarantined] = []
    for place, line in enumerate(lines, start=number):
        if not line.strip():
            continue
        try:
            entries.append(_decode_line(line))
            numbers.append(place)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            quarantine.append(Quarantined(place, str(error), line.decode(errors="backslashreplace").rstrip("\n")))
    partition = np.array([entry.partition for entry in entries], dtype=np.int32)
    offset = np.array([entry.offset for entry in entries], dtype=np.int64)
    received_ms = truncated_ms(np.array([entry.received_at.timestamp() for entry in entries]))
    order = np.lexsort((offset, partition))
    log, bad = decode_log(
        partition[order], offset[order], received_ms[order], None, [bytes(entries[place].value) for place in order]
    )
    for record in bad:
        place = numbers[order[record.row]]
        text = lines[place - number].decode(errors="backslashreplace").rstrip("\n")
        quarantine.append(Quarantined(place, record.reason, text))
    return Chunk(len(lines), log, sorted(quarantine, key=lambda each: each.line))
