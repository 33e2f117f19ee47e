"""The figures of the marts agree with one another."""

from __future__ import annotations

import pandas as pd

from quality.mart_gate import agreements

PARTS = ["alarms", "open_alarms", "not_acknowledged_alarms", "non_actionable_alarms"]


def test_equal_sums_and_parts_within_the_whole_agree() -> None:
    burden = pd.DataFrame([[3, 0, 3, 1], [1, 1, 0, 0]], columns=PARTS)
    assert agreements(burden, pd.DataFrame({"alert_id": list("abcd")})).iloc[0].to_list() == [0, 0]


def test_a_lost_episode_and_a_part_beyond_the_whole_do_not() -> None:
    burden = pd.DataFrame([[3, 0, 4, 1], [1, 1, 0, 0]], columns=PARTS)
    assert agreements(burden, pd.DataFrame({"alert_id": list("abc")})).iloc[0].to_list() == [1, 1]


def test_a_day_without_alarms_agrees() -> None:
    agreement = agreements(pd.DataFrame(columns=PARTS), pd.DataFrame(columns=["alert_id"]))
    assert agreement.iloc[0].to_list() == [0, 0]
