"""The trend of one vital as a Vega-Lite chart: its line, the limits drawn in, alarms as stretches of colour. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from clinical.vitals import VITALS
from streaming.board import words
from streaming.board.alarm_history import Episode
from streaming.board.history import Floats, Ints
from streaming.board.limits import InForce
from streaming.board.trends import VITAL_OF
from streaming.notify import wording

Spec = dict[str, Any]

HEIGHT: Final = 150
GAP_PARTS: Final = 40  # a line breaks where nothing was measured for a fortieth of the chart
COLOURS: Final = {"high": "#ff4d4d", "medium": "#ffc933", "low": "#43d4e6"}
_LABELS: Final = {vital.name: f"{vital.label}, {wording.UNITS.get(vital.unit, vital.unit)}" for vital in VITALS}


def trend(
    vital: str,
    at_ms: Ints,
    values: Floats,
    limits: Iterable[InForce],
    alarms: Iterable[Episode],
    span: tuple[datetime, datetime],
) -> Spec:
    """Return the chart of one vital over a span of time.

    Parameters
    ----------
    at_ms, values : (n,) arrays
        Ascending times in ms since 1970.
    limits
        Those in force now, of any conditions; of this vital both levels are drawn.
    alarms
        Of any conditions; those of this vital are marked from onset to end.
    """
    begin_ms, end_ms = (int(at.timestamp() * 1000) for at in span)
    x = {
        "field": "t",
        "type": "temporal",
        "title": None,
        "scale": {"domain": [_date(at) for at in span], "type": "utc"},
        "axis": {"format": "%H:%M", "labelOverlap": True},
    }
    y = {"field": "v", "type": "quantitative", "title": None, "scale": {"zero": False}}
    line: Spec = {
        "data": {"values": _points(at_ms, values, (end_ms - begin_ms) // GAP_PARTS)},
        "mark": {"type": "line", "color": "#7fd1ff", "invalid": "break-paths-show-path-domains", "clip": True},
        "encoding": {"x": x, "y": y},
    }
    layers = [line, _alarms(vital, alarms, begin_ms, end_ms), _limits(vital, limits)]
    return {
        "title": {"text": _LABELS[vital], "anchor": "start"},
        "height": HEIGHT,
        "layer": [layer for layer in layers if layer["data"]["values"]],
    }


def _points(at_ms: Ints, values: Floats, gap_ms: int) -> list[Spec]:
    points: list[Spec] = []
    before_ms = None
    for at, value in zip(at_ms.tolist(), values.tolist(), strict=True):
        if before_ms is not None and at - before_ms > gap_ms:
            points.append({"t": before_ms + 1.0, "v": None})
        points.append({"t": float(at), "v": value})  # a whole number would come to the browser as one of 64 bits
        before_ms = at
    return points


def _limits(vital: str, limits: Iterable[InForce]) -> Spec:
    levels = [
        {"v": limit, "level": level}
        for each in limits
        if VITAL_OF[each.condition] == vital
        for level, limit in (("medium", each.medium), ("high", each.high))
    ]
    return {
        "data": {"values": levels},
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": {
            "y": {"field": "v", "type": "quantitative"},
            "color": _by_priority("level"),
            "strokeDash": {"condition": {"test": "datum.level === 'medium'", "value": [6, 4]}, "value": [1, 0]},
        },
    }


def _alarms(vital: str, alarms: Iterable[Episode], begin_ms: int, end_ms: int) -> Spec:
    shown = []
    for each in alarms:
        closed_ms = end_ms if each.closed_at is None else int(each.closed_at.timestamp() * 1000)
        if VITAL_OF.get(each.condition) == vital and closed_ms > begin_ms:
            onset_ms = max(int(each.onset_at.timestamp() * 1000), begin_ms)
            sign = words.SHAPES[each.priority]
            shown.append({"t": float(onset_ms), "end": float(closed_ms), "level": each.priority, "sign": sign})
    return {
        "data": {"values": shown},
        "encoding": {"x": {"field": "t", "type": "temporal"}, "color": _by_priority("level")},
        "layer": [
            {"mark": {"type": "rect", "opacity": 0.3}, "encoding": {"x2": {"field": "end"}}},
            {
                "mark": {"type": "text", "align": "left", "baseline": "top", "fontSize": 14},
                "encoding": {"text": {"field": "sign"}, "y": {"value": 0}},
            },
        ],
    }


def _by_priority(field: str) -> Spec:
    return {
        "field": field,
        "type": "nominal",
        "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
        "legend": None,
    }


def _date(at: datetime) -> Spec:
    """Return a time as Vega-Lite takes it in the domain of a scale, where a number will not do."""
    at = at.astimezone(UTC)
    date = {"year": at.year, "month": at.month, "date": at.day}
    return date | {"hours": at.hour, "minutes": at.minute, "seconds": at.second, "utc": True}


def span_of(now: datetime, hours: float) -> tuple[datetime, datetime]:
    """Return the span that ends now."""
    return datetime.fromtimestamp(now.timestamp() - hours * 3600, UTC), now
