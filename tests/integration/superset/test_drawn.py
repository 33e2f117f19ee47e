"""The dashboards as a manager sees them: in Chromium, with every chart drawn, and nothing from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from bench.hospital import WARDS
from bench.superset import contexts, dashboards, draw, drawn, log_in, screenshot
from tests.integration.superset.conftest import DAYS
from tests.local_stack import ROOT
from tests.superset_client import Superset

PATIENCE_MS = 90_000
PICTURES = ROOT / "docs" / "images"


@pytest.fixture(scope="module")
def page(superset: Superset) -> Iterator[Page]:
    with contexts() as new_context:
        opened = new_context().new_page()
        log_in(opened, superset.url, "manager", superset.passwords["manager"])
        yield opened


@pytest.mark.parametrize("slug", dashboards())
def test_every_chart_of_a_dashboard_is_drawn(superset: Superset, page: Page, slug: str, tmp_path: Path) -> None:
    reached: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((superset.url, "data:", "blob:")):
            reached.append(request.url)

    page.on("requestfinished", note)
    draw(page, superset.url, slug)
    page.remove_listener("requestfinished", note)
    assert reached == []
    for wrong in ("No results were returned", "Unexpected error", "Data error", "You do not have permission"):
        expect(page.get_by_text(wrong)).to_have_count(0)
    expect(page.locator(".dashboard-markdown").first).to_be_visible()
    # WARDWATCH_WRITE_IMAGES=1 takes the pictures of docs/ anew.
    folder = PICTURES if os.environ.get("WARDWATCH_WRITE_IMAGES") else tmp_path
    screenshot(page, folder / f"superset-{slug}.png")
    assert 30_000 < (folder / f"superset-{slug}.png").stat().st_size < 300_000


def big_number(page: Page, chart: str) -> Any:
    return page.locator(".dashboard-component-chart-holder").filter(has_text=chart).first.locator(".header-line")


def test_the_ward_filter_changes_the_numbers(superset: Superset, page: Page) -> None:
    draw(page, superset.url, "alarm-burden")
    patient_days = big_number(page, "Patient-days")
    before = patient_days.inner_text()
    # The bar of filters may come later than the charts, of which one has a choice of its own: rows a page.
    page.locator("input[role=combobox]:not(#pageSizeSelect)").first.click()
    page.get_by_title("icu", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Apply").click()
    expect(patient_days).not_to_have_text(before, timeout=PATIENCE_MS)
    expect(patient_days).to_have_text(f"{WARDS['icu'] * DAYS:,}", timeout=PATIENCE_MS)


def test_the_patients_page_shows_one_patient(superset: Superset, page: Page) -> None:
    draw(page, superset.url, "patients")
    expect(page.get_by_title("icu-01").first).to_be_visible()
    rows = drawn(page).filter(has_text="Alarms of the patient, one by one").locator("tbody tr")
    assert rows.count() > 3
    assert {row.locator("td").nth(7).inner_text() for row in rows.all()} <= {"nurse-icu", "N/A"}


def test_the_manager_is_offered_dashboards_and_nothing_else(superset: Superset, page: Page) -> None:
    page.goto(f"{superset.url}/")
    page.wait_for_url("**/dashboard/list/**")
    expect(page.get_by_text("Limits and their effect")).to_be_visible()
    menu = page.get_by_role("navigation").or_(page.locator("header, .ant-menu"))
    for name in ("SQL", "Datasets", "Charts"):
        expect(menu.get_by_text(name, exact=True)).to_have_count(0)
