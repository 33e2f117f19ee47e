"""Cassandra as the lane, the notifier and the board use it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from lakehouse.cassandra import Cassandra, write_timestamp_us
from lakehouse.errors import AccessError, StoreError
from lakehouse.settings import CassandraSettings, Service, Settings
from lakehouse.tables import ALERT_EVENTS, ALERTS_BY_PATIENT, DEAD_LETTERS_BY_DAY, DELIVERIES, OPEN_ALERTS_BY_WARD

AT = datetime(2026, 11, 24, 8, 0, 0, 300_000, tzinfo=UTC)
DAY = date(2026, 11, 24)
NOBODYS_LOG = 10**9  # so far no test writes the log: the proof of another one does not ask for these events


@pytest.fixture(scope="module")
def alarms(settings: Settings) -> Iterator[Cassandra]:
    with Cassandra(settings, Service.ALARMS, patience_s=60) as database:
        yield database


@pytest.fixture(scope="module")
def notify(settings: Settings) -> Iterator[Cassandra]:
    with Cassandra(settings, Service.NOTIFY, patience_s=60) as database:
        yield database


@pytest.fixture
def patient_id() -> str:
    return f"p-{uuid4().hex}"


def alert(patient_id: str, **more: Any) -> dict[str, Any]:
    return {
        "patient_id": patient_id,
        "onset_at": AT,
        "alert_id": f"{patient_id}-a",
        "condition": "heart_rate_high",
        "step": "onset",
        "limits_version": 0,
        "received_at": AT,
        "acknowledged": False,
    } | more


def event(patient_id: str, number: int) -> dict[str, Any]:
    return {
        "alert_id": f"{patient_id}-a",
        "event_id": f"e{number:03d}",
        "patient_id": patient_id,
        "step": "onset",
        "limit": 120.0,
        "by": "nurse-1",
        "missing": ["temperature_c"],
        "received_at": AT,
        "partition": 3,
        "offset": NOBODYS_LOG + number,
    }


def delivery(event_id: str, **more: Any) -> dict[str, Any]:
    return {
        "recipient": f"{event_id}@h.example",
        "day": DAY,
        "event_id": event_id,
        "message_id": f"<{event_id}>",
        "state": "claimed",
        "attempts": 1,
        "claimed_by": "notifier-1",
        "claimed_at": AT,
    } | more


def test_a_row_comes_back_with_times_in_utc(alarms: Cassandra, patient_id: str) -> None:
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, alert(patient_id, value=131.5), timestamp_us=1)])
    (row,) = alarms.select(ALERTS_BY_PATIENT, {"patient_id": patient_id})
    assert (row["onset_at"], row["value"], row["silenced_until"]) == (AT, 131.5, None)


def test_a_late_write_does_not_take_a_state_back(alarms: Cassandra, patient_id: str) -> None:
    early, late = write_timestamp_us(AT, 0), write_timestamp_us(AT, 1)
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, alert(patient_id, step="clear"), timestamp_us=late)])
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, alert(patient_id, step="onset"), timestamp_us=early)])
    (row,) = alarms.select(ALERTS_BY_PATIENT, {"patient_id": patient_id})
    assert row["step"] == "clear"


def test_a_late_write_does_not_reopen_a_deleted_alert(alarms: Cassandra, patient_id: str) -> None:
    key = {"ward_id": patient_id, "alert_id": f"{patient_id}-a"}
    late = alarms.delete(OPEN_ALERTS_BY_WARD, key, timestamp_us=write_timestamp_us(AT, 1))
    alarms.write_all([late])
    row = alert(patient_id, ward_id=patient_id)
    alarms.write_all([alarms.upsert(OPEN_ALERTS_BY_WARD, row, timestamp_us=write_timestamp_us(AT, 0))])
    assert alarms.select(OPEN_ALERTS_BY_WARD, {"ward_id": patient_id}) == []


def test_a_column_left_out_keeps_what_it_has_and_none_erases_it(alarms: Cassandra, patient_id: str) -> None:
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, alert(patient_id, bed="7", reason="x"), timestamp_us=1)])
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, alert(patient_id, reason=None), timestamp_us=2)])
    (row,) = alarms.select(ALERTS_BY_PATIENT, {"patient_id": patient_id})
    assert (row["bed"], row["reason"]) == ("7", None)


def test_the_newest_alert_of_a_patient_comes_first(alarms: Cassandra, patient_id: str) -> None:
    rows = [alert(patient_id, alert_id=f"a{minute}", onset_at=AT + timedelta(minutes=minute)) for minute in (1, 3, 2)]
    alarms.write_all([alarms.upsert(ALERTS_BY_PATIENT, row, timestamp_us=1) for row in rows])
    found = alarms.select(ALERTS_BY_PATIENT, {"patient_id": patient_id}, limit=2)
    assert [row["alert_id"] for row in found] == ["a3", "a2"]


def test_many_rows_of_many_partitions_are_written_together_and_may_be_repeated(
    alarms: Cassandra, patient_id: str
) -> None:
    patients = [f"{patient_id}-{number}" for number in range(3)]
    writes = [alarms.upsert(ALERT_EVENTS, event(p, n), timestamp_us=1) for n in range(100) for p in patients]
    alarms.write_together(writes)
    alarms.write_together(writes)
    for each in patients:
        rows = alarms.select(ALERT_EVENTS, {"patient_id": each, "alert_id": f"{each}-a"})
        assert [row["event_id"] for row in rows] == [f"e{number:03d}" for number in range(100)]
        assert (rows[0]["limit"], rows[0]["by"], rows[0]["missing"]) == (120.0, "nurse-1", ["temperature_c"])


def test_the_database_chooses_rows_of_many_patients(alarms: Cassandra, patient_id: str) -> None:
    mine = [f"{patient_id}-{number}" for number in range(3)]
    alarms.write_all(alarms.upsert(ALERT_EVENTS, event(each, number)) for each in mine for number in range(4))
    keys = [{"patient_id": each} for each in [*mine, "nobody"]]
    found = alarms.select_between(ALERT_EVENTS, keys, "offset", NOBODYS_LOG + 1, NOBODYS_LOG + 3)
    wanted = [(each, event_id) for each in mine for event_id in ("e001", "e002")]
    assert [(row["patient_id"], row["event_id"]) for row in found] == wanted


def test_patients_with_rows_that_lack_a_value_are_found(alarms: Cassandra, patient_id: str) -> None:
    mine = {"whole": {}, "without partition": {"partition"}, "nowhere": {"partition", "offset"}}
    for which, lacking in mine.items():
        first, second = event(f"{patient_id} {which}", 1), event(f"{patient_id} {which}", 2)
        alarms.execute(alarms.upsert(ALERT_EVENTS, first))
        alarms.execute(alarms.upsert(ALERT_EVENTS, {name: second[name] for name in second.keys() - lacking}))
    keys = [{"patient_id": f"{patient_id} {which}"} for which in mine]
    try:
        found = list(alarms.with_empty(ALERT_EVENTS, ("partition", "offset")))
        assert [key in found for key in keys] == [False, True, True]
    finally:
        alarms.write_all(alarms.delete(ALERT_EVENTS, key) for key in keys)


def test_nothing_to_write_is_no_request(alarms: Cassandra) -> None:
    alarms.write_together([])


def test_a_service_may_not_write_what_is_not_its_own(alarms: Cassandra) -> None:
    row = {"day": DAY, "at": AT, "event_id": "e", "recipient": "r@h.example"}
    with pytest.raises(AccessError, match="no MODIFY permission on <table wardwatch"):
        alarms.write_all([alarms.upsert(DEAD_LETTERS_BY_DAY, row)])


def test_a_claim_is_won_once_and_its_winner_may_ask_again(notify: Cassandra) -> None:
    claim = delivery(uuid4().hex)
    assert notify.insert_all_if_absent(DELIVERIES, [claim]) == []
    assert notify.insert_all_if_absent(DELIVERIES, [claim]) == []
    (there,) = notify.insert_all_if_absent(DELIVERIES, [claim | {"claimed_by": "notifier-2"}])
    assert there["claimed_by"] == "notifier-1"


def test_several_claims_on_one_partition_are_won_together_or_not_at_all(notify: Cassandra) -> None:
    one, two = uuid4().hex, uuid4().hex
    rows = [delivery(event_id, recipient=f"{one}@h.example") for event_id in (one, two)]
    assert notify.insert_all_if_absent(DELIVERIES, [rows[1] | {"claimed_by": "notifier-2"}]) == []
    (there,) = notify.insert_all_if_absent(DELIVERIES, rows)
    assert there["event_id"] == two
    assert [row["event_id"] for row in notify.select(DELIVERIES, {"recipient": f"{one}@h.example", "day": DAY})] == [
        two
    ]


def test_a_row_is_changed_only_while_it_is_as_expected(notify: Cassandra) -> None:
    claim = delivery(uuid4().hex)
    key = {name: claim[name] for name in DELIVERIES.key}
    notify.insert_all_if_absent(DELIVERIES, [claim])
    sent = {"state": "sent", "sent_at": AT}
    assert notify.update_if(DELIVERIES, key, sent, {"claimed_by": "notifier-1", "state": "claimed"})
    assert notify.update_if(DELIVERIES, key, sent, {"claimed_by": "notifier-1", "state": "claimed"})
    assert not notify.update_if(DELIVERIES, key, {"state": "dead"}, {"claimed_by": "notifier-2"})


def test_claims_take_no_timestamp(notify: Cassandra) -> None:
    with pytest.raises(ValueError, match="leave it out"):
        notify.upsert(DELIVERIES, delivery("e"), timestamp_us=1)


def test_a_wrong_password_is_said_in_words(settings: Settings) -> None:
    wrong = settings.model_copy(update={"passwords": settings.passwords | {Service.BOARD: SecretStr("wrong")}})
    with pytest.raises(StoreError, match=r"board cannot at .* incorrect"):
        Cassandra(wrong, Service.BOARD, patience_s=1).__enter__()


def test_a_database_that_is_away_is_said_in_words(settings: Settings) -> None:
    away = settings.model_copy(update={"cassandra": CassandraSettings(port=1)})
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1.*make status"):
        Cassandra(away, Service.BOARD, patience_s=1).__enter__()
