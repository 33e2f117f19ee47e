"""How far alarms are out, by the last pulses in the topic `alerts`."""

from __future__ import annotations

from typing import Final

from lakehouse.errors import DecodeError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.settings import Service, Settings
from lakehouse.topics import ALERTS

LOOK_BACK: Final = 200_000  # records: in a storm of 400 alerts a second pulses are still only that far apart


def last_positions(settings: Settings) -> dict[int, int]:
    """Return partition -> the offset before which every event is out, as the lanes and their standbys last said.

    A partition of which no pulse is found is left out.
    """
    reader = consumer(settings, Service.ALARMS, "pulses")
    try:
        first, end = log_ends(reader, ALERTS.name)[0]  # pulses are written to partition 0
        place = max(first, end - LOOK_BACK)
        assign(reader, ALERTS.name, {0: place})
        found: dict[int, int] = {}
        while place < end:
            for record in records(reader, 10_000, 0.1):
                place = (record.offset() or 0) + 1
                try:
                    message = decode(record.value() or b"")
                except DecodeError:
                    continue  # the notifier and landing have said so
                if isinstance(message, Pulse):
                    found |= {p: max(offset, found.get(p, 0)) for p, offset in message.positions.items()}
    finally:
        reader.close()
    return found
