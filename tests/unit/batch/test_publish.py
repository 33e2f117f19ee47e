"""Which limits are published, and which come back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from batch.publish import end_of, is_settled, proposed, rolled_back
from batch.versions import next_version
from clinical.policy import POLICY

DAY = date(2026, 3, 1)
END = datetime(2026, 3, 4, tzinfo=UTC)
THE_MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


def row(condition: str, new: float, decision: str = "unchanged", patient_id: str = "p1") -> dict[str, Any]:
    return {
        "patient_id": patient_id, "condition": condition, "decision": decision, "new_limit": new, "refusal": None,
        "reason": f"why {condition}", "policy": "abc", "large": False,
    }  # fmt: skip


def version(number: int, limits: dict[str, Any], reason: str = "recalibration by policy abc") -> dict[str, Any]:
    """A version of the day that its number names, published the morning after."""
    day = datetime.strptime(str(number // 100), "%Y%m%d").replace(tzinfo=UTC)
    return {
        "version": number, "limits": json.dumps(limits), "reason": reason,
        "received_at": day + timedelta(days=1, hours=6), "expires_at": day + timedelta(days=3),
    }  # fmt: skip


class TestWhatIsProposed:
    def test_states_every_condition_and_null_for_a_default(self) -> None:
        rows = [row("heart_rate_high", 128, "loosened"), row("heart_rate_low", 45)]
        assert list(proposed(rows)) == [
            (
                "p1",
                {"heart_rate_high": [128, None], "heart_rate_low": [None, None]},
                "recalibration by policy abc; heart_rate_high: why heart_rate_high",
            )
        ]

    def test_says_why_of_what_is_changed_or_personal(self) -> None:
        rows = [row("heart_rate_low", 45, "tightened"), row("resp_rate_high", 30), row("sbp_low", 90)]
        for each in rows:
            each["reason"] = "it suits the patient"
        ((_, _, reason),) = proposed(rows)
        assert reason == "recalibration by policy abc; heart_rate_low, resp_rate_high: it suits the patient"

    def test_is_renewed_where_it_does_not_change(self) -> None:
        assert [patient for patient, *_ in proposed([row("heart_rate_high", 128)])] == ["p1"]

    def test_takes_a_limit_back_to_the_default(self) -> None:
        assert [patient for patient, *_ in proposed([row("heart_rate_high", 120, "tightened")])] == ["p1"]

    def test_says_who_has_approved_it_where_a_change_is_large(self) -> None:
        rows = [row("heart_rate_high", 128, "loosened"), row("resp_rate_high", 32, "loosened", "p2") | {"large": True}]
        small, large = (reason for *_, reason in proposed(rows, "dr-a"))
        assert small == "recalibration by policy abc; heart_rate_high: why heart_rate_high"
        assert large == "recalibration by policy abc, approved by dr-a; resp_rate_high: why resp_rate_high"

    def test_says_nothing_of_a_patient_who_has_and_had_the_defaults(self) -> None:
        assert list(proposed([row("heart_rate_high", 120), row("heart_rate_low", 45)])) == []


class TestAVersion:
    def test_is_the_day_and_grows(self) -> None:
        assert next_version(-1, DAY) == 2026030100
        assert next_version(2026030100, DAY) == 2026030101
        assert next_version(2027010100, DAY) == 2027010101


class TestTheEndOfLimits:
    def test_lies_behind_the_last_moment_at_which_the_second_night_after_may_be_published(self) -> None:
        approved_at_the_last_moment = datetime(2026, 3, 4, 6, 0, tzinfo=UTC)  # of the night of the 3rd
        assert approved_at_the_last_moment < end_of(DAY, POLICY) == datetime(2026, 3, 4, 7, tzinfo=UTC)


class TestNothingIsLeftToDo:
    limits: Final = {"heart_rate_high": [128, None]}
    tighter: Final = {"heart_rate_high": [122, None]}

    def test_where_the_newest_limits_are_the_same_with_the_same_end(self) -> None:
        assert is_settled(version(2026030100, self.limits), DAY, self.limits, END)
        assert not is_settled(version(2026030100, self.limits), DAY, self.tighter, END)
        assert not is_settled(version(2026030100, self.limits), DAY, self.limits, END.replace(day=5))

    def test_where_they_were_rolled_back(self) -> None:
        taken_back = version(2026030101, self.tighter, "rolled back: version 2026030100, by dr-a")
        assert is_settled(taken_back, DAY, self.limits, END)

    def test_where_a_later_day_has_published_its_own(self) -> None:
        assert is_settled(version(2026030200, self.tighter), DAY, self.limits, END)
        assert not is_settled(version(2026022800, self.tighter), DAY, self.limits, END)


class TestRollingBack:
    before = version(2026022800, {"heart_rate_high": [125, None]})
    newest = version(2026030100, {"heart_rate_high": [131, None]})

    def test_brings_back_the_limits_of_the_day_before(self) -> None:
        message = rolled_back("p1", [self.newest, self.before], DAY, "dr-a", THE_MORNING)
        assert message is not None
        assert (message.version, message.limits) == (2026030101, {"heart_rate_high": [125, None]})
        assert (message.expires_at, "dr-a" in message.reason) == (END, True)

    def test_leads_to_the_defaults_where_there_was_nothing_before(self) -> None:
        message = rolled_back("p1", [self.newest], DAY, "dr-a", THE_MORNING)
        assert message is not None
        assert message.limits == {"heart_rate_high": [None, None]}

    def test_leads_to_the_defaults_where_those_before_had_run_out(self) -> None:
        days_before = version(2026022500, {"heart_rate_high": [125, None]})  # until the 28th
        message = rolled_back("p1", [self.newest, days_before], DAY, "dr-a", THE_MORNING)
        assert message is not None
        assert message.limits == {"heart_rate_high": [None, None]}

    def test_brings_back_limits_that_held_when_the_first_of_the_day_came(self) -> None:
        again = version(2026030101, {"heart_rate_high": [132, None]}) | {"received_at": END}
        ending = self.before | {"expires_at": END - timedelta(hours=1)}
        message = rolled_back("p1", [again, self.newest, ending], DAY, "dr-a", THE_MORNING)
        assert message is not None
        assert message.limits == {"heart_rate_high": [125, None]}

    def test_a_second_time_changes_nothing(self) -> None:
        first = rolled_back("p1", [self.newest, self.before], DAY, "dr-a", THE_MORNING)
        assert first is not None
        after = version(first.version, dict(first.limits), first.reason)
        assert rolled_back("p1", [after, self.newest, self.before], DAY, "dr-a", THE_MORNING) is None

    def test_sends_nothing_for_limits_that_have_run_out(self) -> None:
        assert rolled_back("p1", [self.newest, self.before], DAY, "dr-a", END) is None

    def test_touches_no_limits_of_another_day(self) -> None:
        assert rolled_back("p1", [self.before], DAY, "dr-a", THE_MORNING) is None
        assert rolled_back("p1", [], DAY, "dr-a", THE_MORNING) is None
