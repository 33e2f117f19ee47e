"""A field that this version does not know is ignored by the fold, and noticed by the lake."""

from __future__ import annotations

import pytest

from lakehouse.messages import decode, has_unknown_fields

READING = '{"kind":"reading","patient_id":"p1","measured_at":"2026-01-05T12:00:00Z","vitals":{%s}%s}'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (READING % ("", ""), False),
        (READING % ('"spo2_pct":null', ',"v":1'), False),
        (READING % ("", ',"mood":"good"'), True),
        (READING % ('"mood":5', ""), True),
        ('{"kind":"tick"}', False),
        ('{"kind":"tick","at":1}', True),
        ('{"kind":"limits","patient_id":"p1","version":1,"limits":{"any":[1,2]},"author":"dr"}', False),
    ],
)
def test_unknown_fields(value: str, *, expected: bool) -> None:
    decode(value.encode())
    assert has_unknown_fields(value.encode()) is expected


def test_bytes_that_are_no_text_in_an_unknown_field_are_noticed_too() -> None:
    value = b'{"kind":"tick","x":"\xff"}'
    decode(value)
    assert has_unknown_fields(value)
