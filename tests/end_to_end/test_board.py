"""What clinicians see and do on the board, in a real browser, with the whole stack behind it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from lakehouse.cassandra import Cassandra
from lakehouse.messages import Admission, Command, Limits
from lakehouse.settings import Service
from lakehouse.tables import AUDIT
from streaming.bedside_log import BedsideLog
from streaming.board.login import Users
from tests.browser import browser, page
from tests.end_to_end.ward import Ward, seconds_of
from waiting import until

__all__ = ["browser", "page"]

PASSWORD = "a ward in the evening"
WARD = "board-ward"
SOON_MS = 60_000


@pytest.fixture(scope="module")
def board_ward(live_ward: Ward) -> Ward:
    """The live ward, where three people may see the board's own ward."""
    users = Users(live_ward.settings.run / "board-users.yaml")
    for name, role in (("n.meier", "nurse"), ("d.roth", "physician"), ("wall", "viewer")):
        users.put(name, role, (WARD,), PASSWORD)
    return live_ward


@pytest.fixture
def patient(board_ward: Ward, request: pytest.FixtureRequest) -> Iterator[str]:
    """A patient of a test's own, whose heart rate has been above 120 for forty seconds; discharged at the end."""
    name = f"{str(request.node.name).replace('_', '-')[:50]}-{uuid.uuid4().hex[:8]}"
    board_ward.play(name, seconds_of((5, {}), (40, {"heart_rate_bpm": 130})), ward_id=WARD, bed="7")
    yield name
    board_ward.play(name, [], ward_id=WARD, discharge=True)


def sign_in(page: Page, ward: Ward, name: str, address: str = f"ward={WARD}", password: str = PASSWORD) -> None:
    page.goto(f"{ward.settings.board.url}/?{address}")
    page.get_by_label("Name").fill(name)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def tile_of(page: Page, patient: str) -> Locator:
    return page.locator(f'.ward [data-patient="{patient}"]')


def asked(ward: Ward, patient: str) -> list[Command | Limits]:
    """Return the commands and limits of a patient, as they stand in the log."""
    with BedsideLog(ward.settings, Service.BATCH) as log:
        ends = log.ends()
        begins = {partition: first for partition, (first, _) in ends.items()}
        found = [
            message
            for stretch in log.between(begins, {partition: end for partition, (_, end) in ends.items()})
            for message in stretch.others.values()
            if isinstance(message, Command | Limits)
        ]
    return [message for message in found if message.patient_id == patient]


def audited(ward: Ward, patient: str) -> set[tuple[str, str, str]]:
    """Return who did what to a patient today, and how it ended, without places in the log."""
    with Cassandra(ward.settings, Service.BATCH, patience_s=30) as cassandra:
        rows = cassandra.select(AUDIT, {"day": datetime.now(UTC).date()})
    return {
        (row["by"], row["action"], re.sub(r"\[.*", "", row["outcome"])) for row in rows if row["patient_id"] == patient
    }


@contextmanager
def standing_still(*pids: int) -> Iterator[None]:
    """Hold processes with all their children, as a machine does that swaps; they go on afterwards."""
    processes = [each for pid in pids for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def test_an_alarm_appears_is_acknowledged_by_a_click_and_the_tile_changes(
    board_ward: Ward, page: Page, patient: str
) -> None:
    sign_in(page, board_ward, "n.meier")
    tile = tile_of(page, patient)
    expect(tile).to_have_class(re.compile(r"\bmedium\b"), timeout=SOON_MS)
    expect(tile).to_contain_text("◆ MEDIUM")
    expect(tile).to_contain_text("HR 130 > 120")

    tile.get_by_title("Acknowledge").click()

    expect(tile).to_contain_text("✓ n.meier")
    expect(tile).to_have_class(re.compile(r"\banswered\b"))
    (command,) = asked(board_ward, patient)
    assert isinstance(command, Command)
    assert (command.action, command.by) == ("acknowledge", "n.meier")
    assert command.alert_id is not None
    assert command.alert_id.startswith(f"{patient}.heart_rate_high.")
    said = {("n.meier", "acknowledge", "sent as bedside"), ("n.meier", "acknowledge", "accepted")}
    assert until(lambda: audited(board_ward, patient) == said, 30), audited(board_ward, patient)


def test_a_mails_link_leads_through_the_login_to_the_patient_and_offers_to_acknowledge(
    board_ward: Ward, page: Page, patient: str
) -> None:
    assert until(lambda: bool(board_ward.open_alerts(WARD, patient)), 60)
    alert_id = next(each for each in board_ward.open_alerts(WARD, patient) if "heart_rate_high" in each)
    sign_in(page, board_ward, "n.meier", f"acknowledge={alert_id}")

    expect(page.locator(".page header")).to_contain_text("bed 7")
    assert asked(board_ward, patient) == []
    page.get_by_role("button", name="Acknowledge: heart rate high 130 > 120").click()

    expect(page.locator(".patient .alarms")).to_contain_text("✓ n.meier")
    expect(page.locator("table").first).to_contain_text(re.compile(r"heart rate high.*\d\d:\d\d:\d\d n\.meier"))


def test_a_silence_needs_an_end(board_ward: Ward, page: Page, patient: str) -> None:
    assert until(lambda: bool(board_ward.open_alerts(WARD, patient)), 60)
    sign_in(page, board_ward, "n.meier", f"patient={patient}")
    expect(page.locator(".patient .alarms")).to_contain_text("heart rate high")

    page.get_by_role("button", name="Silence", exact=True).click()
    expect(page.get_by_text("A silence needs an end.")).to_be_visible()
    page.get_by_role("combobox", name="For").click()
    page.get_by_role("option", name="15 min", exact=True).click()
    page.get_by_role("button", name="Silence", exact=True).click()

    expect(page.locator(".patient .alarms")).to_contain_text(re.compile(r"silent to \d\d:\d\d"))


def test_a_limit_is_set_within_policy_and_refused_beyond_with_the_reason(
    board_ward: Ward, page: Page, patient: str
) -> None:
    sign_in(page, board_ward, "d.roth", f"patient={patient}")
    page.get_by_role("combobox", name="Condition").click()
    page.get_by_role("option", name="SpO2 low").click()
    page.get_by_role("combobox", name="Expires after").click()
    page.get_by_role("option", name="4 h", exact=True).click()
    page.get_by_label("Reason").fill("known lung disease")

    page.get_by_role("spinbutton", name="Medium priority").fill("80")
    page.get_by_role("spinbutton", name="High priority").fill("79")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("alert").get_by_text("A limit is looser than policy allows.").first).to_be_visible()
    assert asked(board_ward, patient) == []

    page.get_by_role("spinbutton", name="Medium priority").fill("88")
    page.get_by_role("spinbutton", name="High priority").fill("85")
    page.get_by_role("button", name="Set limit").click()
    in_force = page.locator("tr", has_text="SpO2 low").filter(has_text="d.roth")
    expect(in_force).to_contain_text(re.compile(r"88.*85.*\d+.*d\.roth.*known lung disease.*\d{4}-"))
    (limits,) = asked(board_ward, patient)
    assert isinstance(limits, Limits)
    assert limits.limits == {"spo2_low": [88, 85]}
    said = {
        ("d.roth", "limits", "refused: a limit is looser than policy allows"),
        ("d.roth", "limits", "sent as bedside"),
        ("d.roth", "limits", "accepted"),
    }
    assert until(lambda: audited(board_ward, patient) == said, 30), audited(board_ward, patient)


def test_other_wards_and_their_patients_are_refused(board_ward: Ward, page: Page) -> None:
    board_ward.play("elsewhere", seconds_of((5, {})), ward_id="another-ward", bed="1")
    sign_in(page, board_ward, "n.meier", "ward=another-ward")
    expect(page.get_by_text("You may not see the ward another-ward.")).to_be_visible()

    sign_in(page, board_ward, "n.meier", "patient=elsewhere")
    expect(page.get_by_text("There is no such patient in the wards that you may see.")).to_be_visible()
    assert "another-ward" not in page.content()
    board_ward.play("elsewhere", [], ward_id="another-ward", discharge=True)


def test_a_wrong_password_shows_nothing(board_ward: Ward, page: Page) -> None:
    sign_in(page, board_ward, "n.meier", password="wrong")
    expect(page.get_by_text("Wrong name or password.")).to_be_visible()
    assert page.locator(".tile").count() == 0


def test_a_screen_on_the_wall_has_no_buttons(board_ward: Ward, page: Page, patient: str) -> None:
    sign_in(page, board_ward, "wall")
    tile = tile_of(page, patient)
    expect(tile).to_contain_text("HR 130 > 120", timeout=SOON_MS)
    expect(tile.get_by_title("Acknowledge")).to_be_hidden()


@pytest.fixture
def forty_beds(board_ward: Ward) -> Iterator[list[str]]:
    """Forty patients of a ward, of whom nothing is measured."""
    names = [f"full-{number}-{uuid.uuid4().hex[:8]}" for number in range(40)]
    board_ward.send(Admission(patient_id=name, event="admit", ward_id=WARD, bed=name[5:7]) for name in names)
    yield names
    board_ward.send(Admission(patient_id=name, event="discharge") for name in names)


def test_forty_beds_are_seen_without_scrolling(board_ward: Ward, page: Page, forty_beds: list[str]) -> None:
    sign_in(page, board_ward, "wall")
    for name in forty_beds:
        expect(tile_of(page, name)).to_be_in_viewport(ratio=1, timeout=SOON_MS)
    assert page.get_by_test_id("stMain").evaluate("each => each.scrollHeight <= each.clientHeight")


def test_late_alarms_are_said_across_the_page_and_taken_back(board_ward: Ward, page: Page, patient: str) -> None:
    sign_in(page, board_ward, "wall")
    expect(tile_of(page, patient)).to_be_visible()
    banner = page.locator(".place .banner")
    expect(banner).to_be_hidden(timeout=SOON_MS)

    with standing_still(board_ward.stack.pid("alarms"), board_ward.stack.pid("standby")):
        expect(banner).to_contain_text("ALARMS ARE LATE", timeout=SOON_MS)
        expect(page.locator(".page.late .value").first).to_have_css("text-decoration-line", "line-through")
    expect(banner).to_be_hidden(timeout=2 * SOON_MS)


def test_a_store_that_does_not_answer_is_said(board_ward: Ward, page: Page, patient: str) -> None:
    sign_in(page, board_ward, "wall")
    expect(tile_of(page, patient)).to_be_visible()
    banner = page.locator(".place .banner")
    expect(banner).to_be_hidden(timeout=SOON_MS)

    with standing_still(board_ward.stack.pid("cassandra")):
        expect(banner).to_contain_text("THE STORE OF ALARMS DOES NOT ANSWER", timeout=SOON_MS)
    expect(banner).to_be_hidden(timeout=2 * SOON_MS)


def test_a_screen_that_is_cut_off_says_so_by_itself(board_ward: Ward, page: Page, patient: str) -> None:
    sign_in(page, board_ward, "wall")
    expect(tile_of(page, patient)).to_be_visible()

    with standing_still(board_ward.stack.pid("board")):
        expect(page.get_by_text("THIS SCREEN IS CUT OFF")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("THIS SCREEN IS CUT OFF")).to_be_hidden(timeout=SOON_MS)
