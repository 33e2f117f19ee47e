"""What travels on the topic `alerts`: one message per alarm event, and the pulse of whoever writes them."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from lakehouse.errors import DecodeError
from lakehouse.messages import Aware

Step: TypeAlias = Literal[
    "onset",
    "worsen",
    "ease",
    "acknowledge",
    "escalate",
    "silence",
    "expire",
    "clear",
    "discharge",
    "transfer",
    "refuse",
]
Priority: TypeAlias = Literal["low", "medium", "high"]

ENDINGS: Final = frozenset[Step]({"clear", "discharge"})  # no step of an alert comes after these


class AlertEvent(Struct, frozen=True, kw_only=True, tag_field="kind", tag="event"):
    """One step in the life of an alert.

    `event_id` and `alert_id` are derived from content, so a repeated event has the same ids. A refused command or
    limits message has step `refuse`, a `reason`, and may belong to no alert. `partition` and `offset` are the place in
    the bedside log of the message that caused the event. Times are UTC, truncated to 0.1 s as the fold sees them.
    """

    event_id: str
    alert_id: str | None = None
    patient_id: str
    ward_id: str | None = None
    bed: str | None = None
    from_ward_id: str | None = None  # of a transfer: where the alert was shown until now
    condition: str | None = None
    step: Step
    priority: Priority | None = None
    value: float | None = None
    limit: float | None = None
    limits_version: int = 0
    onset_at: Aware | None = None
    measured_at: Aware | None = None
    received_at: Aware
    escalation: int = 0
    silenced_until: Aware | None = None
    acknowledged: bool = False
    by: str | None = None
    reason: str | None = None
    missing: list[str] = []  # NEWS2 parameters without a fresh value: the score is a lower bound
    partition: int
    offset: int

    @property
    def sequence(self) -> int:
        """Number of this step among those of its alert, from 0 on; 0 where the event belongs to no alert."""
        return int(self.event_id.rpartition(".")[2]) if self.alert_id is not None else 0


class Pulse(Struct, frozen=True, kw_only=True, tag_field="kind", tag="pulse"):
    """`writer` lives: every entry of the log before `positions` is folded, and its events are in the stores."""

    writer: Literal["alarms", "standby"]
    lane: str  # the partitions it folds, for example "0-11"
    at: Aware
    positions: dict[int, int]  # partition -> next offset
    hops_ms: dict[str, float] = {}  # where the time went since the pulse before, ms a batch on average


AlertMessage: TypeAlias = AlertEvent | Pulse

_decoder: Final = msgspec.json.Decoder(AlertMessage)
_encoder: Final = msgspec.json.Encoder()


def decode(value: bytes) -> AlertMessage:
    """Decode one message of the topic `alerts`.

    Raises
    ------
    DecodeError
        Saying which rule the bytes break.
    """
    try:
        message: AlertMessage = _decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(str(error)) from None
    return message


def encode(message: AlertMessage) -> bytes:
    """Encode one message; `decode` gives it back."""
    return _encoder.encode(message)
