"""What the watchdog hears: pulses of lanes or their standbys, and ticks of the clock, by partition. Pure.

Times are those at which the watchdog heard it, in seconds of its own clock, which only goes forward: clocks of brokers
may differ from it. Silence counts until the watchdog last looked, not until now: while Kafka does not answer, nothing
is known of lanes and clock, and that itself is what is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hearing:
    """When each partition of the bedside log was last folded, and last ticked; and when Kafka last answered.

    Parameters
    ----------
    partitions
        Of the bedside log.
    since_s
        When the watchdog began to listen: nothing is silent for longer than that.
    looked_s
        When Kafka last answered; until then pulses and ticks were listened to.
    """

    partitions: Sequence[int]
    since_s: float
    looked_s: float = float("-inf")
    _pulse_s: dict[int, float] = field(default_factory=dict)
    _tick_s: dict[int, float] = field(default_factory=dict)

    def begin(self, at_s: float) -> None:
        """Forget all, and listen anew."""
        self.since_s = at_s
        self._pulse_s.clear()
        self._tick_s.clear()

    def pulse(self, partitions: Collection[int], at_s: float) -> None:
        """Hear that whoever folds these partitions lives."""
        self._pulse_s |= dict.fromkeys(partitions, at_s)

    def tick(self, partition: int, at_s: float) -> None:
        """Hear the clock in a partition."""
        self._tick_s[partition] = at_s

    def look(self, at_s: float) -> None:
        """Note that Kafka has answered, and given all that there was to hear until now."""
        self.looked_s = at_s

    @property
    def is_complete(self) -> bool:
        """Whether each partition was heard at least once: monitoring has been up."""
        return all(each in self._pulse_s and each in self._tick_s for each in self.partitions)

    def faults(self, now_s: float, silence_s: float) -> Iterator[str]:
        """Yield in words what has been silent for too long."""
        if now_s - max(self.looked_s, self.since_s) > silence_s:
            yield f"Kafka has not answered for {silence_s:.0f} s: no alarm can be raised, and no reading is taken"
            return
        if silent := self._silent(self._pulse_s, silence_s):
            yield f"nobody raises alarms: neither lane nor standby has given a sign for {silence_s:.0f} s ({silent})"
        if silent := self._silent(self._tick_s, silence_s):
            yield (
                f"the clock stands still: no tick for {silence_s:.0f} s ({silent}); patients who fall silent are not "
                "noticed, and nothing escalates"
            )

    def _silent(self, heard_s: Mapping[int, float], silence_s: float) -> str:
        """Return in words in which partitions there was silence until they were last looked at."""
        silent = [each for each in self.partitions if self.looked_s - heard_s.get(each, self.since_s) > silence_s]
        if len(silent) == len(self.partitions):
            return "all patients" if silent else ""
        return f"partitions {', '.join(map(str, silent))} of {len(self.partitions)}" if silent else ""
