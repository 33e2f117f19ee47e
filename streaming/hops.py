"""Where the time of a batch goes, hop by hop."""

from __future__ import annotations

from collections import defaultdict


class Hops:
    """Sums of times by name; `taken` gives the averages since it was last asked."""

    def __init__(self) -> None:
        self._sums_s: defaultdict[str, float] = defaultdict(float)
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, hop: str, took_s: float) -> None:
        """Note how long a hop took."""
        self._sums_s[hop] += took_s
        self._counts[hop] += 1

    def taken(self) -> dict[str, float]:
        """Return the average of each hop in ms, and begin anew."""
        averages = {hop: round(1000 * total / self._counts[hop], 2) for hop, total in self._sums_s.items()}
        self._sums_s.clear()
        self._counts.clear()
        return averages
