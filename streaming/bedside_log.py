"""The topic `bedside` without Spark: for the standby, and for a lane that catches up from its snapshot."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import numpy as np
from confluent_kafka import Message as Record
from confluent_kafka import TopicPartition

from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.log import BadRecord, LogSlice, decode_log
from lakehouse.settings import Service, Settings
from lakehouse.topics import BEDSIDE

logger = logging.getLogger(__name__)

MOST_RECORDS: Final = 20_000
REPLY_S: Final = 30.0
AT_ONCE: Final = {"fetch_wait_max_ms": 20, "fetch_queue_backoff_ms": 5}
IN_NO_HURRY: Final = {"fetch_wait_max_ms": 100, "fetch_min_bytes": 1_000_000, "fetch_queue_backoff_ms": 20}


class BedsideLog:
    """Some partitions of the log, from given positions on. A context manager; it only reads.

    `in_no_hurry` lets Kafka gather records for up to 0.1 s, which spares it most of the requests.
    """

    def __init__(self, settings: Settings, service: Service, *, in_no_hurry: bool = False) -> None:
        self._settings = settings
        self._service = service
        self._pace = IN_NO_HURRY if in_no_hurry else AT_ONCE

    def __enter__(self) -> Self:
        self._reader = consumer(self._settings, self._service, "bedside", **self._pace)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.close()

    def ends(self) -> dict[int, tuple[int, int]]:
        """Return for each partition the first offset that it has and the next that it will write."""
        return log_ends(self._reader, BEDSIDE.name)

    def positions_at(self, at_ms: int) -> dict[int, int]:
        """Return for each partition the offset of the first record at that time or later, else the next one."""
        ends = self.ends()
        asked = self._reader.offsets_for_times(
            [TopicPartition(BEDSIDE.name, partition, at_ms) for partition in ends], timeout=REPLY_S
        )
        return {each.partition: each.offset if each.offset >= 0 else ends[each.partition][1] for each in asked}

    def begin(self, positions: Mapping[int, int]) -> None:
        """Read from these positions: partition -> next offset."""
        assign(self._reader, BEDSIDE.name, positions)

    def read(self, most: int = MOST_RECORDS, timeout_s: float = 0.002) -> tuple[LogSlice, list[BadRecord]]:
        """Return what is there, up to `most` records, in order of partition and offset."""
        return in_order(records(self._reader, most, timeout_s))

    def between(self, begins: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[LogSlice]:
        """Yield what stands between two positions of each partition that `ends` names, in no hurry; read no further.

        It ends where the reader stands, not at the last good entry: the last record before an end may be a bad one.
        """
        missing = {partition: begins[partition] for partition, end in ends.items() if begins[partition] < end}
        if not missing:
            return
        self.begin(missing)
        wanted = [TopicPartition(BEDSIDE.name, partition) for partition in missing]
        try:
            while any(place.offset < ends[place.partition] for place in self._reader.position(wanted)):
                stretch, _ = self.read(timeout_s=0.1)
                last = np.array([ends[partition] for partition in stretch.partition.tolist()], dtype=np.int64)
                yield stretch.take(stretch.offset < last)
        finally:
            self._reader.unassign()  # else Kafka goes on filling a queue that nobody empties


def in_order(taken: Sequence[Record]) -> tuple[LogSlice, list[BadRecord]]:
    """Decode consumed records in order of partition and offset."""
    partition = np.array([record.partition() for record in taken], dtype=np.int32)
    offset = np.array([record.offset() for record in taken], dtype=np.int64)
    received_ms = np.array([record.timestamp()[1] for record in taken], dtype=np.int64)
    order = np.lexsort((offset, partition))
    keys = [taken[place].key() for place in order]
    values = [taken[place].value() for place in order]
    return decode_log(partition[order], offset[order], received_ms[order], keys, values)
