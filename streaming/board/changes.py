"""When a ward or a patient was spoken of in the log: since when without a pause, and last. Pure; monotonic seconds."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

# So long after an event its row may still be on its way; a longer pause ends a stretch of events.
CHANGING_S: Final = 2.0
KEPT_S: Final = 60.0


class Change(NamedTuple):
    """The last stretch of events without a pause, of which the first is as much a reason to look as the last."""

    first_s: float
    last_s: float


NEVER: Final = Change(float("-inf"), float("-inf"))


class Changes:
    """Remembers the last stretch of each subject for a minute. One thread notes, others may ask."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, Change] = OrderedDict()  # the one noted last at the end

    def of(self, subject: str) -> Change:
        """Return the last stretch of a ward or a patient; `NEVER` where there was none lately."""
        return self._of.get(subject, NEVER)

    def note(self, now_s: float, *subjects: str) -> None:
        """Note that something was said of them. A storm of events costs the same for each."""
        for subject in subjects:
            before = self.of(subject)
            first_s = before.first_s if now_s - before.last_s <= CHANGING_S else now_s
            self._of[subject] = Change(first_s, now_s)
            self._of.move_to_end(subject)
        while self._of and now_s - next(iter(self._of.values())).last_s > KEPT_S:
            self._of.popitem(last=False)
