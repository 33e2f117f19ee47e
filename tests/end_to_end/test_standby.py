"""While the lane is stopped the standby writes what the lane would have written, and hands over without a double."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.end_to_end.ward import LANDS_WITHIN_S, Ward, as_stored, seconds_of
from waiting import until


def written_by_the_standby(ward: Ward) -> int:
    """Return how many events and requests the standby says that it has written since it began."""
    beat = json.loads((ward.settings.run / "heartbeats" / "standby.json").read_text())
    return int(beat.get("written", 0))


@pytest.mark.timeout(600)
def test_the_standby_raises_the_alarms_while_the_lane_is_stopped(live_ward: Ward) -> None:
    ward = live_ward
    patients = ("standby-tachy", "standby-hypoxia")
    before = written_by_the_standby(ward)

    ward.stack.supervise("stop", "alarms")
    try:
        ward.play("standby-tachy", seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {})), discharge=True)
        ward.play("standby-hypoxia", seconds_of((5, {}), (30, {"spo2_pct": 84}), (20, {})), discharge=True)
        expected = ward.folded(*patients)
        assert Counter((event.condition, event.step) for event in expected) == {
            ("heart_rate_high", "onset"): 1, ("heart_rate_high", "clear"): 1,
            ("spo2_low", "onset"): 1, ("spo2_low", "clear"): 1,
        }  # fmt: skip
        ids, alert_ids = {event.event_id for event in expected}, {str(event.alert_id) for event in expected}

        assert until(lambda: ward.in_cassandra(*patients) == as_stored(expected), 30), ward.in_cassandra(*patients)
        assert until(lambda: ward.in_topic(*patients) == Counter(ids), 30), ward.in_topic(*patients)
        # Of the hypoxia, which was of high priority, the end is told, too.
        ends = Counter(event.alert_id for event in expected if (event.step, event.priority) == ("clear", "high"))
        assert set(ends.values()) == {1}
        told = Counter(alert_ids) + ends
        assert until(lambda: ward.told(*patients) == told, 60), ward.told(*patients)
        assert until(lambda: written_by_the_standby(ward) >= before + len(ids), 10)
        assert ward.stack.status()["alarms"]["pid"] is None
        mails = ward.told(*patients)
    finally:
        ward.stack.supervise("start", "alarms")

    # While the lane starts, the standby goes on. Then the lane takes the same stretch of the log: the same rows again.
    ward.play("standby-over", seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {})), discharge=True)
    over = ward.folded("standby-over")
    assert until(lambda: ward.in_cassandra("standby-over") == as_stored(over), 30), ward.in_cassandra("standby-over")
    assert until(lambda: ward.stack.status()["standby"]["says"] == "silent", 120, every_s=1)
    assert ward.in_cassandra(*patients) == as_stored(expected)
    assert ward.told(*patients) == mails
    assert until(lambda: ward.in_lake(*patients) == Counter(ids), LANDS_WITHIN_S), ward.in_lake(*patients)
