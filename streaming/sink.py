"""Where alarm events go: Cassandra first, then the topic `alerts`. The lane and the standby both write through here."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Any, Final, NamedTuple, Self

from clinical.conditions import PRIORITIES
from lakehouse.alert_rows import event_row
from lakehouse.cassandra import TIMESTAMP_SLOTS, Cassandra, Statement, write_timestamp_us
from lakehouse.events import ENDINGS, AlertEvent, Pulse, encode
from lakehouse.faults import fault_point
from lakehouse.folding import EPOCH
from lakehouse.heartbeat import Heartbeat
from lakehouse.kafka import LogWriter
from lakehouse.log import LogSlice
from lakehouse.messages import Command, Limits
from lakehouse.settings import Service, Settings
from lakehouse.tables import (
    ALERT_EVENTS,
    ALERTS_BY_PATIENT,
    AUDIT,
    LIMITS_BY_PATIENT,
    NO_WARD,
    OPEN_ALERTS_BY_WARD,
)
from lakehouse.topics import ALERTS
from streaming.hops import Hops

_STATE: Final = tuple(name for name in AlertEvent.__struct_fields__ if name in ALERTS_BY_PATIENT.names)
MOST_EVENTS_A_PART: Final = 400  # a tenth of a second of writes on two cores, a quarter in a storm


class Request(NamedTuple):
    """A command or limits message: what a person or a job asked for, and where it stands in the log."""

    partition: int
    offset: int
    received_at: datetime
    message: Command | Limits


class Outcome(NamedTuple):
    """What a stretch of the log leads to."""

    events: list[AlertEvent]
    requests: list[Request]


def requests_of(log: LogSlice) -> list[Request]:
    """Return the commands and limits messages of a stretch of the log."""
    return [
        Request(
            int(log.partition[row]),
            int(log.offset[row]),
            EPOCH + timedelta(milliseconds=int(log.received_ms[row])),
            message,
        )
        for row, message in log.others.items()
        if isinstance(message, Command | Limits)
    ]


def urgent_first(outcome: Outcome) -> Iterator[Outcome]:
    """Yield an outcome in parts, patients with the highest priority first.

    What concerns one patient stays together and in order.
    """
    events: defaultdict[str, list[AlertEvent]] = defaultdict(list)
    requests: defaultdict[str, list[Request]] = defaultdict(list)
    for event in outcome.events:
        events[event.patient_id].append(event)
    for request in outcome.requests:
        requests[request.message.patient_id].append(request)

    def urgency(patient_id: str) -> int:
        return max((PRIORITIES.index(event.priority or "") for event in events.get(patient_id, ())), default=0)

    part = Outcome([], [])
    for patient_id in sorted(events | requests, key=urgency, reverse=True):
        if len(part.events) + len(part.requests) >= MOST_EVENTS_A_PART:
            yield part
            part = Outcome([], [])
        part.events.extend(events.get(patient_id, ()))
        part.requests.extend(requests.get(patient_id, ()))
    if part.events or part.requests:
        yield part


class EventSink:
    """Writes outcomes. A context manager.

    `write` returns when everything is in Cassandra and acknowledged by Kafka. A retry writes the same rows with the
    same ids and timestamps, which changes nothing in Cassandra, and the same events to `alerts` once more: readers of
    that topic recognise an event by its id. While a store is away, `write` waits and says so; while Cassandra is, in
    its heartbeat, too.
    """

    def __init__(self, settings: Settings, service: Service, heartbeat: Heartbeat | None = None) -> None:
        self._heartbeat = heartbeat
        self.cassandra = Cassandra(settings, service, on_wait=self._wait)
        self._alerts = LogWriter(settings, service, linger_ms=0)
        self._name = str(service)
        self.hops = Hops()

    def __enter__(self) -> Self:
        self.cassandra.__enter__()
        self._alerts.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._alerts.__exit__(kind, error, trace)
        self.cassandra.__exit__(kind, error, trace)

    def _wait(self, why: str) -> None:
        if self._heartbeat is not None:
            self._heartbeat.beat(f"waiting for Cassandra: {why}")

    def write(self, outcome: Outcome) -> None:
        """Write events and requests; see the class for what a retry does."""
        began = time.monotonic()
        self.cassandra.write_together(self._rows(outcome))
        self.hops.add("cassandra", time.monotonic() - began)
        fault_point(f"{self._name}.after_cassandra")
        began = time.monotonic()
        for event in outcome.events:
            self._alerts.send(ALERTS.name, event.patient_id.encode(), encode(event))
        self._alerts.flush()
        self.hops.add("produce", time.monotonic() - began)
        fault_point(f"{self._name}.after_produce")

    def pulse(
        self, lane: str, positions: Mapping[int, int], hops_ms: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        """Say that whoever writes here lives, up to where its events are out, and where its time goes."""
        pulse = Pulse(
            writer=self._name,  # type: ignore[arg-type]
            lane=lane,
            at=datetime.now(UTC),
            positions=dict(positions),
            hops_ms=dict(hops_ms),
        )
        self._alerts.send(ALERTS.name, None, encode(pulse), partition=0)

    def _rows(self, outcome: Outcome) -> Iterator[Statement]:
        """Return all writes: events, states of alerts, what each ward shows as open, audit, limits."""
        acknowledgers: dict[str | None, str | None] = {}
        for event in outcome.events:
            if event.step == "acknowledge":
                acknowledgers[event.alert_id] = event.by
            yield from self._of_patient(event)
            yield from self._of_wards(event, acknowledgers)
        refusals = {(e.partition, e.offset): e.reason for e in outcome.events if e.step == "refuse"}
        for request in outcome.requests:
            refusal = refusals.get((request.partition, request.offset))
            yield self.cassandra.upsert(AUDIT, audit_row(request, refusal))
            if isinstance(request.message, Limits) and refusal is None:
                yield self.cassandra.upsert(LIMITS_BY_PATIENT, limits_row(request.received_at, request.message))

    def _of_patient(self, event: AlertEvent) -> Iterator[Statement]:
        timestamp_us = event_timestamp_us(event)
        yield self.cassandra.upsert(ALERT_EVENTS, event_row(event), timestamp_us=timestamp_us)
        if event.alert_id is not None:
            yield self.cassandra.upsert(ALERTS_BY_PATIENT, state_row(event), timestamp_us=timestamp_us)

    def _of_wards(self, event: AlertEvent, acknowledgers: Mapping[str | None, str | None]) -> Iterator[Statement]:
        if event.alert_id is None:
            return
        timestamp_us = event_timestamp_us(event)
        ward_id, from_ward_id = event.ward_id or NO_WARD, event.from_ward_id or NO_WARD
        key = {"ward_id": ward_id, "alert_id": event.alert_id}
        if event.step in ENDINGS:
            yield self.cassandra.delete(OPEN_ALERTS_BY_WARD, key, timestamp_us=timestamp_us)
        else:
            state = state_row(event)
            if event.step == "transfer" and event.acknowledged:
                found = acknowledgers.get(event.alert_id)
                state["acknowledged_by"] = found or self._acknowledged_by(event)
            row = {name: state[name] for name in OPEN_ALERTS_BY_WARD.names if name in state} | key
            yield self.cassandra.upsert(OPEN_ALERTS_BY_WARD, row, timestamp_us=timestamp_us)
        if event.step == "transfer" and from_ward_id != ward_id:
            old = {"ward_id": from_ward_id, "alert_id": event.alert_id}
            yield self.cassandra.delete(OPEN_ALERTS_BY_WARD, old, timestamp_us=timestamp_us)

    def _acknowledged_by(self, event: AlertEvent) -> str | None:
        """Return who has acknowledged an alert: a transfer does not say it, and the new ward has no row that does."""
        key = {name: getattr(event, name) for name in ALERTS_BY_PATIENT.key}
        found = self.cassandra.select(ALERTS_BY_PATIENT, key)
        return found[0]["acknowledged_by"] if found else None


def event_timestamp_us(event: AlertEvent) -> int:
    """Return the write time of an event's rows: later steps of an alert win, whoever writes them and whenever."""
    return write_timestamp_us(event.received_at, event.sequence % TIMESTAMP_SLOTS)


def state_row(event: AlertEvent) -> dict[str, Any]:
    """Return the row of `alerts_by_patient`: the state of the alert after this event."""
    row = {name: getattr(event, name) for name in _STATE}
    if event.step == "acknowledge":
        row["acknowledged_by"] = event.by
    elif not event.acknowledged:
        row["acknowledged_by"] = None
    if event.step in ENDINGS:
        row["closed_at"] = event.received_at
    if event.step == "onset":  # there is nothing yet that an empty column would have to erase
        row = {name: value for name, value in row.items() if value is not None}
    return row


def audit_row(request: Request, refusal: str | None) -> dict[str, Any]:
    """Return the row of `audit`: who asked what, and what came of it."""
    message = request.message
    detail: dict[str, Any]
    if isinstance(message, Command):
        by, action = message.by, str(message.action)
        detail = {"alert_id": message.alert_id, "until": message.until}
    else:
        by, action = message.author, "limits"
        detail = {"version": message.version, "limits": message.limits, "expires_at": message.expires_at}
    return {
        "day": request.received_at.date(),
        "at": request.received_at,
        "entry_id": f"{request.partition}-{request.offset}",
        "patient_id": message.patient_id,
        "by": by,
        "action": action,
        "detail": json.dumps({name: value for name, value in detail.items() if value is not None}, default=str),
        "outcome": "accepted" if refusal is None else f"refused: {refusal}",
    }


def limits_row(received_at: datetime, limits: Limits) -> dict[str, Any]:
    """Return the row of `limits_by_patient`."""
    return {
        "patient_id": limits.patient_id,
        "version": limits.version,
        "author": limits.author,
        "limits": json.dumps(limits.limits),
        "reason": limits.reason,
        "expires_at": limits.expires_at,
        "received_at": received_at,
    }
