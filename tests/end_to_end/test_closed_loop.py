"""A breach reaches every place where it must be known, and what is no breach reaches none."""

from __future__ import annotations

from tests.end_to_end.ward import Ward, as_stored, seconds_of
from waiting import until


def test_a_sustained_breach_reaches_cassandra_topic_mailbox_and_lake_and_an_excursion_none(live_ward: Ward) -> None:
    ward = live_ward
    ward.play("loop-tachy", seconds_of((5, {}), (40, {"heart_rate_bpm": 130}), (20, {})), bed="7")
    ward.play("loop-hypoxia", seconds_of((5, {}), (40, {"spo2_pct": 88}), (20, {})), bed="8")
    ward.play("loop-excursion", seconds_of((5, {}), (2, {"heart_rate_bpm": 150, "spo2_pct": 80}), (20, {})), bed="9")
    patients = ("loop-tachy", "loop-hypoxia", "loop-excursion")

    expected = [event for event in ward.folded(*patients) if event.condition in {"heart_rate_high", "spo2_low"}]
    assert [(event.patient_id, event.condition, event.step, event.priority) for event in sorted(
        expected, key=lambda event: (event.patient_id, event.event_id)
    )] == [
        ("loop-hypoxia", "spo2_low", "onset", "medium"),
        ("loop-hypoxia", "spo2_low", "clear", "medium"),
        ("loop-tachy", "heart_rate_high", "onset", "medium"),
        ("loop-tachy", "heart_rate_high", "clear", "medium"),
    ]  # fmt: skip
    ids = {event.event_id for event in expected}
    wanted = sorted((as_stored(event) for event in expected), key=lambda row: row["event_id"])
    assert until(lambda: sorted(ward.in_cassandra(expected), key=lambda row: row["event_id"]) == wanted, 60)
    assert until(lambda: ids <= set(ward.in_topic(*patients)), 30)

    onsets = {str(event.alert_id) for event in expected if event.step == "onset"}
    assert until(lambda: onsets <= {id_ for id_ in onsets for m in ward.mails(*patients) if id_ in str(m)}, 60)
    message_ids = [mail["Message-ID"] for mail in ward.mails(*patients)]
    assert len(message_ids) == len(set(message_ids))

    assert until(lambda: ids <= set(ward.in_lake(*patients)), 120)
    assert set(ward.in_lake(*patients).values()) == {1}
    readings = ward.landed_readings("loop-tachy")
    assert len(readings) == 65
    assert set(readings.values()) == {1}
