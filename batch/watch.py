"""Asks from outside whether the ward is being watched: by what the speed layer leaves behind, not by what it says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from confluent_kafka import Consumer, Message, TopicPartition

from lakehouse.access import group_id
from lakehouse.cassandra import Cassandra
from lakehouse.errors import DecodeError
from lakehouse.events import Pulse, decode
from lakehouse.kafka import assign, consumer, log_ends, records
from lakehouse.kafka_admin import admin, committed
from lakehouse.lake import Lake
from lakehouse.landed import landed
from lakehouse.settings import Service, Settings
from lakehouse.tables import DEAD_LETTERS_BY_DAY
from lakehouse.topics import ALERTS, BEDSIDE

# Several times what each needs when it is well: a pulse and a tick come once a second, landing commits each minute.
MOST_PULSE_AGE_S: Final = 30.0
MOST_TICK_AGE_S: Final = 30.0
MOST_LAG_S: Final = 60.0  # a driver that starts again is back after half a minute
MOST_LANDING_AGE_S: Final = 900.0
MOST_MAIL_AGE_S: Final = 900.0  # a mail server that greylists makes wait for five minutes or so
MAIL_WINDOW_S: Final = 900.0
_PATIENCE_S: Final = 10.0
_AT_ONCE: Final = 100
_POLL_S: Final = 0.5
# The second look is only for partitions without a tick in the first: the log has 10,000 other records a second.
_TICK_LOOKS_S: Final = (5.0, MOST_TICK_AGE_S)
_PULSES_SINCE: Final = timedelta(minutes=2)


Ends: TypeAlias = Mapping[int, tuple[int, int]]  # partition -> the oldest offset, and the one behind the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the speed layer stands; by partition of the bedside log where nothing else is said. Ages in seconds.

    A partition that is missing from `pulse_age_s` has had no pulse for two minutes; from `tick_age_s`, no tick for half
    a minute; from the others, nothing waits there.
    """

    partitions: Sequence[int]
    pulse_age_s: Mapping[int, float]  # of the lane that folds the partition
    standby_writes: bool
    lag_s: Mapping[int, float]  # age of the oldest entry that the lane had not folded at its last pulse
    tick_age_s: Mapping[int, float]  # of the newest tick: the clock writes one a second
    landing_age_s: Mapping[int, float]  # of the oldest record that is not in the lake yet
    mail_age_s: Mapping[int, float]  # by partition of `alerts`: of the oldest event that is not told to everybody yet
    dead_letters: int  # in the last 15 minutes

    def summary(self) -> dict[str, Any]:
        """Return it for the last line of the job."""
        return {
            "pulse_age_s": max(self.pulse_age_s.values(), default=None),
            "standby_writes": self.standby_writes,
            "lag_s": max(self.lag_s.values(), default=None),
            "tick_age_s": max(self.tick_age_s.values(), default=None),
            "landing_age_s": max(self.landing_age_s.values(), default=None),
            "mail_age_s": max(self.mail_age_s.values(), default=None),
            "dead_letters": self.dead_letters,
        }


def faults(standing: Standing) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong, with what to do."""
    silent = [each for each in standing.partitions if standing.pulse_age_s.get(each, 1e9) > MOST_PULSE_AGE_S]
    if silent:
        who = "the standby writes for it" if standing.standby_writes else "nobody writes alarms"
        yield f"the lane must pulse within {MOST_PULSE_AGE_S:.0f} s; partitions {silent} have none and {who}; `make up`"
    behind = [each for each, lag_s in standing.lag_s.items() if lag_s > MOST_LAG_S and each not in silent]
    if behind:
        yield (
            f"the lane must fold an entry within {MOST_LAG_S:.0f} s; partitions {behind} are further behind, "
            "and so are their alarms; look at `make status` and `make logs NAME=alarms`"
        )
    still = [each for each in standing.partitions if standing.tick_age_s.get(each, 1e9) > MOST_TICK_AGE_S]
    if still:
        yield f"each partition must tick within {MOST_TICK_AGE_S:.0f} s; {still} do not; look at `make logs NAME=clock`"
    late = [each for each, age_s in standing.landing_age_s.items() if age_s > MOST_LANDING_AGE_S]
    if late:
        yield (
            f"records must be in the lake within {MOST_LANDING_AGE_S / 60:.0f} min; partitions {late} wait longer; "
            "look at `make logs NAME=landing`"
        )
    untold = [each for each, age_s in standing.mail_age_s.items() if age_s > MOST_MAIL_AGE_S]
    if untold:
        yield (
            f"alarms must be mailed within {MOST_MAIL_AGE_S / 60:.0f} min; {untold} of `alerts` wait longer; "
            "look at `make status` and `make logs NAME=notify`"
        )
    if standing.dead_letters:
        yield (
            f"every mail must be delivered; {standing.dead_letters} of the last 15 min were given up; "
            "`dead_letters_by_day` names address and answer"
        )


def look(settings: Settings) -> Standing:
    """Ask Kafka, the lake and Cassandra how the speed layer stands.

    Raises
    ------
    StoreError
        When one of them does not answer.
    """
    reader = consumer(settings, Service.BATCH, "watch")
    try:
        ends = log_ends(reader, BEDSIDE.name, _PATIENCE_S)
        tick_age_s = _tick_ages(reader, ends)
        lanes = _lanes(_pulses(reader), ends)
        lag_s = _ages_at(reader, BEDSIDE.name, _waiting(lanes.positions, ends))
        with Lake(settings, patience_s=_PATIENCE_S) as lake:
            positions = landed(lake, BEDSIDE.name, ends)
        not_landed = _waiting({each: positions.get(each, 0) for each in ends}, ends)
        landing_age_s = _ages_at(reader, BEDSIDE.name, not_landed)
        alert_ends = log_ends(reader, ALERTS.name, _PATIENCE_S)
        kafka = admin(settings, Service.BATCH, patience_s=_PATIENCE_S)
        told = committed(kafka, group_id(Service.NOTIFY), ALERTS.name, alert_ends, _PATIENCE_S)
        mail_age_s = _ages_at(reader, ALERTS.name, _waiting(told, alert_ends))
    finally:
        reader.close()
    return Standing(
        partitions=sorted(ends),
        pulse_age_s=lanes.ages_s,
        standby_writes=lanes.standby_writes,
        lag_s=lag_s,
        tick_age_s=tick_age_s,
        landing_age_s=landing_age_s,
        mail_age_s=mail_age_s,
        dead_letters=_dead_letters(settings),
    )


class _Lanes(NamedTuple):
    """What the last pulses say, by partition of the bedside log."""

    ages_s: dict[int, float]
    positions: dict[int, int]
    standby_writes: bool


def _lanes(pulses: Sequence[Pulse], ends: Ends) -> _Lanes:
    now = datetime.now(UTC)
    # By partition, the newest stays.
    lane = {each: pulse for pulse in pulses if pulse.writer == "alarms" for each in pulse.positions if each in ends}
    ages_s = {each: (now - pulse.at).total_seconds() for each, pulse in lane.items()}
    standby_writes = any(
        pulse.writer == "standby" and (now - pulse.at).total_seconds() <= MOST_PULSE_AGE_S for pulse in pulses
    )
    return _Lanes(ages_s, {each: pulse.positions[each] for each, pulse in lane.items()}, standby_writes)


def _pulses(reader: Consumer) -> list[Pulse]:
    """Return the pulses of the last two minutes, oldest first; all are in the first partition."""
    since = TopicPartition(ALERTS.name, 0, int((datetime.now(UTC) - _PULSES_SINCE).timestamp() * 1000))
    (found,) = reader.offsets_for_times([since], timeout=_PATIENCE_S)
    if found.offset < 0:  # nothing is so young
        return []
    end = log_ends(reader, ALERTS.name, _PATIENCE_S)[0][1]
    pulses = []
    for _, record in _until(reader, ALERTS.name, {0: found.offset}, {0: end}):
        try:
            message = decode(record.value() or b"")
        except DecodeError:  # somebody else's; those who fold say so
            continue
        if isinstance(message, Pulse):
            pulses.append(message)
    return pulses


def _waiting(positions: Mapping[int, int], ends: Ends) -> dict[int, int]:
    """Return where each partition goes on; without those that are at their end."""
    places = {each: max(place, ends[each][0]) for each, place in positions.items()}
    return {each: place for each, place in places.items() if place < ends[each][1]}


def _tick_ages(reader: Consumer, ends: Ends) -> dict[int, float]:
    """Return the age of the newest tick of each partition that had one lately."""
    ages_s: dict[int, float] = {}
    for look_s in _TICK_LOOKS_S:
        since_ms = int((time.time() - look_s) * 1000)
        asked = [TopicPartition(BEDSIDE.name, each, since_ms) for each in ends if each not in ages_s]
        found = reader.offsets_for_times(asked, timeout=_PATIENCE_S) if asked else []
        begins = {each.partition: each.offset for each in found if each.offset >= 0}  # below: nothing is so young
        for partition, record in _until(reader, BEDSIDE.name, begins, {each: ends[each][1] for each in begins}):
            if record.key() is None:  # only ticks have none
                ages_s[partition] = time.time() - record.timestamp()[1] / 1000
    return ages_s


def _ages_at(reader: Consumer, topic: str, places: Mapping[int, int]) -> dict[int, float]:
    """Return the age of the record at its place in each partition of a topic, or of the first one behind it."""
    ages_s: dict[int, float] = {}
    for partition, record in _until(reader, topic, places, {each: at + 1 for each, at in places.items()}):
        ages_s.setdefault(partition, time.time() - record.timestamp()[1] / 1000)
    return ages_s


def _until(
    reader: Consumer, topic: str, begins: Mapping[int, int], ends: Mapping[int, int]
) -> Iterator[tuple[int, Message]]:
    """Yield what a topic has from these places on, until each partition is at its end or the patience is over."""
    missing = {each for each, begin in begins.items() if begin < ends[each]}
    if not missing:
        return
    assign(reader, topic, begins)
    until = time.monotonic() + _PATIENCE_S
    while missing and time.monotonic() < until:
        for record in records(reader, _AT_ONCE, _POLL_S):
            partition, offset = record.partition(), record.offset()
            if partition is None or offset is None:  # only of records that were never written
                continue
            yield partition, record
            if offset + 1 >= ends[partition]:
                missing.discard(partition)


def _dead_letters(settings: Settings) -> int:
    now = datetime.now(UTC)
    since = now - timedelta(seconds=MAIL_WINDOW_S)
    days: set[date] = {since.date(), now.date()}
    with Cassandra(settings, Service.BATCH, patience_s=_PATIENCE_S) as cassandra:
        rows = [row for day in days for row in cassandra.select(DEAD_LETTERS_BY_DAY, {"day": day})]
    return sum(row["at"].replace(tzinfo=row["at"].tzinfo or UTC) >= since for row in rows)
