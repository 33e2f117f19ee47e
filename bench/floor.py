"""The floor of latency: the same fold in a bare consumer loop, with no recovery. `python -m bench.floor SECONDS`."""

from __future__ import annotations

import sys
import time
from typing import Final

from confluent_kafka.admin import AdminClient, NewTopic

from lakehouse.events import encode
from lakehouse.folding import AlarmFold, warm_up
from lakehouse.kafka import LogWriter, client_config
from lakehouse.settings import Service, Settings
from streaming.bedside_log import BedsideLog

TOPIC: Final = "bench-floor"


def make_topic(settings: Settings) -> None:
    """Make the topic that the floor writes to, beside `alerts`: nobody else reads it."""
    client = AdminClient(client_config(settings, Service.ADMIN))
    if TOPIC not in client.list_topics(timeout=30).topics:
        topic = NewTopic(TOPIC, 1, config={"message.timestamp.type": "LogAppendTime", "retention.ms": "3600000"})
        client.create_topics([topic])[TOPIC].result(30)


def main(seconds: float) -> None:
    """Fold the log from now on, and write the events."""
    settings = Settings.load()
    warm_up()
    fold = AlarmFold()
    with BedsideLog(settings, Service.ADMIN) as log, LogWriter(settings, Service.ADMIN, linger_ms=0) as out:
        begin = {partition: end for partition, (_, end) in log.ends().items()}
        fold.positions = dict(begin)
        log.begin(begin)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            entries, _ = log.read()
            for event in fold.fold(entries):
                out.send(TOPIC, event.patient_id.encode(), encode(event))


if __name__ == "__main__":
    main(float(sys.argv[1]))
