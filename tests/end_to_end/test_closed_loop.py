"""A breach reaches every place where it must be known, and what is no breach reaches none."""

from __future__ import annotations

from collections import Counter

from tests.end_to_end.ward import LANDS_WITHIN_S, Ward, as_stored, seconds_of
from waiting import until


def test_a_sustained_breach_reaches_cassandra_topic_mailbox_and_lake_and_an_excursion_none(live_ward: Ward) -> None:
    ward = live_ward
    excursion = seconds_of((5, {}), (2, {"heart_rate_bpm": 150, "spo2_pct": 80}), (20, {}))
    tachy = seconds_of((5, {}), (40, {"heart_rate_bpm": 130}), (20, {}))
    hypoxia = seconds_of((5, {}), (40, {"spo2_pct": 88}), (20, {}))
    ward.play("loop-excursion", excursion, bed="9", discharge=True)
    ward.play("loop-tachy", tachy, bed="7", discharge=True)
    ward.play("loop-hypoxia", hypoxia, bed="8", discharge=True)
    patients = ("loop-excursion", "loop-hypoxia", "loop-tachy")

    expected = ward.folded(*patients)
    steps = [(event.patient_id, event.condition, event.step, event.priority) for event in expected]
    assert sorted(steps) == [
        ("loop-hypoxia", "spo2_low", "clear", "medium"),
        ("loop-hypoxia", "spo2_low", "onset", "medium"),
        ("loop-tachy", "heart_rate_high", "clear", "medium"),
        ("loop-tachy", "heart_rate_high", "onset", "medium"),
    ]
    ids = {event.event_id for event in expected}
    alert_ids = {str(event.alert_id) for event in expected}

    # Each place has these events and no other: equality says that the excursion has come to none.
    assert until(lambda: ward.in_cassandra(*patients) == as_stored(expected), 60), ward.in_cassandra(*patients)
    assert until(lambda: set(ward.in_topic(*patients)) == ids, 30), ward.in_topic(*patients)
    assert until(lambda: ward.told(*patients) == Counter(alert_ids), 60), ward.told(*patients)
    assert until(lambda: ward.in_lake(*patients) == Counter(ids), LANDS_WITHIN_S), ward.in_lake(*patients)

    states = ward.alerts_in_cassandra(*patients)
    assert {row["alert_id"]: (row["step"], row["closed_at"] is not None) for row in states} == dict.fromkeys(
        alert_ids, ("clear", True)
    )
    assert ward.open_alerts("icu-1", *patients) == []
    assert ward.mails("loop-excursion") == []

    # The excursion was seen, and not lost on its way: its readings have landed, each once.
    for patient, readings in (("loop-excursion", excursion), ("loop-tachy", tachy), ("loop-hypoxia", hypoxia)):
        landed = ward.landed_readings(patient)
        assert (len(landed), set(landed.values())) == (len(readings), {1}), patient
