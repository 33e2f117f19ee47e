"""The ward board in a real browser: how soon it shows what happens, and what twenty open boards cost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Final, NamedTuple

import numpy as np
import psutil
from playwright.sync_api import BrowserContext, Page, expect

from bench.board_probe import COUNT, WARD, measure
from bench.browser import chromium
from bench.live import live_stack, processes, resident_mb, simulated
from bench.report import Report
from lakehouse.settings import Settings
from streaming.bedside.census import wards_of
from streaming.board.login import ALL_WARDS, FILE, Role, Users

PATIENTS: Final = 10_000
ALERTS_PER_S: Final = 1.0
SETTLE_S: Final = 60
BOARDS: Final = 20
USER: Final = "bench"
# Each board stands for a screen of its own: none may be slowed down for lying behind another.
ALL_IN_FRONT: Final = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)


class Cost(NamedTuple):
    """What a process used over a while."""

    cores: float
    memory_mb: float

    def cells(self) -> tuple[str, str]:
        """Return the cost as text."""
        return f"{100 * self.cores:.0f} % of a core", f"{self.memory_mb:.0f} MB"


def run(seconds: int, patients: int = PATIENTS) -> Report:
    """Measure one board for `seconds` while so many patients are simulated, then the cost of none and of twenty."""
    with (
        live_stack() as settings,
        simulated(settings, patients, ALERTS_PER_S),
        chromium(*ALL_IN_FRONT) as browser,
        user(settings) as password,
    ):
        time.sleep(SETTLE_S)
        alone = board_cost(seconds // 2)
        with browser.new_context(viewport={"width": 1920, "height": 1080}) as context:
            latencies = measure(settings, open_board(context, settings, WARD, password), seconds)
            wards = islice(cycle(wards_of(settings.care_teams)), BOARDS - 1)
            pages = [open_board(context, settings, ward_id, password) for ward_id in wards]
            for page in pages:
                page.evaluate(COUNT)
            counted_s = time.monotonic()
            twenty = board_cost(seconds // 2)
            drawn = sum(int(page.evaluate("window.drawn")) for page in pages)
            refreshes_per_s = drawn / len(pages) / (time.monotonic() - counted_s)
            tiles = sum(page.locator(".ward .tile").count() for page in pages)
    rows = {
        "reading at the broker -> tile": latencies.reading_to_tile,
        "alarm in `alerts` -> tile": latencies.alarm_to_tile,
        "click -> command in the log": latencies.click_to_log,
        "click -> command in the log -> tile": latencies.click_to_tile,
    }
    figures = {
        f"{name}_{label}_ms": round(float(np.percentile(values, percent)))
        for name, values in vars(latencies).items()
        for label, percent in (("p50", 50), ("p95", 95))
    }
    costs = {
        "no board open": alone,
        f"{BOARDS} boards open, {tiles} tiles, each drawn {refreshes_per_s:.2f} times a second": twenty,
    }
    return Report(
        title=f"Ward board, {patients:,} patients at 1 Hz, {ALERTS_PER_S:g} alert/s, one browser",
        columns=("from - to", "measured", "p50 ms", "p95", "max"),
        rows=[
            (what, f"{len(ms)}", *(f"{value:.0f}" for value in np.percentile(ms, [50, 95, 100])))
            for what, ms in rows.items()
        ],
        figures=figures
        | {
            "patients": patients,
            "boards": BOARDS,
            "refreshes_per_s": round(refreshes_per_s, 2),
            "cores": round(twenty.cores, 2),
            "mb": round(twenty.memory_mb),
        },
        notes=(
            "When a tile shows something is noted by the browser itself; the page refreshes once a second.",
            "A reading counts from before it is handed to the producer, an alarm from its append to `alerts`.",
            *(f"Board process, {what}: {', '.join(cost.cells())}." for what, cost in costs.items()),
            "Stack, load generator, browser and benchmark share the cores; board, stores and load run with nice 10.",
        ),
    )


@contextmanager
def user(settings: Settings) -> Iterator[str]:
    """Have a user who may see and do everything while the block lasts; yields the password."""
    users = Users(settings.board.users or settings.run / FILE)
    password = secrets.token_hex(16)
    users.put(USER, Role.PHYSICIAN, (ALL_WARDS,), password)
    try:
        yield password
    finally:
        users.remove(USER)


def open_board(context: BrowserContext, settings: Settings, ward_id: str, password: str) -> Page:
    """Open a ward in a page of its own, signed in."""
    page = context.new_page()
    page.goto(f"{settings.board.url}/?ward={ward_id}")
    page.get_by_label("Name").fill(USER)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".ward")).to_be_visible(timeout=60_000)
    return page


def board_cost(seconds: int) -> Cost:
    """Return what the board's process uses, over so many seconds."""
    process = psutil.Process(processes()["board"]["pid"])
    process.cpu_percent()
    time.sleep(seconds)
    return Cost(process.cpu_percent() / 100, resident_mb()["board"])
