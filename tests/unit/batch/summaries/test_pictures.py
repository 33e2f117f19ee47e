"""The pictures of the mail: drawn, of a fit size, and the same for the same numbers."""

from __future__ import annotations

import struct
from datetime import date, timedelta

import pytest

from batch.summaries.pictures import lines

DAY = date(2026, 11, 24)
WEEK = {DAY - timedelta(days=back): 5.0 + back for back in range(7)}


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def test_a_picture_is_wide_enough_to_read_and_small_enough_to_send() -> None:
    png = lines("Alarms per patient-day", "alarms", {"icu": WEEK, "ward-a": WEEK})
    assert size(png) == (660, 264)
    assert len(png) < 60_000


def test_other_numbers_are_another_picture_and_the_same_ones_the_same() -> None:
    one = lines("t", "u", {"icu": WEEK})
    assert one == lines("t", "u", {"icu": WEEK})
    assert one != lines("t", "u", {"icu": WEEK | {DAY: 50.0}})


def test_without_numbers_there_is_a_picture_still() -> None:
    assert size(lines("t", "u", {"icu": {}})) == (660, 264)


def test_one_day_is_drawn_as_a_day(caplog: pytest.LogCaptureFixture) -> None:
    lines("t", "u", {"icu": {DAY: 5.0}})
    assert caplog.records == []  # Matplotlib complains of thousands of ticks
