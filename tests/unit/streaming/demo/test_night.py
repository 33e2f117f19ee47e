from __future__ import annotations

from streaming.demo.night import Change, changes


def test_the_most_loosened_limit_comes_first_and_what_stayed_is_left_out() -> None:
    before = {("p1", "spo2_low"): 88.0, ("p2", "sbp_low"): 95.0}
    after = {
        ("p1", "spo2_low"): 88.0,
        ("p2", "sbp_low"): 97.0,  # tighter
        ("p3", "heart_rate_high"): 132.0,  # default 120
        ("p4", "spo2_low"): 87.0,  # default 90
    }
    assert changes(before, after) == [
        Change("p3", "heart_rate_high", 120, 132),
        Change("p4", "spo2_low", 90, 87),
        Change("p2", "sbp_low", 95, 97),
    ]
