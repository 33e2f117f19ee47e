"""The HTML says priority in three ways, marks what is old, and lets nothing through that others have written."""

from __future__ import annotations

from lakehouse.events import Priority
from streaming.board import markup
from streaming.board.history import History
from streaming.board.tiles import Bed, Tile, tiles
from streaming.board.trends import Trends
from tests.unit.streaming.board.builders import NOW_MS, alert, readings


def one(bed: Bed, *alerts: object) -> Tile:
    history = History()
    history.take(readings((bed.patient_id, 3, {"heart_rate_bpm": 82}), (bed.patient_id, 40, {"spo2_pct": 97})))
    (tile,) = tiles([bed], alerts, history.latest, Trends(history.course).of, NOW_MS)  # type: ignore[arg-type]
    return tile


def test_priority_is_told_by_class_shape_and_word() -> None:
    said: tuple[tuple[Priority, str], ...] = (("high", "▲ HIGH"), ("medium", "◆ MEDIUM"), ("low", "● LOW"))
    for priority, shape_and_word in said:
        html = markup.tile(one(Bed("p1", "7"), alert(priority)), NOW_MS)
        assert f'class="tile {priority}"' in html
        assert shape_and_word in html


def test_a_live_value_is_plain_and_an_old_one_carries_its_age() -> None:
    html = markup.tile(one(Bed("p1", "7")), NOW_MS)

    assert '<span class="value" data-vital="heart_rate_bpm">82<i></i></span>' in html
    assert '<span class="value old" data-vital="spo2_pct">97<small>40 s</small></span>' in html
    assert '<span class="value gone" data-vital="resp_rate_bpm">–</span>' in html


def test_an_old_score_is_grey_and_carries_its_age() -> None:
    live = markup.tile(one(Bed("p1", "7", news2=7, scored_ms=NOW_MS - 20_000)), NOW_MS)
    measured = {"heart_rate_bpm": (82.0, NOW_MS - 600_000)}
    old = markup.tile(one(Bed("p1", "7", vitals=measured, news2=7, scored_ms=NOW_MS - 600_000)), NOW_MS)

    assert '<span class="score">NEWS2 7</span>' in live
    assert '<span class="score old">NEWS2 7 <small>10 min</small></span>' in old


def test_an_acknowledged_alarm_has_no_button_and_says_who_has_seen_it() -> None:
    asks = markup.tile(one(Bed("p1", "7"), alert()), NOW_MS)
    seen = markup.tile(one(Bed("p1", "7"), alert(acknowledged=True, by="n.meier")), NOW_MS)

    assert 'data-act="acknowledge:p1.spo2_low.1"' in asks
    assert "acknowledge:" not in seen
    assert "✓ n.meier" in seen
    assert "tile high answered" in seen


def test_more_alarms_than_fit_are_counted() -> None:
    conditions = ("spo2_low", "heart_rate_high", "sbp_low", "resp_rate_high")
    html = markup.tile(one(Bed("p1", "7"), *(alert(condition=each) for each in conditions)), NOW_MS)
    assert "+2" in html


def test_what_other_systems_write_is_text_and_nothing_else() -> None:
    evil = '"><script>alert(1)</script>'
    tile = one(Bed(evil, evil), alert(patient_id=evil, acknowledged=True, by=evil))

    for html in (
        markup.ward(evil, [tile], [], NOW_MS),
        markup.patient(tile, evil, [evil], NOW_MS),
        markup.table([evil], [[evil]]),
    ):
        assert "<script" not in html


def test_a_late_page_says_so_before_everything_else() -> None:
    html = markup.ward("icu", [], ["ALARMS ARE LATE."], NOW_MS)

    assert html.startswith('<div class="page late"><div class="banner" role="alert">')
    assert markup.banner([]) == ""
