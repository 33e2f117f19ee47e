"""An alert event as a row: of Cassandra's `alert_events`, and of the lake's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import pyarrow as pa

from lakehouse.events import AlertEvent
from lakehouse.render import arrow_schema
from lakehouse.tables import ALERT_EVENTS, LAKE_ALERT_EVENTS, REFUSED

_FIELDS: Final = tuple(name for name in AlertEvent.__struct_fields__ if name in ALERT_EVENTS.names)


def event_row(event: AlertEvent) -> dict[str, Any]:
    """Return the row of Cassandra's `alert_events`: what the event does not say is left out, and costs nothing."""
    row = {name: value for name in _FIELDS if (value := getattr(event, name)) is not None and value != []}
    return row | {"alert_id": event.alert_id or REFUSED}


def event_rows(events: Iterable[AlertEvent]) -> pa.Table:
    """Return the rows of the lake's `alert_events`, all columns but `landed_date`; `announced_at` is not known."""
    schema = arrow_schema(LAKE_ALERT_EVENTS)
    schema = schema.remove(schema.get_field_index(LAKE_ALERT_EVENTS.partition_by)).remove_metadata()
    return pa.Table.from_pylist(list(map(msgspec.structs.asdict, events)), schema=schema)
