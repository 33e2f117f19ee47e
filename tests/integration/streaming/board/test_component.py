"""The component of the board's pages in a real browser, without Streamlit: its script, its style, a full ward."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from lakehouse.events import AlertEvent
from streaming.board import markup
from streaming.board.history import History
from streaming.board.tiles import Bed, tiles
from streaming.board.trends import Trends
from tests.browser import HEIGHT, WIDTH, browser, page
from tests.unit.streaming.board.builders import NOW_MS, alert, readings

__all__ = ["browser", "page"]

HERE = Path(markup.__file__).parent
SCRIPT = base64.b64encode((HERE / "screen.js").read_bytes()).decode()
# As Streamlit mounts it: markup and style in a shadow root, the script called again with each drawing.
MOUNT = """async ([script, style]) => {
  const timers = new Set();
  const [set, clear] = [window.setInterval, window.clearInterval];
  window.setInterval = (...given) => { const timer = set(...given); timers.add(timer); return timer; };
  window.clearInterval = (timer) => { timers.delete(timer); clear(timer); };
  window.timers = timers;
  document.body.style.margin = 0;
  const host = document.body.appendChild(document.createElement("div"));
  const shadow = host.attachShadow({mode: "open"});
  const root = '<div class="root"><div class="connection"></div><div class="place"></div></div>';
  shadow.innerHTML = `<style>${style}</style>${root}`;
  const draw = (await import(`data:text/javascript;base64,${script}`)).default;
  window.acts = [];
  window.draw = (data) => {
    window.leave = draw({data, parentElement: shadow, setTriggerValue: (_, act) => window.acts.push(act)});
  };
}"""


@pytest.fixture
def screen(page: Page) -> Page:
    page.goto("about:blank")
    page.evaluate(MOUNT, [SCRIPT, (HERE / "screen.css").read_text()])
    return page


def draw(screen: Page, html: str, late_after_ms: int = 60_000) -> None:
    data = json.dumps({"html": html, "may_answer": True, "late_after_ms": late_after_ms})
    screen.evaluate(f"window.draw({data})")


def ward(beds: int, faults: list[str] | None = None) -> str:
    """Return a ward whose every tile is as full as it can be."""
    history = History()
    vitals = {
        "heart_rate_bpm": 188, "spo2_pct": 100, "resp_rate_bpm": 38, "sbp_mmhg": 188, "dbp_mmhg": 108,
        "temperature_c": 38.8,
    }  # fmt: skip
    names = [f"patient-{number}" for number in range(beds)]
    for ago_s in range(1800, 0, -30):
        history.take(readings(*((name, ago_s, vitals) for name in names)))
    history.take(readings(*((name, 1, vitals) for name in names)))
    missing = ("oxygen", "consciousness")
    occupied = [
        Bed(name, f"{n + 1}", news2=18, news2_missing=missing, scored_ms=NOW_MS) for n, name in enumerate(names)
    ]
    open_: list[AlertEvent] = [
        alert("high", condition, name, value=188.0, limit=120.0)
        for name in names
        for condition in ("heart_rate_high", "sbp_high", "no_data", "signal_lost_spo2_pct")
    ]
    shown = tiles(occupied, open_, history.latest, Trends(history.course).of, NOW_MS)
    return markup.ward("icu", shown, faults or [], NOW_MS)


def test_however_often_a_screen_is_drawn_it_has_one_timer_and_none_when_it_is_left(screen: Page) -> None:
    for _ in range(5):
        draw(screen, ward(1))
    assert screen.evaluate("window.timers.size") == 1
    screen.evaluate("window.leave()")
    assert screen.evaluate("window.timers.size") == 0


BUTTON: dict[str, Any] = {"has_text": "✓"}


def test_only_the_first_button_and_a_fresh_key_are_a_click(screen: Page) -> None:
    draw(screen, ward(1))
    button = screen.locator("button", **BUTTON).first
    for which in ("right", "middle"):
        button.click(button=which)
    assert screen.evaluate("window.acts") == []

    button.click()
    button.focus()
    screen.keyboard.press("Space")
    screen.keyboard.down("Enter")
    screen.keyboard.down("Enter")  # held
    screen.keyboard.up("Enter")
    assert screen.evaluate("window.acts") == ["acknowledge:patient-0.heart_rate_high.1"] * 3


def test_forty_full_beds_fit_the_screen_and_each_tile_holds_what_is_on_it(screen: Page) -> None:
    draw(screen, ward(40))
    boxes = [tile.bounding_box() for tile in screen.locator(".tile").all()]
    assert len(boxes) == 40
    for box in boxes:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= WIDTH
        assert box["y"] + box["height"] <= HEIGHT
    cut_off = "all => all.filter(each => each.scrollHeight > each.clientHeight + 1).map(each => each.className)"
    assert screen.locator(".tile, .tile > :not(.large)").evaluate_all(cut_off) == []
    # A line of digits is as high as its letters; what a font keeps for other signs may be cut off.
    height = "each.parentElement.getBoundingClientRect().height"
    is_higher = f"each => parseFloat(getComputedStyle(each).fontSize) > {height} + 1"
    assert screen.locator(".large > .value").evaluate_all(f"all => all.filter({is_higher}).length") == 0
    assert screen.evaluate("document.documentElement.scrollHeight") <= HEIGHT


STRUCK = (".value", ".score", ".age", ".counts", ".alarm span", ".technical")


def struck(screen: Page) -> set[str]:
    """Return the kinds of numbers that are struck through."""
    seen = "each => getComputedStyle(each).textDecorationLine === 'line-through'"
    return {kind for kind in STRUCK if screen.locator(kind).first.evaluate(seen)}


def is_stale(screen: Page) -> bool:
    found: bool = screen.evaluate("document.documentElement.classList.contains('stale')")
    return found


def test_on_a_late_page_every_number_is_struck_through_also_below_the_component(screen: Page) -> None:
    draw(screen, ward(1))
    assert (struck(screen), is_stale(screen)) == (set(), False)
    draw(screen, ward(1, ["ALARMS ARE LATE."]))
    assert (struck(screen), is_stale(screen)) == ({*STRUCK}, True)
    draw(screen, ward(1))
    assert is_stale(screen) is False


def test_a_screen_that_gets_nothing_marks_everything_by_itself(screen: Page) -> None:
    draw(screen, ward(1), late_after_ms=100)
    screen.wait_for_function("document.documentElement.classList.contains('stale')")
    assert struck(screen) == {*STRUCK}
    screen.evaluate("window.leave()")
    assert is_stale(screen) is False


def test_the_banner_of_a_patients_page_stays_in_sight_and_covers_nothing_of_the_head(screen: Page) -> None:
    (tile,) = tiles([Bed("p1", "1")], [], lambda _: None, Trends(History().course).of, NOW_MS)
    draw(screen, markup.patient(tile, "icu", ["ALARMS ARE LATE.", "NO READINGS ARRIVE."], NOW_MS))
    banner, header = (screen.locator(kind).bounding_box() for kind in (".banner", "header"))
    assert banner is not None
    assert header is not None
    assert header["y"] >= banner["y"] + banner["height"] - 1

    screen.evaluate("document.body.style.height = '5000px'; window.scrollTo(0, 3000)")
    scrolled = screen.locator(".banner").bounding_box()
    assert scrolled is not None
    assert scrolled["y"] == 0
