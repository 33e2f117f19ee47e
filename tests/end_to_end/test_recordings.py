"""Two public recordings, played as monitors would send them, raise the alarms that are in them, and only those."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from tests.end_to_end.ward import LANDS_WITHIN_S, Ward, as_stored
from waiting import until

PATIENTS = ("bidmc-25", "bidmc-49")
WARDS = ("icu", "ward-a")  # the first two of care_teams.yaml, over which a replay spreads its patients
STEPS_TOLD = {"bidmc-25": 1, "bidmc-49": 2}


@pytest.mark.recordings
@pytest.mark.timeout(600)
def test_the_alarms_of_recordings_are_in_every_store(live_ward: Ward) -> None:
    ward = live_ward
    options = ["--records", "25,49", "--speed", "16", "--discharge"]
    command = [sys.executable, "-m", "streaming", "replay", "bidmc", *options]
    done = subprocess.run(command, env=ward.stack.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 patients, 962 readings (all)" in done.stdout

    expected = ward.folded(*PATIENTS)
    steps = [(event.patient_id, event.condition, event.step, event.priority, event.value) for event in expected]
    assert sorted(steps, key=lambda step: step[0]) == [
        ("bidmc-25", "heart_rate_high", "onset", "medium", 126),
        ("bidmc-25", "heart_rate_high", "discharge", "medium", 115),
        ("bidmc-49", "spo2_low", "onset", "medium", 85),
        ("bidmc-49", "spo2_low", "worsen", "high", 84),
        ("bidmc-49", "spo2_low", "ease", "medium", 87),
        ("bidmc-49", "spo2_low", "discharge", "medium", 86),
    ]
    ids = {event.event_id for event in expected}
    assert until(lambda: ward.in_cassandra(*PATIENTS) == as_stored(expected), 60), ward.in_cassandra(*PATIENTS)
    assert until(lambda: set(ward.in_topic(*PATIENTS)) == ids, 30), ids ^ set(ward.in_topic(*PATIENTS))
    assert until(lambda: ward.in_lake(*PATIENTS) == Counter(ids), LANDS_WITHIN_S), ward.in_lake(*PATIENTS)
    assert [ward.open_alerts(ward_id, *PATIENTS) for ward_id in WARDS] == [[], []]

    # An onset and a worsening are told, each once, to the ward's first team.
    told = {str(event.alert_id): STEPS_TOLD[event.patient_id] for event in expected}
    assert until(lambda: ward.told(*PATIENTS) == told, 60), ward.told(*PATIENTS)
    for patient in PATIENTS:
        landed = ward.landed_readings(patient)
        assert (len(landed), set(landed.values())) == (481, {1}), patient
