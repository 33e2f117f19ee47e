"""Superset in a browser: how long until each dashboard is drawn, cold and warm, and what memory it holds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any, Final

import yaml
from dotenv import dotenv_values
from PIL import Image
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from bench.browser import chromium
from bench.hospital import invented
from bench.live import ROOT, launcher, processes, resident_mb, supervisor
from bench.report import Report
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings

ASSETS: Final = ROOT / "superset" / "assets"
DAYS: Final = 30
WARM_DRAWS: Final = 3
# Superset draws what can be seen; a page this high shows all of each dashboard.
SCREEN: Final = ViewportSize(width=1440, height=2700)
PATIENCE_MS: Final = 120_000


def run(_seconds: int) -> Report:
    """Draw each dashboard in Chromium as the manager, first in a new browser, then again."""
    with (
        reports_stack() as settings,
        Marts(settings, Service.BATCH) as marts,
        invented(marts, datetime.now(UTC).date(), DAYS),  # what a real night has written is drawn instead
        contexts() as new_context,
    ):
        supervisor(settings, "restart", "superset")
        launcher("up", "superset")
        rows, figures = [], {}
        url, password = settings.superset_url, manager_password(settings)
        for name in dashboards():
            context = new_context()
            page = context.new_page()
            log_in(page, url, "manager", password)
            cold_s, *warm_s = [draw(page, url, name) for _ in range(1 + WARM_DRAWS)]
            context.close()
            rows.append((name, f"{cold_s:.1f}", f"{median(warm_s):.1f}", f"{max(warm_s):.1f}"))
            figures[name.replace("-", "_") + "_warm_s"] = round(median(warm_s), 2)
        memory_mb = resident_mb()["superset"]
    return Report(
        title=f"Superset's dashboards over {DAYS} days of 56 patients, until the last chart is drawn",
        columns=("dashboard", "cold, s", "warm, median s", "warm, longest s"),
        rows=rows,
        figures=figures | {"superset_mb": round(memory_mb)},
        notes=(
            "cold: the first dashboard of a browser that has shown the login and the list, with Superset just started.",
            f"warm: the {WARM_DRAWS} draws after it. Chromium and Superset share the machine's cores.",
            f"Superset's processes hold {memory_mb:.0f} MB then (PSS); target: 5 s warm.",
        ),
    )


def dashboards() -> dict[str, dict[str, Any]]:
    """Return each dashboard of the assets by its slug."""
    found = [yaml.safe_load(path.read_text("utf-8")) for path in sorted((ASSETS / "dashboards").glob("*.yaml"))]
    return {each["slug"]: each for each in found}


def charts_of(dashboard: dict[str, Any]) -> list[str]:
    """Return the names of the charts that lie on a dashboard."""
    nodes = [node for node in dashboard["position"].values() if isinstance(node, dict)]
    return [node["meta"]["sliceName"] for node in nodes if node["type"] == "CHART"]


def manager_password(settings: Settings) -> str:
    """Return the generated password of the user `manager`."""
    return str(dotenv_values(settings.run / "wardwatch.env")["WARDWATCH_STACK__SUPERSET_MANAGER_PASSWORD"])


@contextmanager
def reports_stack() -> Iterator[Settings]:
    """Give the settings of a stack with Superset; what was not running is ended afterwards."""
    was_running = {name for name, row in processes().items() if row["pid"]}
    launcher("up", "kafka", "cassandra", "hdfs", "postgres", "mail", "init", "superset")
    settings = Settings.load()
    try:
        yield settings
    finally:
        if not was_running:
            launcher("down")
        elif "superset" not in was_running:
            supervisor(settings, "stop", "superset")


@contextmanager
def contexts() -> Iterator[Callable[[], BrowserContext]]:
    """Give a function that opens a new, empty context of a headless Chromium."""
    with chromium() as browser:

        def new_context() -> BrowserContext:
            context = browser.new_context(viewport=SCREEN, timezone_id="UTC", locale="en-GB")
            context.set_default_timeout(PATIENCE_MS)
            return context

        yield new_context


def log_in(page: Page, url: str, user: str, password: str) -> None:
    """Log in at Superset's page, and wait for what it shows first."""
    page.goto(f"{url}/login/")
    page.fill("#username", user)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile("/dashboard/list/"))


def draw(page: Page, url: str, slug: str) -> float:
    """Open a dashboard and wait until each of its charts is drawn. Returns how long that took, in s."""
    began = time.monotonic()
    page.goto(f"{url}/superset/dashboard/{slug}/", wait_until="commit")
    expect(drawn(page)).to_have_count(len(charts_of(dashboards()[slug])), timeout=PATIENCE_MS)
    return time.monotonic() - began


def drawn(page: Page) -> Any:
    """Return the charts that show something: lines, bars, rows or a number."""
    content = page.locator("canvas, table tbody tr, .header-line")
    loading = page.locator(".loading")
    return page.locator(".dashboard-component-chart-holder").filter(has=content).filter(has_not=loading)


def screenshot(page: Page, path: Path) -> None:
    """Keep the picture of a drawn dashboard, cut to its height, as a PNG of few colours."""
    page.wait_for_timeout(1500)  # charts grow into place
    last = page.locator(".dashboard-component-chart-holder").last.bounding_box()
    if last is None:
        raise RuntimeError("a drawn dashboard has a last chart; found none; draw it first")
    height = last["y"] + last["height"] + 16
    picture = page.screenshot(clip={"x": 0, "y": 0, "width": SCREEN["width"], "height": height})
    Image.open(BytesIO(picture)).convert("RGB").quantize(128).save(path, optimize=True)
