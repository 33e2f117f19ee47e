"""Whatever the bytes are: a message, or a DecodeError that says which rule they break. Never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lakehouse.errors import DecodeError
from lakehouse.messages import MAX_MESSAGE_BYTES, Message, decode, encode

VALID: dict[str, dict[str, Any]] = {
    "reading": {
        "kind": "reading", "v": 1, "patient_id": "p1", "device_id": "m1", "measured_at": "2026-03-01T12:00:00.123456Z",
        "period_s": 1.0, "vitals": {"heart_rate_bpm": 80, "spo2_pct": None, "consciousness": "A", "on_oxygen": True},
    },
    "finding": {
        "kind": "finding", "patient_id": "p1", "source": "ecg", "code": "vt", "active": True,
        "measured_at": "2026-03-01T12:00:00Z", "confidence": 0.9,
    },
    "limits": {
        "kind": "limits", "patient_id": "p1", "version": 3, "author": "dr-a", "reason": "rest",
        "limits": {"heart_rate_high": [110, None], "spo2_low": None}, "expires_at": "2026-03-01T12:00:00+01:00",
    },
    "command": {
        "kind": "command", "patient_id": "p1", "action": "silence", "alert_id": "p1.vt.0", "by": "nurse",
        "until": "2026-03-01T12:00:00Z",
    },
    "admission": {
        "kind": "admission", "patient_id": "p1", "event": "transfer", "ward_id": "icu", "bed": "7", "spo2_scale": 2,
    },
    "tick": {"kind": "tick"},
}  # fmt: skip


def decoded(value: bytes) -> Message | None:
    """The message, or None where the bytes are refused; anything else is a failure."""
    try:
        return decode(value)
    except DecodeError:
        return None


def changed(kind: str, /, **changes: Any) -> bytes:
    return json.dumps({**VALID[kind], **changes}).encode()


def without(kind: str, field: str) -> bytes:
    return json.dumps({name: value for name, value in VALID[kind].items() if name != field}).encode()


@pytest.mark.parametrize("kind", sorted(VALID))
def test_a_valid_message_comes_back_from_its_bytes(kind: str) -> None:
    message = decode(changed(kind))
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
@example(b"")
@example(b"\x00")
@example(b"\xff\xfe{}")
@example(b'\xef\xbb\xbf{"kind":"tick"}')
def test_random_bytes(value: bytes) -> None:
    assert decoded(value) is None


@given(st.sampled_from(sorted(VALID)), st.data())
def test_a_valid_message_with_some_bytes_changed(kind: str, data: st.DataObject) -> None:
    value = bytearray(changed(kind))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(value) - 1))
        value[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not value:
            break
    message = decoded(bytes(value))
    if message is not None:
        assert decoded(encode(message)) == message


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(VALID)), st.data())
def test_a_valid_message_with_a_field_of_any_type(kind: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(VALID[kind])))
    decoded(changed(kind, **{field: data.draw(anything)}))


@given(anything)
def test_any_json(value: object) -> None:
    assert decoded(json.dumps(value).encode()) is None


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("reading", "patient_id"), ("reading", "measured_at"), ("reading", "vitals"), ("finding", "patient_id"),
        ("finding", "code"), ("finding", "active"), ("finding", "measured_at"), ("limits", "patient_id"),
        ("limits", "version"), ("limits", "limits"), ("limits", "author"), ("command", "patient_id"),
        ("command", "action"), ("command", "by"), ("admission", "patient_id"), ("admission", "event"), ("tick", "kind"),
    ],
)  # fmt: skip
def test_a_required_field_is_missing(kind: str, field: str) -> None:
    with pytest.raises(DecodeError, match=f"missing required field `{field}`"):
        decode(without(kind, field))


@pytest.mark.parametrize("patient_id", ["", "x" * 65, 7, None, ["p1"], {"id": "p1"}])
def test_a_patient_id_that_is_none(patient_id: object) -> None:
    with pytest.raises(DecodeError, match="patient_id"):
        decode(changed("reading", patient_id=patient_id))


@pytest.mark.parametrize("kind", ["", "readings", "Reading", "event", "pulse", None, 1, []])
def test_an_unknown_kind(kind: object) -> None:
    with pytest.raises(DecodeError, match="kind"):
        decode(changed("tick", kind=kind))


def test_an_unknown_version() -> None:
    with pytest.raises(DecodeError, match="v`"):
        decode(changed("reading", v=2))


@pytest.mark.parametrize(
    "measured_at",
    [
        "", "yesterday", "2026-03-01", "2026-03-01T12:00:00", "2026-02-30T12:00:00Z", "2026-13-01T12:00:00Z",
        "2026-03-01T25:00:00Z", "2026-03-01T12:00:60Z", "0000-01-01T00:00:00Z", "12026-03-01T12:00:00Z",
        "-2026-03-01T12:00:00Z", "2026-03-01T12:00:00+25:00", 1772366400, 1.7e9, None, True, {},
    ],
)  # fmt: skip
def test_an_impossible_timestamp(measured_at: object) -> None:
    with pytest.raises(DecodeError, match="measured_at"):
        decode(changed("reading", measured_at=measured_at))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("reading", "period_s", 0),
        ("reading", "period_s", -1),
        ("reading", "period_s", 86_401),
        ("reading", "period_s", None),
        ("reading", "period_s", "1"),
        ("reading", "vitals", None),
        ("reading", "vitals", []),
        ("reading", "vitals", {"heart_rate_bpm": "80"}),
        ("reading", "vitals", {"heart_rate_bpm": True}),
        ("reading", "vitals", {"heart_rate_bpm": [80]}),
        ("reading", "vitals", {"consciousness": "X"}),
        ("reading", "vitals", {"consciousness": "a"}),
        ("reading", "vitals", {"on_oxygen": 1}),
        ("finding", "active", 1),
        ("finding", "confidence", 1.1),
        ("limits", "version", -1),
        ("limits", "version", 1.5),
        ("limits", "version", 2**53 + 1),
        ("limits", "version", 10**30),
        ("limits", "limits", {"heart_rate_high": [1]}),
        ("limits", "limits", {"heart_rate_high": [1, 2, 3]}),
        ("limits", "limits", {"heart_rate_high": ["1", 2]}),
        ("limits", "limits", {"heart_rate_high": 120}),
        ("command", "action", "reboot"),
        ("admission", "event", "leave"),
        ("admission", "spo2_scale", 3),
    ],
)
def test_a_field_of_a_wrong_type_or_out_of_range(kind: str, field: str, value: object) -> None:
    with pytest.raises(DecodeError, match=field):
        decode(changed(kind, **{field: value}))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "0x10", "01", "+1", "1."])
def test_what_is_no_number_of_json(number: str) -> None:
    text = '{"kind":"reading","patient_id":"p","measured_at":"2026-03-01T12:00:00Z","vitals":{"heart_rate_bpm":%s}}'
    with pytest.raises(DecodeError):
        decode((text % number).encode())


def test_a_message_of_five_megabytes() -> None:
    with pytest.raises(DecodeError, match=str(MAX_MESSAGE_BYTES)):
        decode(changed("reading", note="x" * 5_000_000))


@pytest.mark.parametrize("value", [b'"\xff\xfe"', b'"\xed\xa0\x80"', rb'"\ud800"', rb'"\udc00"', rb'"\ud800\u0041"'])
def test_text_that_is_no_unicode(value: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(b'{"kind":"admission","event":"admit","patient_id":%s}' % value)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
@pytest.mark.parametrize("depth", [1_000, 400_000])
@pytest.mark.parametrize("is_closed", [True, False])
def test_deep_json(opening: bytes, closing: bytes, depth: int, is_closed: bool) -> None:
    deep = opening * depth + (b"1" + closing * depth) * is_closed
    for value in (deep, b'{"kind":"tick","more":' + deep[:900_000] + b"}"):
        decoded(value)
    assert decoded(b'{"kind":"reading","patient_id":' + deep[:900_000] + b"}") is None


def test_no_value_at_all() -> None:
    """A record that only has a key: how Kafka marks a deletion, of which this log has none."""
    with pytest.raises(DecodeError, match="found none"):
        decode(None)


@pytest.mark.parametrize("kind", sorted(VALID))
def test_unknown_fields_are_ignored(kind: str) -> None:
    assert decode(changed(kind, later={"than": ["this", 1]})) == decode(changed(kind))
