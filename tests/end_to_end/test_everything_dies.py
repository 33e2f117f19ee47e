"""kill -9 of each process of the live stack: no alert, mail or reading is lost or doubled."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from programs import OWN, SERVICES
from tests.end_to_end.ward import LANDS_WITHIN_S, Ward, as_stored, seconds_of
from waiting import until

# Every process between a monitor and the mailbox; no alarm passes through PostgreSQL. Those that need the others first.
PROCESSES = [program.name for program in (*OWN, *reversed(SERVICES)) if program.name != "postgres"]


@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_by_any_single_death(live_ward: Ward) -> None:
    ward = live_ward
    patients = [f"killed-{name}" for name in PROCESSES]
    readings = seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {}))
    for name, patient in zip(PROCESSES, patients, strict=True):
        begin = datetime.now(UTC) - timedelta(seconds=len(readings))
        goes_on = ward.play(patient, readings[:25], begin=begin)
        ward.stack.kill(name)
        ward.play(patient, readings[25:], begin=goes_on, discharge=True)

    # All events of these patients, technical ones of a silence that lasted long enough too.
    expected = ward.folded(*patients)
    tachycardia = [event for event in expected if event.condition == "heart_rate_high"]
    assert Counter(event.step for event in tachycardia) == {"onset": len(PROCESSES), "clear": len(PROCESSES)}
    ids = {event.event_id for event in expected}
    assert until(lambda: ward.in_cassandra(*patients) == as_stored(expected), 120), ward.in_cassandra(*patients)
    assert until(lambda: set(ward.in_topic(*patients)) == ids, 60), ids ^ set(ward.in_topic(*patients))
    assert until(lambda: ward.open_alerts("icu-1", *patients) == [], 30), ward.open_alerts("icu-1", *patients)

    onsets = {str(event.alert_id) for event in tachycardia if event.step == "onset"}
    assert until(lambda: ward.told(*patients) == Counter(onsets), 120), ward.told(*patients)

    assert until(lambda: ward.in_lake(*patients) == Counter(ids), LANDS_WITHIN_S), ward.in_lake(*patients)
    for patient in patients:
        landed = ward.landed_readings(patient)
        assert (len(landed), set(landed.values())) == (len(readings), {1}), patient


@pytest.mark.timeout(600)
def test_while_cassandra_is_away_both_writers_wait_and_say_so_and_then_catch_up(live_ward: Ward) -> None:
    ward, patient = live_ward, "cassandra-away"

    def says(name: str) -> str:
        heartbeat = json.loads((ward.settings.run / "heartbeats" / f"{name}.json").read_text(encoding="utf-8"))
        return str(heartbeat["state"])

    ward.stack.supervise("stop", "cassandra")
    try:
        goes_on = ward.play(patient, seconds_of((5, {}), (30, {"heart_rate_bpm": 130})))
        waiting = "waiting for Cassandra"
        assert until(lambda: says("alarms").startswith(waiting) and says("standby").startswith(waiting), 120)
    finally:
        ward.stack.supervise("start", "cassandra")
    assert until(lambda: says("alarms") == "running", 180), says("alarms")
    ward.play(patient, seconds_of((20, {})), begin=goes_on, discharge=True)

    expected = ward.folded(patient)
    assert "onset" in {event.step for event in expected if event.condition == "heart_rate_high"}
    assert until(lambda: ward.in_cassandra(patient) == as_stored(expected), 120), ward.in_cassandra(patient)
    ids = {event.event_id for event in expected}
    assert until(lambda: set(ward.in_topic(patient)) == ids, 60), ids ^ set(ward.in_topic(patient))
