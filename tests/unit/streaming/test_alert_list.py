from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from lakehouse.events import AlertEvent
from streaming.alert_list import AlertList, cells, lines

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(**fields: Any) -> AlertEvent:
    filled: dict[str, Any] = {
        "alert_id": "a", "patient_id": "bidmc-49", "ward_id": "icu", "bed": "3",
        "condition": "spo2_low", "step": "onset", "priority": "high", "value": 84.0, "limit": 85.0,
        "received_at": NOON, "partition": 0, "offset": 7,
    }  # fmt: skip
    sequence = fields.pop("sequence", 0)
    filled["event_id"] = f"{fields.get('alert_id', 'a')}.{sequence:05d}"
    return AlertEvent(**(filled | fields))


def test_an_event_is_told_in_words_and_units() -> None:
    assert cells(event()) == ("bidmc-49", "icu / 3", "SpO2 low", "84 %", "< 85", "high")
    assert cells(event(condition="heart_rate_high", value=131.0, limit=120.0))[3:5] == ("131 /min", "> 120")
    assert cells(event(condition="news2_high", value=7.0, limit=5.0))[3:5] == ("7", ">= 5")
    assert cells(event(condition="consciousness_reduced", value=3, limit=1))[3:5] == ("P", ">= C")


def test_what_has_no_value_or_place_is_a_dash() -> None:
    assert cells(event(condition="no_data", value=None, limit=None, ward_id=None, bed=None)) == (
        "bidmc-49", "- / -", "no data from the monitor", "-", "-", "high",
    )  # fmt: skip


def test_a_repeated_event_is_no_news() -> None:
    alerts = AlertList()
    assert alerts.take(event())
    assert not alerts.take(event())
    assert alerts.raised == 1


def test_an_older_step_that_comes_again_sets_nothing_back() -> None:
    alerts = AlertList()
    steps = [event(), event(step="worsen", sequence=1, offset=8), event(step="clear", sequence=2, offset=9)]
    assert [alerts.take(step) for step in steps] == [True, True, True]
    assert [alerts.take(step) for step in steps] == [False, False, False]
    assert (alerts.raised, alerts.latest["a"].step) == (1, "clear")


def test_an_alert_that_ended_and_went_does_not_come_back() -> None:
    alerts = AlertList()
    steps = [event(), event(step="clear", sequence=1, offset=9)]
    for step in steps:
        alerts.take(step)
    alerts.forget_ended(NOON + timedelta(minutes=1))
    assert not any(alerts.take(step) for step in steps)
    assert not alerts.latest


def test_open_alerts_come_first_then_by_priority_then_the_newest() -> None:
    alerts = AlertList()
    alerts.take(event(alert_id="ended", step="clear"))
    alerts.take(event(alert_id="medium", priority="medium"))
    alerts.take(event(alert_id="old"))
    alerts.take(event(alert_id="new", received_at=NOON + timedelta(seconds=5)))
    assert [shown.alert_id for shown in alerts.shown(10)] == ["new", "old", "medium", "ended"]
    assert len(alerts.shown(2)) == 2


def test_an_ended_alert_goes_after_a_while() -> None:
    alerts = AlertList()
    alerts.take(event())
    alerts.take(event(step="clear", sequence=1, offset=9))
    alerts.forget_ended(NOON + timedelta(seconds=10))
    assert alerts.latest
    alerts.forget_ended(NOON + timedelta(seconds=16))
    assert not alerts.latest


def test_the_table_shows_age_since_the_alert_was_raised() -> None:
    alerts = AlertList()
    alerts.take(event())
    console = Console(width=140, record=True, file=None, quiet=False)
    with console.capture() as shown:
        console.print(alerts.table(NOON + timedelta(seconds=75), 10, "caption"))
    assert "1 min" in shown.get()
    assert "bidmc-49" in shown.get()


def test_a_pipe_gets_one_line_an_event() -> None:
    [line] = lines([event()])
    assert "onset" in line
    assert "84 %" in line
