from __future__ import annotations

from streaming.demo.night import Change, changes, medium_of


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


def test_a_limit_that_is_null_is_the_default_and_one_that_is_not_stated_is_none() -> None:
    stated = medium_of({"heart_rate_high": [128, None], "heart_rate_low": [None, None], "sbp_low": None})
    assert stated == {"heart_rate_high": 128, "heart_rate_low": 45}
    before = {("p", "heart_rate_low"): 40.0}
    assert changes(before, {("p", name): limit for name, limit in stated.items()}) == [
        Change("p", "heart_rate_high", 120, 128),
        Change("p", "heart_rate_low", 40, 45),
    ]
