"""What travels on the topic `bedside`: every kind of message, and the only decoder of them.

The speed layer, the standby, landing, rebuild and the offline fold all decode here, so they cannot disagree. A message
is one JSON object, at most ``MAX_MESSAGE_BYTES`` long; `kind` says what it is and `v` is the schema version. Unknown
fields are ignored; anything else that breaks the contract raises `DecodeError`, and its bytes go to quarantine.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, final

import msgspec
from msgspec import Meta, Struct

from lakehouse.errors import DecodeError

MAX_MESSAGE_BYTES: Final = 1_000_000
PatientId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
LONGEST_TEXT: Final = 500  # characters
Text: TypeAlias = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Aware: TypeAlias = Annotated[datetime, Meta(tz=True)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Limit: TypeAlias = Annotated[list[float | None], Meta(min_length=2, max_length=2)]


class Vitals(Struct, frozen=True, omit_defaults=True, gc=False):
    """Values in the units that their names say; None = not measured."""

    heart_rate_bpm: float | None = None
    pulse_rate_bpm: float | None = None
    resp_rate_bpm: float | None = None
    spo2_pct: float | None = None
    sbp_mmhg: float | None = None
    dbp_mmhg: float | None = None
    map_mmhg: float | None = None
    temperature_c: float | None = None
    consciousness: Literal["A", "C", "V", "P", "U"] | None = None
    on_oxygen: bool | None = None


class _Message(Struct, frozen=True, tag_field="kind", kw_only=True):
    v: Literal[1] = 1


class Reading(_Message, tag="reading", kw_only=True, frozen=True, omit_defaults=True, gc=False):
    """What one device measured at one time. `period_s` is how often it does so."""

    patient_id: PatientId
    device_id: Annotated[str, Meta(max_length=64)] = ""
    measured_at: Aware
    period_s: Positive = 1.0
    vitals: Vitals


class Finding(_Message, tag="finding", kw_only=True, frozen=True, omit_defaults=True):
    """An analyser says that a rhythm or another finding has begun (`active`) or ended."""

    patient_id: PatientId
    source: Annotated[str, Meta(max_length=64)] = ""
    code: Annotated[str, Meta(min_length=1, max_length=64)]
    active: bool
    measured_at: Aware
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None


class Limits(_Message, tag="limits", kw_only=True, frozen=True, omit_defaults=True):
    """New limits of a patient: for each condition `[medium, high]`; null = the default of that level.

    `version` grows with each message of the same layer. Author `recalibration` writes the nightly layer; any other
    author is a clinician, whose limits win until `expires_at`.
    """

    patient_id: PatientId
    version: Annotated[int, Meta(ge=0, le=2**53)]
    limits: Annotated[dict[Annotated[str, Meta(max_length=64)], Limit | None], Meta(max_length=200)]
    author: Annotated[str, Meta(min_length=1, max_length=64)]
    reason: Text = ""
    expires_at: Aware | None = None


class Command(_Message, tag="command", kw_only=True, frozen=True, omit_defaults=True):
    """What a person asks of alerts: of one (`alert_id`), or of all that the patient has open."""

    patient_id: PatientId
    action: Literal["acknowledge", "silence", "unsilence"]
    alert_id: Annotated[str, Meta(max_length=200)] | None = None
    by: Annotated[str, Meta(min_length=1, max_length=64)]
    until: Aware | None = None


class Admission(_Message, tag="admission", kw_only=True, frozen=True, omit_defaults=True):
    """Where a patient lies. `spo2_scale` chooses the NEWS2 scale (2 = known hypercapnic respiratory failure)."""

    patient_id: PatientId
    event: Literal["admit", "transfer", "discharge"]
    ward_id: Annotated[str, Meta(max_length=64)] | None = None
    bed: Annotated[str, Meta(max_length=32)] | None = None
    spo2_scale: Literal[1, 2] | None = None


@final
class Tick(_Message, tag="tick", kw_only=True, frozen=True, omit_defaults=True):
    """Time goes on, also where every patient is silent. Written to every partition once a second."""


Message: TypeAlias = Reading | Finding | Limits | Command | Admission | Tick

_decoder: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)
_encoder: Final = msgspec.json.Encoder()


def _strict(kind: Any, **fields: Any) -> Any:
    """Return the same kind of message, where a field that it does not know is an error."""
    return msgspec.defstruct(
        kind.__name__,
        list(fields.items()),
        bases=(kind,),
        tag=kind.__struct_config__.tag,
        tag_field=kind.__struct_config__.tag_field,
        kw_only=True,
        forbid_unknown_fields=True,
    )


_STRICT: Final = (_strict(Reading, vitals=_strict(Vitals)), *map(_strict, (Finding, Limits, Command, Admission, Tick)))
_strict_decoder: Final = msgspec.json.Decoder(Union[_STRICT])  # noqa: UP007  made at run time


def decode(value: bytes | None) -> Message:
    """Decode one message.

    Raises
    ------
    DecodeError
        Saying which rule the bytes break.
    """
    if value is None:
        raise DecodeError("a message has a value; found none")
    if len(value) > MAX_MESSAGE_BYTES:
        raise DecodeError(f"a message has at most {MAX_MESSAGE_BYTES} bytes; found {len(value)}")
    try:
        return _decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(str(error)) from None


def has_unknown_fields(value: bytes) -> bool:
    """Tell whether a message, which `decode` took, has fields that this version does not know."""
    try:
        _strict_decoder.decode(value)
    except msgspec.ValidationError:
        return True
    return False


def encode(message: Message) -> bytes:
    """Encode one message; `decode` gives it back."""
    return _encoder.encode(message)
