"""Every record of the log is one row of the lake, and the lake gives the fold back what it saw live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse import events
from lakehouse.events import AlertEvent, Pulse
from lakehouse.folding import AlarmFold
from lakehouse.lake_log import log_of
from lakehouse.log import LogSlice, decode_log
from lakehouse.messages import (
    MAX_MESSAGE_BYTES,
    Admission,
    Command,
    Finding,
    Limits,
    Message,
    Reading,
    Tick,
    Vitals,
    encode,
)
from streaming.landed_rows import rows_of, rule_of, rules_broken

AT = datetime(2026, 1, 5, 12, 0, 0, 123_000, UTC)
SCHEMA = pa.schema(
    {
        "topic": pa.string(), "partition": pa.int32(), "offset": pa.int64(),
        "timestamp": pa.timestamp("us", tz="UTC"), "key": pa.binary(), "value": pa.binary(),
    }
)  # fmt: skip


def batch(*records: dict[str, Any]) -> pa.Table:
    """Records of the log; what is not given does not matter."""
    filled = [
        {"topic": "bedside", "partition": 0, "offset": row, "timestamp": AT, "key": b"p1"} | record
        for row, record in enumerate(records)
    ]
    return pa.Table.from_pylist(filled, schema=SCHEMA)


def reading(**changes: Any) -> Reading:
    filled: dict[str, Any] = {"patient_id": "p1", "measured_at": AT, "vitals": Vitals(heart_rate_bpm=80.0)}
    return Reading(**(filled | changes))


def live(records: pa.Table) -> LogSlice:
    log, _ = decode_log(
        records["partition"].to_numpy(),
        records["offset"].to_numpy(),
        records["timestamp"].cast(pa.int64()).to_numpy() // 1000,
        records["key"].to_pylist(),
        records["value"].to_pylist(),
    )
    return log


def assert_equal(found: LogSlice, wanted: LogSlice) -> None:
    assert found.others == wanted.others
    assert found.patient_ids == wanted.patient_ids
    for name in ("partition", "offset", "received_ms", "is_reading", "measured_ms", "period_ms", "values"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name), err_msg=name)
        assert getattr(found, name).dtype == getattr(wanted, name).dtype


def test_a_reading_becomes_a_row_of_readings() -> None:
    message = reading(
        device_id="m1", period_s=60.0, vitals=Vitals(heart_rate_bpm=80.2, temperature_c=36.6, consciousness="V")
    )
    rows = rows_of(batch({"partition": 3, "offset": 7, "value": encode(message)}))
    assert [(name, len(table)) for name, table in rows.items() if len(table)] == [("readings", 1)]
    row = rows["readings"].to_pylist()[0]
    assert {name: value for name, value in row.items() if value is not None} == {
        "patient_id": "p1",
        "device_id": "m1",
        "measured_at": AT.replace(microsecond=100_000),
        "received_at": AT.replace(microsecond=100_000),
        "partition": 3,
        "offset": 7,
        "period_s": 60.0,
        "heart_rate_bpm": 80,
        "temperature_tenths_c": 366,
        "consciousness": 2,
        "tenths": 2,
    }


def test_a_reading_is_kept_as_it_was_sent_where_it_has_unknown_fields() -> None:
    value = b'{"kind":"reading","patient_id":"p1","measured_at":"2026-01-05T12:00:00Z","vitals":{},"mood":"good"}'
    rows = rows_of(batch({"value": value}, {"value": encode(reading())}))
    assert rows["readings"]["raw"].to_pylist() == [value.decode(), None]


def test_every_other_message_becomes_an_entry_as_it_was_sent() -> None:
    value = b'{"kind": "command", "patient_id": "p1", "action": "silence", "by": "ns-4", "why": "asked"}'
    rows = rows_of(batch({"value": value}, {"value": encode(Tick()), "key": None}))
    assert rows["entries"].select(["kind", "patient_id", "body"]).to_pylist() == [
        {"kind": "command", "patient_id": "p1", "body": value.decode()},
        {"kind": "tick", "patient_id": None, "body": '{"kind":"tick"}'},
    ]


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        (b"p1", None, "empty"),
        (b"p1", b"\xff\xfe\x00", "malformed"),
        (b"p1", b'{"kind":"reading","patient_id":"\xff"', "not_utf8"),
        (b"p1", b'{"kind":"tick","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "too_deep"),
        (b"p1", b'{"kind":"tick"', "malformed"),
        (b"p1", b'{"kind":"horoscope","patient_id":"p1"}', "unknown_value"),
        (b"p1", b'{"kind":"reading","measured_at":"2026-01-05T12:00:00Z","vitals":{}}', "missing_field"),
        (b"p1", b'{"kind":"reading","patient_id":"p1","measured_at":"2026-02-30T12:00:00Z","vitals":{}}', "bad_time"),
        (b"p1", b'{"kind":"reading","patient_id":"p1","measured_at":"2026-01-05T12:00:00","vitals":{}}', "bad_time"),
        (b"p1", b'{"kind":"tick","v":"one"}', "wrong_type_or_range"),
        (b"p1", b'{"kind":"tick","x":"' + b"x" * MAX_MESSAGE_BYTES + b'"}', "too_large"),
        (b"p2", encode(reading()), "wrong_key"),
        (None, encode(reading()), "wrong_key"),
    ],
)
def test_a_record_that_breaks_its_contract_goes_to_quarantine(
    key: bytes | None, value: bytes | None, rule: str
) -> None:
    rows = rows_of(batch({"partition": 2, "offset": 9, "key": key, "value": value}, {"value": encode(reading())}))
    assert (len(rows["readings"]), len(rows["entries"])) == (1, 0)
    row = rows["quarantine"].to_pylist()[0]
    assert (row["topic"], row["partition"], row["offset"], row["key"]) == ("bedside", 2, 9, key)
    assert row["raw_bytes"] == value
    assert rule_of(row["reason"]) == rule


def event(event_id: str = "p1.heart_rate_high.1.00001", **changes: Any) -> AlertEvent:
    place: dict[str, Any] = {"received_at": AT, "partition": 0, "offset": 5}
    return AlertEvent(**({"event_id": event_id, "patient_id": "p1", "step": "onset"} | place | changes))


def test_an_alert_event_lands_once_and_pulses_do_not() -> None:
    pulse = Pulse(writer="alarms", lane="0-11", at=AT, positions={0: 6})
    first, second = event(), event("p1.heart_rate_high.1.00002", step="clear", missing=["consciousness"])
    values = [events.encode(message) for message in (first, pulse, second, first)]
    rows = rows_of(batch(*({"topic": "alerts", "value": value} for value in values)))
    assert [(name, len(table)) for name, table in rows.items() if len(table)] == [("alert_events", 2)]
    assert rows["alert_events"]["event_id"].to_pylist() == [first.event_id, second.event_id]
    assert rows["alert_events"]["missing"].to_pylist() == [[], ["consciousness"]]


def test_an_alert_event_is_announced_when_the_log_first_had_it() -> None:
    value, later = events.encode(event()), AT + timedelta(seconds=2)
    records = ({"topic": "alerts", "value": value, "timestamp": at} for at in (AT, later))
    assert rows_of(batch(*records))["alert_events"]["announced_at"].to_pylist() == [AT]


def test_a_bad_record_of_alerts_goes_to_quarantine_too() -> None:
    rows = rows_of(batch({"topic": "alerts", "value": b"{}"}))
    assert rows["quarantine"]["topic"].to_pylist() == ["alerts"]


def test_bad_records_are_counted_by_rule() -> None:
    assert rules_broken(["JSON is malformed: x", "a record's key is", "JSON is malformed: y"]) == {
        "malformed": 2,
        "wrong_key": 1,
    }


numbers = st.one_of(st.none(), st.floats(-5000, 5000), st.integers(0, 300).map(float))
vitals = st.builds(
    Vitals,
    heart_rate_bpm=numbers,
    spo2_pct=numbers,
    temperature_c=numbers,
    consciousness=st.sampled_from([None, *"ACVPU"]),
    on_oxygen=st.sampled_from([None, True, False]),
)
times = st.integers(0, 10**10).map(lambda us: AT + timedelta(microseconds=us))
patients = st.sampled_from(["p1", "p2", "Zoë"])
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Reading, patient_id=patients, measured_at=times, period_s=st.sampled_from([1.0, 0.3, 60.0, 1e-9]), vitals=vitals
    ),
    st.builds(Finding, patient_id=patients, code=st.just("asystole"), active=st.booleans(), measured_at=times),
    st.builds(
        Limits,
        patient_id=patients,
        version=st.integers(0, 5),
        limits=st.just({"heart_rate_high": [130.0, None]}),
        author=st.just("dr-1"),
        expires_at=times,
    ),
    st.builds(Command, patient_id=patients, action=st.just("acknowledge"), by=st.just("ns-1")),
    st.builds(Admission, patient_id=patients, event=st.sampled_from(["admit", "discharge"]), ward_id=st.just("w1")),
    st.builds(Tick),
)


def shuffled(rows: pa.Table, order: Any) -> pa.Table:
    return rows.take(pa.array(order.sample(range(len(rows)), len(rows)), pa.int64()))


@given(st.lists(messages, max_size=40), st.randoms(use_true_random=False))
def test_what_the_lake_gives_back_equals_what_was_folded_live(sent: list[Message], order: Any) -> None:
    records = batch(
        *(
            {
                "partition": row % 3,
                "timestamp": AT + timedelta(milliseconds=77 * row),
                "key": None if isinstance(message, Tick) else message.patient_id.encode(),
                "value": encode(message),
            }
            for row, message in enumerate(sent)
        )
    ).sort_by([("partition", "ascending"), ("offset", "ascending")])
    rows = rows_of(records)
    if sent:
        assert_equal(log_of(shuffled(rows["readings"], order), shuffled(rows["entries"], order)), live(records))


def test_a_replay_from_the_lake_gives_the_same_events() -> None:
    beats = [80, 130, 130, 130, *[131] * 60, *[80] * 60]
    sent: list[dict[str, Any]] = []
    for second, beat in enumerate(beats):
        at = AT + timedelta(seconds=second)
        message = reading(measured_at=at, vitals=Vitals(heart_rate_bpm=beat, spo2_pct=97.4))
        sent += [{"timestamp": at, "value": encode(message)}, {"timestamp": at, "key": None, "value": encode(Tick())}]
    records = batch(*sent)
    rows = rows_of(records)
    raised = AlarmFold().fold(live(records))
    assert raised
    assert AlarmFold().fold(log_of(rows["readings"], rows["entries"])) == raised
