"""The picture of a trend: small, always the same, drawn in a process of its own that no mail waits for."""

import io
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from streaming.notify.artist import Artist
from streaming.notify.picture import ALARM, HEIGHT_PX, LIMIT, WIDTH_PX, draw
from streaming.notify.strip import Strip
from waiting import until

NOW_S = 1_795_489_931.0
_BEFORE_S = np.arange(1800.0, 10.0, -15.0)
STRIP = Strip(
    title="systolic blood pressure (mmHg)", at_s=NOW_S - _BEFORE_S, values=90 + 8 * np.sin(_BEFORE_S * 12.9898) % 7,
    onset_s=NOW_S - 6, now_s=NOW_S, now_value=81, now_says="alarm", limit=90, priority="high",
)  # fmt: skip


def colours(png: bytes) -> set[str]:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    assert image.size == (WIDTH_PX, HEIGHT_PX)
    return {f"#{red:02x}{green:02x}{blue:02x}" for _, (red, green, blue) in image.getcolors(1 << 16) or ()}  # type: ignore[misc]


def test_a_restless_trend_is_still_a_small_picture() -> None:
    assert len(draw(STRIP)) < 15_000


def test_the_limit_and_the_alarm_are_drawn_in() -> None:
    assert {LIMIT, ALARM["high"]} <= colours(draw(STRIP))
    assert LIMIT not in colours(draw(replace(STRIP, limit=None)))


def test_the_same_numbers_give_the_same_picture() -> None:
    assert draw(STRIP) == draw(STRIP)


def test_a_chart_of_three_values_and_one_with_a_gap_can_be_drawn() -> None:
    few = replace(STRIP, at_s=STRIP.at_s[::40], values=STRIP.values[::40])
    gap = replace(STRIP, at_s=np.delete(STRIP.at_s, range(20, 60)), values=np.delete(STRIP.values, range(20, 60)))
    assert draw(few) != draw(gap)


@pytest.fixture(scope="module")
def artist() -> Iterator[Artist]:
    with Artist(wait_s=60) as drawing:
        yield drawing


def test_the_artist_draws_the_same(artist: Artist) -> None:
    assert artist.draw(STRIP) == draw(STRIP)


def test_what_cannot_be_drawn_is_no_picture_and_the_next_one_is(artist: Artist) -> None:
    assert artist.draw(replace(STRIP, priority="of no colour")) is None
    assert artist.draw(STRIP) is not None


def test_a_mail_waits_no_longer_than_it_may_and_the_next_gets_its_own_picture() -> None:
    other = replace(STRIP, title="another")
    with Artist(wait_s=0.0) as slow:
        began = time.monotonic()
        assert slow.draw(STRIP) is None  # it has not even imported what it draws with
        assert time.monotonic() - began < 1
        slow.wait_s = 60
        # Until the late one has come, nobody waits behind it.
        assert until(lambda: slow.draw(other) == draw(other), 60)


def test_an_artist_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.notify.artist.RETRY_S", 0.0)
    with Artist(wait_s=60) as drawing:
        assert drawing.pid is not None
        os.kill(drawing.pid, signal.SIGKILL)
        assert until(lambda: drawing.draw(STRIP) is not None, 60)
