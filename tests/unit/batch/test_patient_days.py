"""Of which days a baseline and a course of nightly medians are made."""

from __future__ import annotations

import math

from batch.patient_days import clean_of, nightly_of
from clinical.policy import POLICY
from tests.unit.clinical.calibration_histories import around

HEART = "heart_rate_bpm"
CLOSED = 20_000


class TestABaseline:
    def test_is_made_of_the_policys_days_up_to_the_closed_one(self) -> None:
        days = {CLOSED - back: {HEART: around(80 + back, 5)} for back in range(POLICY.days + 2)}
        assert clean_of(days, CLOSED, POLICY)[HEART].readings == 24 * POLICY.days

    def test_is_empty_where_nothing_was_measured_lately(self) -> None:
        days = {CLOSED - POLICY.days: {HEART: around(112, 7)}}
        assert clean_of(days, CLOSED, POLICY)[HEART].readings == 0
        assert clean_of({}, CLOSED, POLICY)[HEART].readings == 0


def test_nightly_medians_end_with_the_closed_day_and_skip_none() -> None:
    days = {CLOSED - 3: {HEART: around(80, 5)}, CLOSED - 1: {HEART: around(84, 5)}}
    found = nightly_of(days, CLOSED, POLICY)[HEART]
    assert [None if math.isnan(median) else median for median in found] == [80, None, 84, None]


def test_nights_before_those_of_the_policy_are_left_out() -> None:
    days = {CLOSED - back: {HEART: around(80 + back, 5)} for back in range(POLICY.drift_nights + 2)}
    medians = nightly_of(days, CLOSED, POLICY)[HEART]
    assert medians == [80 + back for back in reversed(range(POLICY.drift_nights))]
