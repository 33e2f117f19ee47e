"""How far the topic `alerts` is dealt with: what may be committed, and what may not. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TypeAlias

Place: TypeAlias = tuple[int, int]  # partition, offset


class Progress:
    """Counts, for each record read, the deliveries that are still to be made.

    A position is committed only when every record before it is dealt with. A crash therefore repeats records, and
    skips none.
    """

    def __init__(self) -> None:
        self._reading: dict[int, deque[int]] = {}
        self._left: dict[Place, int] = {}

    def __len__(self) -> int:
        return len(self._left)

    def read(self, place: Place, deliveries: int) -> None:
        """Say that a record was read, and how many deliveries it asks for."""
        partition, offset = place
        self._reading.setdefault(partition, deque()).append(offset)
        if deliveries:
            self._left[place] = deliveries

    def done(self, place: Place) -> None:
        """Say that one delivery of a record is made. A record of a partition that was taken away does not matter."""
        if place in self._left:
            self._left[place] -= 1
            if not self._left[place]:
                del self._left[place]

    def forget(self, partitions: Iterable[int]) -> None:
        """Give up partitions that another notifier reads from now on."""
        for partition in partitions:
            for offset in self._reading.pop(partition, ()):
                self._left.pop((partition, offset), None)

    def positions(self) -> dict[int, int]:
        """Return the positions that have become safe to commit since the last call: partition -> next offset."""
        safe = {}
        for partition, offsets in self._reading.items():
            while offsets and (partition, offsets[0]) not in self._left:
                safe[partition] = offsets.popleft() + 1
        return safe
