"""Old and new limits on the same days: what is compared, and what the gate refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from batch.backtest import LATER, MORE, Comparison, Key, backtest, refusals
from clinical.calibration import COMMON, Proposal
from clinical.policy import POLICY
from tests.unit.clinical.histories import DOCTOR, NIGHTLY, PATIENT, Part, at, in_order, limits, slice_from

HEART = "heart_rate_high"


def tried(old: float, new: float, *parts: Part, condition: str = HEART) -> Comparison:
    proposal = Proposal(condition, old, new, COMMON, 24, 100.0, 5.0, drifts=False)
    log = slice_from(in_order(parts))
    return backtest([log], [0], {PATIENT: [proposal]}, POLICY)[Key(PATIENT, condition)]


def rate(bpm: float, begin: float, for_s: float = 100) -> Part:
    return at(begin, heart_rate_bpm=bpm).for_s(for_s)


def test_alarms_and_their_time_are_counted_with_either_limit() -> None:
    found = tried(120, 130, rate(100, 0), rate(125, 100), rate(100, 200))
    assert (found.alarms, found.days) == ((1, 0), 1)
    assert found.in_alarm_s == (95.0, 0.0)  # from the end of the delay to the end of the clear time


def test_nightly_limits_of_those_days_are_left_out_and_a_clinicians_are_kept() -> None:
    days = [rate(100, 1), rate(125, 101), rate(100, 201)]
    nightly = limits(0, version=9, author=NIGHTLY, heart_rate_high=[135, None])
    assert tried(120, 130, nightly, *days).alarms == (1, 0)
    clinician = limits(0, version=9, author=DOCTOR, heart_rate_high=[135, 140])
    assert tried(120, 130, clinician, *days).alarms == (0, 0)


def test_a_looser_limit_keeps_a_sustained_high_priority_event_and_warns_later() -> None:
    found = tried(120, 130, rate(100, 0), rate(125, 100), rate(135, 200), rate(150, 300), rate(100, 400))
    assert (found.events, found.missed) == (1, 0)
    assert found.lead_change_s == -100.0


def test_a_tighter_limit_warns_earlier() -> None:
    found = tried(120, 110, rate(100, 0), rate(115, 100), rate(150, 200), rate(100, 300))
    assert found.lead_change_s == 90.0  # the high-priority delay is 10 s shorter


def test_a_short_high_priority_alert_is_no_event() -> None:
    assert tried(120, 130, rate(100, 0), rate(150, 100, 20), rate(100, 120)).events == 0


def test_what_goes_on_at_the_end_counts_up_to_there() -> None:
    found = tried(120, 130, rate(100, 0), rate(150, 100, 300))
    assert (found.events, found.missed) == (1, 0)


@pytest.mark.parametrize(("hours", "days"), [(1, 1), (25, 25 / 24), (60, 2.5)])
def test_days_are_the_time_in_which_a_patient_was_heard_and_at_least_one(hours: float, days: float) -> None:
    found = tried(120, 130, rate(100, 0), rate(100, hours * 3600 - 99))
    assert found.days == pytest.approx(days, abs=0.001)


def test_patients_without_a_proposal_are_left_out() -> None:
    assert backtest([slice_from(in_order([rate(150, 0)]))], [0], {}, POLICY) == {}


class TestTheGate:
    kept = Comparison(days=1, alarms=(3, 2), in_alarm_s=(0, 0), events=2, missed=0, lead_change_s=0.0)

    @pytest.mark.parametrize(
        ("comparison", "reason"),
        [
            (kept, None),
            (replace(kept, missed=1), LATER),
            (replace(kept, alarms=(3, 5)), MORE),
            (replace(kept, alarms=(3, 5), days=25 / 24), MORE),
            (replace(kept, alarms=(3, 5), days=2), None),
        ],
        ids=["as good", "one event lost", "two more alarms a day", "two more in 25 h", "one more alarm a day"],
    )
    def test_refuses_a_patient_for_what_the_backtest_shows(self, comparison: Comparison, reason: str | None) -> None:
        assert refusals({Key("p1", HEART): comparison}, POLICY).get("p1") == reason
