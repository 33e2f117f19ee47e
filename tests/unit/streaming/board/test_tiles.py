"""Which tiles there are, in which order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lakehouse.events import AlertEvent, Priority
from streaming.board.freshness import Freshness
from streaming.board.history import History
from streaming.board.tiles import Bed, Stay, Tile, grid, occupied, tiles
from streaming.board.trends import Trends
from tests.unit.streaming.board.builders import NOW, NOW_MS, alert, readings


def shown(beds: list[Bed], alerts: list[AlertEvent] | None = None, history: History | None = None) -> list[Tile]:
    history = history or History()
    return tiles(beds, alerts or [], history.latest, Trends(history.course).of, NOW_MS)


def order(*beds: tuple[str, list[AlertEvent], int | None]) -> list[str]:
    """Return patients in the order of their tiles, given (patient, alerts, NEWS2)."""
    all_alerts = [each for _, alerts, _ in beds for each in alerts]
    return [
        tile.patient_id
        for tile in shown([Bed(name, "1", news2=score, scored_ms=NOW_MS) for name, _, score in beds], all_alerts)
    ]


def of(patient_id: str, priority: Priority, **more: Any) -> list[AlertEvent]:
    return [alert(priority, patient_id=patient_id, **more)]


def test_the_worst_stands_first() -> None:
    assert order(
        ("calm", [], 1),
        ("technical", of("technical", "low", condition="no_data"), 1),
        ("medium", of("medium", "medium"), 3),
        ("scored", [], 6),
        ("high", of("high", "high"), 0),
        ("seen", of("seen", "high", acknowledged=True), 9),
        ("silenced", of("silenced", "medium", silenced_until=NOW + timedelta(minutes=5)), 9),
    ) == ["high", "medium", "seen", "silenced", "scored", "technical", "calm"]


def test_a_technical_alert_never_stands_before_a_clinical_one() -> None:
    assert order(
        ("technical", of("technical", "medium", condition="signal_lost_spo2_pct"), None),
        ("clinical", of("clinical", "medium"), None),
    ) == ["clinical", "technical"]


def test_beds_that_are_alike_stand_in_the_order_of_their_numbers() -> None:
    beds = [Bed(f"p{bed}", bed) for bed in ("10", "A2", "2", "A10")]
    assert [tile.bed for tile in shown(beds)] == ["2", "10", "A2", "A10"]


def test_a_tile_tells_clinical_from_technical_and_takes_the_worst_unanswered_priority() -> None:
    (tile,) = shown(
        [Bed("p1", "1")],
        [
            alert("high", "spo2_low", acknowledged=True, by="n.meier"),
            alert("medium", "heart_rate_high"),
            alert("low", "signal_lost_sbp_mmhg"),
        ],
    )

    assert [each.condition for each in tile.clinical] == ["heart_rate_high", "spo2_low"]
    assert [each.condition for each in tile.technical] == ["signal_lost_sbp_mmhg"]
    assert tile.priority == "medium"


def test_an_alert_of_a_patient_who_is_not_listed_has_a_tile_of_its_own() -> None:
    (tile,) = shown([], [alert(patient_id="new", bed="7")])
    assert (tile.patient_id, tile.bed, tile.priority) == ("new", "7", "high")


def test_of_log_and_store_the_newer_value_is_shown() -> None:
    history = History()
    history.take(readings(("p1", 2, {"heart_rate_bpm": 82})))
    stored = {"heart_rate_bpm": (70.0, NOW_MS - 8_000), "temperature_c": (37.5, NOW_MS - 7_200_000)}
    (tile,) = shown([Bed("p1", "1", vitals=stored)], history=history)

    assert (tile.vitals["heart_rate_bpm"].value, tile.vitals["heart_rate_bpm"].freshness) == (82, Freshness.LIVE)
    assert (tile.vitals["temperature_c"].value, tile.vitals["temperature_c"].freshness) == (37.5, Freshness.OLD)
    assert tile.heard_ms == NOW_MS - 2_000


def test_a_charted_value_lends_no_life_to_the_last_one_of_the_monitor() -> None:
    history = History()
    history.take(readings(("p1", 300, {"heart_rate_bpm": 82})))
    history.take(readings(("p1", 5, {"temperature_c": 37.5}), period_s=3600))
    (tile,) = shown([Bed("p1", "1")], history=history)

    assert tile.vitals["heart_rate_bpm"].freshness is Freshness.OLD


def test_readings_that_come_late_are_as_old_as_their_device_says() -> None:
    history = History()
    history.take(readings(("p1", 300, {"heart_rate_bpm": 82})))
    (tile,) = shown([Bed("p1", "1", heard_ms=NOW_MS - 300_000)], history=history)

    assert tile.heard_ms == NOW_MS - 300_000


def test_a_score_whose_values_count_no_more_is_neither_shown_nor_sorted_by() -> None:
    vitals = {"heart_rate_bpm": (130.0, NOW_MS - 3700_000)}
    left = Bed("left", "2", vitals=vitals, news2=7, scored_ms=NOW_MS - 3700_000)
    scored = Bed("scored", "9", news2=3, scored_ms=NOW_MS)

    assert [(tile.patient_id, tile.news2) for tile in shown([left, scored])] == [("scored", 3), ("left", None)]


def test_who_was_admitted_since_is_there_and_who_left_is_not() -> None:
    stays = {
        "came": Stay("icu", "3"),
        "moved in": Stay("icu", "4"),
        "moved": Stay("ward-a", "1"),
        "gone": Stay(None, None, NOW_MS),
    }
    beds = [Bed("was there", "1"), Bed("moved in", "9", news2=3), Bed("moved", "2"), Bed("gone", "5")]

    assert occupied("icu", beds, stays) == [Bed("was there", "1"), Bed("moved in", "4", news2=3), Bed("came", "3")]


@pytest.mark.parametrize("count", [0, 1, 8, 9, 24, 40, 61])
def test_all_tiles_fit_one_screen(count: int) -> None:
    columns, rows = grid(count)
    assert columns * rows >= count


def test_forty_beds_are_eight_by_five() -> None:
    assert grid(40) == (8, 5)
