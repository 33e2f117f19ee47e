"""Every Kafka topic: what it carries and for how long."""

from __future__ import annotations

from typing import Final

from lakehouse.contract import Topic

BEDSIDE: Final = Topic(
    name="bedside",
    doc="Everything that can change an alarm, in one order per patient.",
    key="patient_id; a tick has none and goes to every partition",
    kinds=("reading", "finding", "limits", "command", "admission", "tick"),
    # Eight times what a message may have: a sender's mistake must reach quarantine, not vanish at the broker.
    max_message_bytes=8_000_000,
)

ECG: Final = Topic(
    name="ecg",
    doc="Waveforms: a record is one lead of one patient for a second or more, samples as little-endian int16.",
    key="patient_id",
    kinds=("waveform",),
    retention_hours=72,
)

# As many partitions as the bedside log, so that the events of a lane stand in the partitions of the same numbers.
ALERTS: Final = Topic(
    name="alerts",
    doc="Every alert event, and the pulse of whoever writes them.",
    key="patient_id; a pulse has none, and stands in partition 0",
    kinds=("event", "pulse"),
)

TOPICS: Final = {topic.name: topic for topic in (BEDSIDE, ECG, ALERTS)}
