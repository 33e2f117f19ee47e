"""Alert events in Kafka become mails: at least once, under one Message-ID per step and recipient, whatever happens."""

import signal
from datetime import UTC, datetime

import pytest

from lakehouse.alert_rows import event_row
from lakehouse.cassandra import Cassandra
from lakehouse.settings import Service
from lakehouse.tables import ALERT_EVENTS, DEAD_LETTERS_BY_DAY
from streaming.notify.message import message_id
from tests.integration.streaming.notify.conftest import Bench, eventually
from tests.integration.streaming.notify.servers import text_of
from tests.local_stack import LocalStack

FAULTS = ["notify.before_claim", "notify.after_claim", "notify.after_send", "notify.after_mark", "notify.before_commit"]


def test_each_step_reaches_each_recipient_once_although_the_topic_repeats_it(bench: Bench) -> None:
    onset = bench.event(1)
    worse = bench.event(2, step="worsen", alert_id=onset.alert_id)
    unanswered = bench.event(3, step="escalate", escalation=1, alert_id=onset.alert_id)
    bench.write(onset, onset, worse, onset, unanswered, worse, bench.event(4, step="ease"))
    bench.start()
    eventually(lambda: bench.heartbeat().get("told nobody: step ease is not mailed", 0) >= 1)
    eventually(lambda: len(bench.message_ids("physician")) == 1)
    bench.write(onset, unanswered)
    bench.write(bench.event(5))
    eventually(lambda: len(bench.message_ids("nurse")) == 3)
    nurse, physician = bench.address("nurse"), bench.address("physician")
    assert bench.message_ids("nurse") == [message_id([f"{bench.run}-{n}"], nurse) for n in (1, 2, 5)]
    assert bench.message_ids("physician") == [message_id([unanswered.event_id], physician)]


def test_one_recipient_who_is_refused_holds_up_no_other(bench: Bench, database: Cassandra) -> None:
    gone, grey = bench.address("gone"), bench.address("grey")
    bench.server.on_rcpt = lambda to, before: (
        "550 5.1.1 no such user" if to == gone else "451 4.7.1 greylisted" if to == grey and before < 2 else None
    )
    bench.write(bench.event(1, ward_id=f"{bench.run}-large"))
    bench.start()
    eventually(lambda: bench.states("nurse") == {f"{bench.run}-1": "sent"})
    eventually(lambda: bench.states("grey") == {f"{bench.run}-1": "sent"})
    eventually(lambda: bench.states("gone") == {f"{bench.run}-1": "dead"})
    letters = database.select(DEAD_LETTERS_BY_DAY, {"day": datetime.now(UTC).date()})
    assert [row["error"] for row in letters if row["recipient"] == gone] == ["550 5.1.1 no such user"]
    eventually(lambda: bench.heartbeat().get("dead") == 1)


def test_a_connection_dropped_after_the_text_gives_the_same_mail_again(bench: Bench) -> None:
    bench.server.drop_after_data = 1
    bench.write(bench.event(1))
    bench.start()
    eventually(lambda: bench.states("nurse") == {f"{bench.run}-1": "sent"})
    assert bench.message_ids("nurse") == [message_id([f"{bench.run}-1"], bench.address("nurse"))] * 2


def test_a_slow_server_delays_mails_and_tells_nothing_twice(bench: Bench) -> None:
    bench.server.delay_s = 1.5
    bench.write(*(bench.event(number) for number in range(4)))
    bench.start()
    eventually(lambda: len(bench.references("nurse")) >= 4)
    assert bench.references("nurse") == [f"{bench.run}-alert-{number}" for number in range(4)]
    assert len(bench.message_ids("nurse")) == 2  # the first, and then all that had to wait for it


def test_a_server_slower_than_the_patience_gets_the_same_mail_again(bench: Bench) -> None:
    bench.server.delay_s = 4.0
    bench.write(bench.event(1))
    bench.start()
    eventually(lambda: "timed out" in str(bench.heartbeat().get("trouble")))
    bench.server.delay_s = 0.0
    eventually(lambda: bench.states("nurse") == {f"{bench.run}-1": "sent"})
    assert set(bench.message_ids("nurse")) == {message_id([f"{bench.run}-1"], bench.address("nurse"))}


def test_a_greylisted_mail_survives_a_restart_with_its_message_id(bench: Bench) -> None:
    bench.server.on_rcpt = lambda _, before: "450 4.2.0 greylisted, come back later" if before < 2 else None
    bench.write(bench.event(1), bench.event(2))
    bench.start()
    eventually(lambda: "greylisted" in str(bench.heartbeat().get("trouble")))
    bench.stop()
    bench.start()
    eventually(lambda: set(bench.states("nurse").values()) == {"sent"})
    nurse = bench.address("nurse")
    assert bench.message_ids("nurse") == [message_id([f"{bench.run}-{number}"], nurse) for number in (1, 2)]


def test_a_mail_has_html_text_and_links_and_says_that_it_has_no_picture(bench: Bench) -> None:
    bench.write(bench.event(1, patient_id=f"{bench.run}-patient"))
    bench.start()
    eventually(lambda: len(bench.message_ids("nurse")) == 1)
    (mail,) = bench.server.to(bench.address("nurse"))
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert f"?patient={bench.run}-patient" in text_of(mail)
    assert f"?acknowledge={bench.run}-alert-1" in text_of(mail)
    assert "no picture: nothing is known of the last 30 min" in text_of(mail)


def test_a_repeat_is_quiet_and_a_worse_one_is_told(bench: Bench) -> None:
    bench.start()
    patient = f"{bench.run}-patient"
    bench.write(bench.event(1, patient_id=patient, priority="medium"))
    eventually(lambda: bench.references("nurse") == [f"{bench.run}-alert-1"])
    bench.write(bench.event(2, patient_id=patient, priority="medium"), bench.event(3, patient_id=patient))
    eventually(lambda: len(bench.references("nurse")) == 2)
    assert bench.references("nurse")[1] == f"{bench.run}-alert-3"
    eventually(lambda: bench.heartbeat().get("quiet repeats") == 1)


def test_the_end_is_told_to_those_who_were_told_of_the_beginning_also_after_a_restart(
    bench: Bench, stack: LocalStack
) -> None:
    patient = f"{bench.run}-patient"
    onset = bench.event(1, patient_id=patient)
    eased = bench.event(2, patient_id=patient, alert_id=onset.alert_id, step="ease", priority="medium")
    end = bench.event(
        3, patient_id=patient, alert_id=onset.alert_id, step="clear", priority="medium", acknowledged=True
    )
    untold = bench.event(4, patient_id=patient, step="clear")
    with Cassandra(stack.settings, Service.ALARMS, patience_s=60) as lane:  # it writes its rows before the topic
        lane.write_all(lane.upsert(ALERT_EVENTS, event_row(each)) for each in (onset, eased, end, untold))
    bench.write(onset, eased)
    bench.start()
    eventually(lambda: len(bench.message_ids("nurse")) == 1)
    bench.stop()
    bench.write(end, untold, bench.event(5, patient_id=patient))
    bench.start()
    eventually(lambda: len(bench.message_ids("nurse")) == 3)
    nurse = bench.address("nurse")
    assert bench.message_ids("nurse") == [message_id([f"{bench.run}-{number}"], nurse) for number in (1, 3, 5)]
    assert bench.message_ids("physician") == []
    assert bench.server.to(nurse)[1]["Subject"].startswith("CLEARED ")


def test_while_the_server_is_away_it_waits_says_so_and_then_catches_up_in_order(bench: Bench) -> None:
    bench.server.go_down()
    bench.write(*(bench.event(number) for number in range(1, 6)))
    bench.start()
    eventually(lambda: bench.heartbeat().get("state") == "waiting")
    assert "the mail server must take mail" in bench.heartbeat()["trouble"]
    bench.server.go_up()
    eventually(lambda: len(bench.references("nurse")) == 5)
    assert bench.references("nurse") == [f"{bench.run}-alert-{number}" for number in range(1, 6)]


def test_a_record_that_cannot_be_read_is_a_dead_letter_and_the_next_one_is_told(
    bench: Bench, database: Cassandra
) -> None:
    broken = f'{{"kind": "event", "event_id": "{bench.run}"'.encode()
    bench.write(broken, bench.event(1))
    bench.start()
    eventually(lambda: len(bench.message_ids("nurse")) == 1)
    letters = database.select(DEAD_LETTERS_BY_DAY, {"day": datetime.now(UTC).date()})
    assert [row["event_id"].partition("[")[0] for row in letters if not row["recipient"]]
    eventually(lambda: bench.heartbeat().get("unreadable") == 1)


def test_a_storm_becomes_a_few_mails_that_list_everything_under_one_message_id_each(bench: Bench) -> None:
    bench.start()
    bench.write(*(bench.event(number) for number in range(300)))
    eventually(lambda: len(bench.references("nurse")) >= 300)
    assert sorted(bench.references("nurse")) == sorted(f"{bench.run}-alert-{number}" for number in range(300))
    assert len(bench.message_ids("nurse")) <= 12


@pytest.mark.parametrize(
    ("fault", "count"),
    [(fault, 1) for fault in FAULTS] + [("notify.after_claim", 30), ("notify.after_send", 30)],
)
def test_killed_at_any_point_it_tells_everything_under_one_message_id(bench: Bench, fault: str, count: int) -> None:
    bench.write(*(bench.event(number) for number in range(count)))
    bench.start(fault)
    assert bench.wait_for_its_death() == -signal.SIGKILL
    bench.start(fault)
    eventually(lambda: len(set(bench.references("nurse"))) == count)
    told: dict[str, set[str]] = {}
    for mail in bench.server.to(bench.address("nurse")):
        for word in text_of(mail).split():
            if word.startswith(f"{bench.run}-alert-"):
                told.setdefault(word, set()).add(mail["Message-ID"])
    assert {len(ids) for ids in told.values()} == {1}
    eventually(lambda: not {"claimed"} & set(bench.states("nurse").values()))


@pytest.mark.parametrize("store", ["cassandra", "kafka"])
def test_a_store_that_is_killed_delays_mails_and_loses_none(bench: Bench, stack: LocalStack, store: str) -> None:
    bench.start()
    bench.write(bench.event(1))
    eventually(lambda: len(bench.message_ids("nurse")) == 1)
    stack.kill(store)
    bench.write(bench.event(2), bench.event(3))
    eventually(lambda: len(bench.message_ids("nurse")) >= 3, within_s=180)
    nurse = bench.address("nurse")
    assert bench.message_ids("nurse") == [message_id([f"{bench.run}-{number}"], nurse) for number in (1, 2, 3)]
    eventually(lambda: set(bench.states("nurse").values()) == {"sent"}, within_s=180)
