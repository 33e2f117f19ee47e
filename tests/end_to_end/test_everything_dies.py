"""kill -9 of each process of the live stack: no alert, mail or reading is lost or doubled."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.end_to_end.ward import Ward, as_stored, seconds_of
from waiting import until

PROCESSES = ("standby", "notify", "landing", "alarms", "cassandra", "datanode", "kafka")


def test_nothing_is_lost_or_doubled_by_any_single_death(live_ward: Ward) -> None:
    ward = live_ward
    patients = [f"killed-{name}" for name in PROCESSES]
    readings = seconds_of((5, {}), (30, {"heart_rate_bpm": 130}), (20, {}))
    for name, patient in zip(PROCESSES, patients, strict=True):
        begin = datetime.now(UTC) - timedelta(seconds=len(readings))
        goes_on = ward.play(patient, readings[:25], begin=begin)
        ward.stack.kill(name)
        ward.play(patient, readings[25:], begin=goes_on)

    expected = [event for event in ward.folded(*patients) if event.condition == "heart_rate_high"]
    assert Counter(event.step for event in expected) == {"onset": len(PROCESSES), "clear": len(PROCESSES)}
    ids = {event.event_id for event in expected}
    wanted = sorted((as_stored(event) for event in expected), key=lambda row: row["event_id"])
    assert until(lambda: sorted(ward.in_cassandra(expected), key=lambda row: row["event_id"]) == wanted, 120)
    assert until(lambda: ids <= set(ward.in_topic(*patients)), 60)

    onsets = {str(event.alert_id) for event in expected if event.step == "onset"}

    def told() -> set[str]:
        texts = [str(mail) for mail in ward.mails(*patients)]
        return {alert_id for alert_id in onsets if any(alert_id in text for text in texts)}

    assert until(lambda: told() == onsets, 120), onsets - told()
    mails = [(mail["Message-ID"], str(mail)) for mail in ward.mails(*patients)]
    assert [len({id_ for id_, text in mails if alert_id in text}) for alert_id in sorted(onsets)] == [1] * len(onsets)

    assert until(lambda: ids <= set(ward.in_lake(*patients)), 120), ids - set(ward.in_lake(*patients))
    assert set(ward.in_lake(*patients).values()) == {1}
    for patient in patients:
        landed = ward.landed_readings(patient)
        assert (len(landed), set(landed.values())) == (len(readings), {1}), patient
