from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bedside.pace import Pace

NOW = 1_800_000_000.0


def test_at_speed_1_a_recording_starts_now() -> None:
    pace = Pace(NOW, length_s=480, speed=1)
    assert pace.measured_at_s(0) == NOW
    assert pace.due_s(60) == pace.measured_at_s(60) == NOW + 60


def test_faster_it_lies_in_the_past_and_ends_when_the_replay_does() -> None:
    pace = Pace(NOW, length_s=480, speed=60)
    assert pace.measured_at_s(480) == pace.due_s(480) == NOW + 8
    assert pace.measured_at_s(0) == NOW + 8 - 480


def test_what_goes_on_beyond_its_length_is_sent_as_it_is_measured() -> None:
    pace = Pace(NOW, length_s=480, speed=60)
    assert pace.due_s(490) == pace.measured_at_s(490) == NOW + 18


def test_without_a_limit_to_its_speed_it_ends_as_it_starts() -> None:
    pace = Pace(NOW, length_s=480, speed=math.inf)
    assert pace.measured_at_s(480) == pace.due_s(480) == NOW
    assert pace.reached_s(NOW) == math.inf


@given(st.floats(1, 1e6), st.floats(0, 1e7), st.floats(0, 2))
def test_no_device_clock_ever_runs_ahead(speed: float, length_s: float, share: float) -> None:
    pace = Pace(NOW, length_s, speed)
    at_s = share * length_s
    assert pace.measured_at_s(at_s) <= pace.due_s(at_s) + 1e-5


def test_slower_than_life_is_refused() -> None:
    with pytest.raises(ValueError, match="own speed or faster"):
        Pace(NOW, 1, 0.5)
