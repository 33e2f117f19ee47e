"""kill -9 of the alarms process between any two of its steps: no alert is lost, none has a second id."""

from __future__ import annotations

import signal

from tests.end_to_end.ward import Ward, as_stored, seconds_of
from waiting import until

STEPS = ("alarms.after_fold", "alarms.after_cassandra", "alarms.after_produce", "alarms.before_commit")


def test_no_alert_is_lost_or_doubled_wherever_the_process_dies(ward: Ward) -> None:
    patients = [step.replace("alarms.", "dies-") for step in STEPS]
    for step, patient in zip(STEPS, patients, strict=True):
        process = ward.start("alarms", WARDWATCH_FAULT=step)
        ward.play(patient, seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {})))
        assert process.wait(120) == -signal.SIGKILL, f"{step}: it was to die there"

    ward.play("lives", seconds_of((5, {}), (30, {"spo2_pct": 84}), (20, {})))
    process = ward.start("alarms")
    try:
        expected = ward.folded(*patients, "lives")
        assert [event.step for event in expected if event.patient_id == "lives"] == ["onset", "clear"]

        def stored() -> list[dict[str, object]]:
            return sorted(ward.in_cassandra(expected), key=lambda row: row["event_id"])

        wanted = sorted((as_stored(event) for event in expected), key=lambda row: row["event_id"])
        assert until(lambda: stored() == wanted, 120), (stored(), wanted)
        assert until(lambda: set(ward.in_topic(*patients, "lives")) == {event.event_id for event in expected}, 30)
    finally:
        process.terminate()
        assert process.wait(60) == 0
