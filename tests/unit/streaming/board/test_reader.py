"""One query per ward and refresh, sooner where something has changed; rows become what the board shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from lakehouse.tables import OPEN_ALERTS_BY_WARD, WARD_BOARD
from streaming.board.changes import Change, Changes
from streaming.board.reader import REFRESH_S, Query, Watched, alerts_of, beds_of, due
from streaming.board.tiles import Bed
from tests.unit.streaming.board.builders import NOW

KEY = {"ward_id": "icu"}


def watched(alerts_read_s: float, beds_read_s: float, asked_s: float = 0.0) -> Watched:
    alerts = Query[Any](OPEN_ALERTS_BY_WARD, KEY, 2.0, list, read_s=alerts_read_s)
    beds = Query[Any](WARD_BOARD, KEY, 10.0, list, changes=False, read_s=beds_read_s)
    return Watched("icu", (alerts, beds), looked_s=0.0, since_ms=0, asked_s=asked_s)


def asked(each: Watched, changed_s: float, now_s: float) -> str | None:
    query = due(each, Change(changed_s, changed_s), now_s)
    return None if query is None else query.table.name


def test_what_was_read_lately_is_not_read_again() -> None:
    assert asked(watched(99, 95), 0, 100) is None


def test_alerts_are_read_every_two_seconds_and_beds_every_ten() -> None:
    assert asked(watched(98, 95), 0, 100) == "open_alerts_by_ward"
    assert asked(watched(99, 89), 0, 100) == "ward_board"


def test_an_event_is_a_reason_to_look_soon_for_its_row_may_come_a_moment_later() -> None:
    assert asked(watched(99, 95), changed_s=99.9, now_s=100) is None
    assert asked(watched(99, 95), changed_s=99.7, now_s=100) == "open_alerts_by_ward"
    assert asked(watched(99.4, 95), changed_s=98.5, now_s=100) == "open_alerts_by_ward"
    assert asked(watched(99, 95), changed_s=90, now_s=100) is None


def test_however_much_is_due_one_query_is_made_in_a_refresh() -> None:
    assert asked(watched(0, 0, asked_s=100 - REFRESH_S / 2), changed_s=99.5, now_s=100) is None


def test_in_a_storm_alerts_are_read_at_each_refresh_and_the_beds_still_have_their_turn() -> None:
    storm, changes = watched(99, 95), Changes()
    made = []
    for tick in range(400):
        now_s = 100 + tick * 0.05
        changes.note(now_s, "icu")
        query = due(storm, changes.of("icu"), now_s)
        if query is not None:
            storm.asked_s = query.read_s = now_s
            made.append(query.table.name)

    assert made.count("ward_board") >= 2
    assert made.count("open_alerts_by_ward") >= 400 * 0.05 / REFRESH_S * 0.8
    assert len(made) <= 400 * 0.05 / REFRESH_S + 1


def document(patient_id: str, bed: str, lane: str, ago: timedelta = timedelta(0)) -> dict[str, Any]:
    beds = (
        f'[{{"patient_id":"{patient_id}","bed":"{bed}","heard_ms":5,"vitals":{{"spo2_pct":[97.0,5]}},'
        '"news2":2,"news2_missing":["oxygen"],"scored_ms":4}]'
    )
    return {"lane": lane, "written_at": NOW - ago, "beds": beds}


def test_of_two_lanes_documents_the_newer_one_says_where_a_patient_lies() -> None:
    rows = [document("p1", "7", "0-1"), document("p1", "2", "0-3", timedelta(hours=1))]
    assert beds_of(rows) == [Bed("p1", "7", 5, {"spo2_pct": (97.0, 5)}, 2, ("oxygen",), 4)]


def test_what_another_split_of_the_lanes_has_left_counts_until_newer_documents_cover_it() -> None:
    left, first = document("moved", "1", "0-3", timedelta(minutes=9)), document("p1", "2", "0-1")
    second = document("p2", "3", "2-3", timedelta(minutes=1))

    assert [bed.patient_id for bed in beds_of([left, first])] == ["p1", "moved"]
    assert [bed.patient_id for bed in beds_of([left, first, second])] == ["p1", "p2"]


def test_the_document_of_a_lane_that_stands_still_counts_however_old_it_is() -> None:
    rows = [document("p1", "1", "0-1"), document("p2", "2", "2-3", timedelta(hours=1))]
    assert [bed.patient_id for bed in beds_of(rows)] == ["p1", "p2"]


def test_an_open_alert_knows_who_acknowledged_it() -> None:
    row = dict.fromkeys(OPEN_ALERTS_BY_WARD.names) | {
        "alert_id": "p1.spo2_low.1", "patient_id": "p1", "ward_id": "icu", "condition": "spo2_low",
        "step": "acknowledge", "priority": "high", "received_at": NOW, "acknowledged": True,
        "acknowledged_by": "n.meier",
    }  # fmt: skip
    (alert,) = alerts_of([row])
    assert (alert.acknowledged, alert.by, alert.escalation) == (True, "n.meier", 0)
