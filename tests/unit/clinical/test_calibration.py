"""One patient's history -> proposed limits: each rule of the policy, and what no history can break."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.policy import BROKEN, try_share
from clinical import calibration
from clinical.calibration import (
    CONDITION,
    LOOSENED,
    TIGHTENED,
    UNCHANGED,
    History,
    Proposal,
    has_drifted,
    propose,
    sign,
)
from clinical.conditions import LIMIT_CONDITIONS
from clinical.policy import POLICY, LimitsPolicy, loosest
from tests.unit.clinical.calibration_histories import PERSONAL, around, histories, history, values

HEART = "heart_rate_bpm"


def proposed(of: History, condition: str, policy: LimitsPolicy = POLICY) -> Proposal:
    return next(each for each in propose(of, policy) if each.condition == condition)


class TestALimit:
    def test_stays_at_the_default_where_that_is_neither_near_nor_far(self) -> None:
        found = proposed(history({HEART: around(95, 12)}), "heart_rate_high")
        assert (found.new, found.decision, found.reason) == (120, UNCHANGED, calibration.COMMON)

    def test_is_looser_where_the_default_is_near_to_the_usual_values(self) -> None:
        found = proposed(history({HEART: around(112, 7)}), "heart_rate_high")
        assert 120 < found.new <= loosest(CONDITION["heart_rate_high"])
        assert (found.decision, found.median) == (LOOSENED, 112)

    def test_is_tighter_where_the_default_is_far_from_the_usual_values(self) -> None:
        found = proposed(history({HEART: around(62, 2)}), "heart_rate_high")
        assert 62 < found.new < 120
        assert (found.decision, found.reason) == (TIGHTENED, calibration.FAR)

    def test_is_not_tightened_to_where_it_would_have_alarmed(self) -> None:
        walks = values([62] * 300 + [116] * 3)
        assert 116 <= proposed(history({HEART: walks}), "heart_rate_high").new < 120

    def test_leaves_enough_of_the_way_to_the_hard_bound(self) -> None:
        found = proposed(history({HEART: around(110, 20)}), "heart_rate_high")
        assert (found.new, found.reason) == (134, calibration.BOUND)  # a fifth of 110 to 140 is left

    def test_on_the_low_side_mirrors_the_high_side(self) -> None:
        low = proposed(history({"spo2_pct": around(91, 1)}), "spo2_low")
        assert loosest(CONDITION["spo2_low"]) <= low.new < 90
        assert low.decision == LOOSENED

    def test_follows_the_pulse_where_no_heart_rate_was_measured(self) -> None:
        by_pulse = proposed(history({"pulse_rate_bpm": around(112, 7)}), "heart_rate_high")
        assert by_pulse.new == proposed(history({HEART: around(112, 7)}), "heart_rate_high").new

    def test_is_not_made_from_values_beyond_the_high_priority_limits(self) -> None:
        with_extremes = values([110] * 20 + [112] * 4 + [170] * 3 + [20] * 3)
        found = proposed(history({HEART: with_extremes}), "heart_rate_high")
        assert (found.readings, found.median) == (24, 110)


class TestTooLittle:
    @pytest.mark.parametrize(
        "clean",
        [around(112, 7, 11), values([112] * 24, hours=5.9)],
        ids=["11 readings", "24 readings within 5.9 h"],
    )
    def test_leads_to_the_default(self, clean: object) -> None:
        found = proposed(history({HEART: clean}), "heart_rate_high")  # type: ignore[dict-item]
        assert (found.new, found.reason, found.decision) == (120, calibration.TOO_LITTLE, UNCHANGED)
        assert math.isnan(found.median)

    def test_takes_a_personal_limit_back(self) -> None:
        found = proposed(history(in_force={"heart_rate_high": 130}), "heart_rate_high")
        assert (found.new, found.decision) == (120, TIGHTENED)


class TestANight:
    def test_loosens_by_one_step_at_most(self) -> None:
        found = proposed(history({HEART: around(132, 6)}, in_force={"heart_rate_high": 100}), "heart_rate_high")
        step = next(limit.step for limit in POLICY.personal if limit.condition == "heart_rate_high")
        assert (found.new, found.reason) == (100 + step, calibration.STEP)

    def test_tightens_as_far_as_is_due(self) -> None:
        found = proposed(history({HEART: around(62, 2)}, in_force={"heart_rate_high": 135}), "heart_rate_high")
        assert found.new < 120

    def test_leaves_a_clinicians_limit_alone(self) -> None:
        found = proposed(history({HEART: around(112, 7)}, by_clinician=["heart_rate_high"]), "heart_rate_high")
        assert (found.decision, found.reason) == (UNCHANGED, calibration.CLINICIAN)

    def test_lets_no_limits_cross(self) -> None:
        of = history({HEART: around(48, 1)}, in_force={"heart_rate_low": 90, "heart_rate_high": 110})
        low, high = proposed(of, "heart_rate_low"), proposed(of, "heart_rate_high")
        assert low.new < high.new

    def test_is_told_as_large_where_it_loosens_by_a_whole_step(self) -> None:
        assert proposed(history({HEART: around(132, 6)}), "heart_rate_high").is_large()
        assert not proposed(history({HEART: around(62, 2)}), "heart_rate_high").is_large()


class TestTheDriftGuard:
    def test_freezes_what_would_be_loosened(self) -> None:
        nightly = [80, 85, 92, 99, 106, 112]
        of = history({HEART: around(112, 7)}, nightly={HEART: nightly})
        found = proposed(of, "heart_rate_high")
        assert (found.drifts, found.new, found.reason) == (True, 120, calibration.DRIFT)

    def test_looks_at_the_pulse_where_no_heart_rate_was_measured(self) -> None:
        nights = [80, 85, 92, 99, 106, 112]
        of = history({"pulse_rate_bpm": around(112, 7)}, {"pulse_rate_bpm": nights, HEART: [math.nan] * len(nights)})
        found = proposed(of, "heart_rate_high")
        assert (found.drifts, found.new, found.reason) == (True, 120, calibration.DRIFT)

    def test_lets_tighten(self) -> None:
        nightly = [80, 90, 100, 112, 120, 62]
        of = history({HEART: around(62, 2)}, nightly={HEART: nightly}, in_force={"heart_rate_high": 130})
        assert proposed(of, "heart_rate_high").decision == TIGHTENED

    def test_does_not_mind_nights_that_differ(self) -> None:
        nightly = [80, 84, 78, 83, 77, 85, 79, 82, 81, 84, 78, 83]
        assert not has_drifted(CONDITION["heart_rate_high"], nightly, POLICY)
        assert not has_drifted(CONDITION["heart_rate_low"], nightly, POLICY)

    def test_skips_nights_without_a_baseline(self) -> None:
        assert not has_drifted(CONDITION["heart_rate_high"], [math.nan, 80, math.nan, 81], POLICY)

    @given(
        st.sampled_from(PERSONAL),
        st.floats(0.02, 1),
        st.lists(st.floats(-0.3, 0.3), min_size=7, max_size=7),
    )
    def test_trips_before_a_slow_drift_reaches_the_hard_bound(
        self, condition: object, share: float, jitter: list[float]
    ) -> None:
        limit = next(each for each in LIMIT_CONDITIONS if each is condition)
        hard = limit.bound[0]
        first = hard - sign(limit) * share * 60
        # seven equal steps to the hard bound, each night a little off the line
        nightly = [first + (hard - first) * (night + off) / 7 for night, off in enumerate([0.0, *jitter[:5]])]
        assert has_drifted(limit, nightly, POLICY)


class TestNoHistory:
    """Whatever the history, these hold. `python -m bench policy` tries a million; the first of them are here."""

    def test_is_led_beyond_the_policy_by_none_of_the_generated_ones(self) -> None:
        found = try_share(0)
        assert (found["histories"], {name: found[name] for name in BROKEN}) == (10_000, dict.fromkeys(BROKEN, 0))

    @settings(max_examples=300)
    @given(histories())
    def test_leads_beyond_the_policy(self, of: History) -> None:
        for each in propose(of):
            condition = CONDITION[each.condition]
            assert sign(condition) * each.new <= sign(condition) * loosest(condition)

    @settings(max_examples=300)
    @given(histories())
    def test_loosens_by_more_than_a_step(self, of: History) -> None:
        for each, limit in zip(propose(of), POLICY.personal, strict=True):
            assert sign(CONDITION[each.condition]) * (each.new - each.old) <= limit.step

    @settings(max_examples=300)
    @given(histories())
    def test_moves_a_limit_that_a_clinician_has_set(self, of: History) -> None:
        assert all(each.new == each.old for each in propose(of) if each.condition in of.by_clinician)

    @settings(max_examples=300)
    @given(histories())
    def test_is_decided_in_two_ways(self, of: History) -> None:
        assert repr(propose(of)) == repr(propose(replace(of)))

    @settings(max_examples=300)
    @given(histories())
    def test_loosens_while_it_drifts(self, of: History) -> None:
        assert not [each for each in propose(of) if each.drifts and each.decision == LOOSENED]
