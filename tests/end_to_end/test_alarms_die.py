"""kill -9 of the alarms process between any two of its steps: no alert, mail or reading is lost or doubled."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter

import pytest

from tests.end_to_end.ward import LANDS_WITHIN_S, Ward, as_stored, seconds_of
from waiting import until

STEPS = (
    "alarms.after_fold",
    "alarms.after_cassandra",
    "alarms.after_produce",
    "snapshot.before_write",
    "snapshot.before_rename",
    "snapshot.after_rename",
    "alarms.before_commit",
)


def ended(ward: Ward, process: subprocess.Popen[bytes]) -> int | None:
    """Wait for the end of a process while the log goes on: a lane saves its state with a batch, now and then."""

    def has_ended() -> bool:
        ward.play("goes-on", seconds_of((1, {})))
        return process.poll() is not None

    until(has_ended, 120, every_s=1)
    return process.returncode


@pytest.mark.timeout(900)
def test_no_alert_is_lost_or_doubled_wherever_the_process_dies(ward: Ward) -> None:
    patients = [step.replace(".", "-") for step in STEPS]
    readings = seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {}))
    for step, patient in zip(STEPS, patients, strict=True):
        process = ward.start("alarms", WARDWATCH_FAULT=step)
        ward.play(patient, readings, discharge=True)
        assert ended(ward, process) == -signal.SIGKILL, f"{step}: it was to die there"

    ward.play("lives", readings, discharge=True)
    patients.append("lives")
    processes = [ward.start(name) for name in ("alarms", "notify", "landing")]
    try:
        expected = ward.folded(*patients)
        assert [event.step for event in expected if event.patient_id == "lives"] == ["onset", "clear"]
        assert len(expected) == 2 * len(patients)
        ids = {event.event_id for event in expected}
        assert until(lambda: ward.in_cassandra(*patients) == as_stored(expected), 120), ward.in_cassandra(*patients)
        assert until(lambda: set(ward.in_topic(*patients)) == ids, 30), ids ^ set(ward.in_topic(*patients))
        onsets = Counter(str(event.alert_id) for event in expected if event.step == "onset")
        assert until(lambda: ward.told(*patients) == onsets, 120), ward.told(*patients)
        assert until(lambda: ward.in_lake(*patients) == Counter(ids), LANDS_WITHIN_S), ward.in_lake(*patients)
        for patient in patients:
            landed = ward.landed_readings(patient)
            assert (len(landed), set(landed.values())) == (len(readings), {1}), patient
    finally:
        for process in processes:
            process.terminate()
        assert [process.wait(60) for process in processes] == [0, 0, 0]
