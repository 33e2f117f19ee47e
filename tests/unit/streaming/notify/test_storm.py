"""Single mails while they are few, one that lists in a storm, and high priority never held for long."""

from datetime import timedelta

import pytest

from lakehouse.events import AlertEvent
from streaming.notify.storm import Queue
from streaming.notify.teams import Storm
from tests.unit.streaming.notify.builders import NIGHT, event

STORM = Storm(mails_per_minute=2, hold_s=30, high_hold_s=1, largest_digest=3)


def queue(*events: AlertEvent, at: float = 0.0) -> Queue:
    waiting = Queue(STORM)
    for each in events:
        waiting.put(each, at)
    return waiting


def numbers(events: list[AlertEvent]) -> list[int]:
    return [each.offset for each in events]


def medium(number: int) -> AlertEvent:
    return event(number=number, priority="medium")


def high(number: int) -> AlertEvent:
    return event(number=number, priority="high")


def test_few_alerts_go_out_at_once_each_by_itself_in_order() -> None:
    waiting = queue(medium(1), high(2))
    assert [numbers(waiting.take(0)) for _ in range(3)] == [[1], [2], []]


def test_more_than_the_minute_allows_wait_for_a_digest() -> None:
    waiting = queue(medium(1), medium(2), medium(3))
    assert (waiting.due_at(0), waiting.take(29.9), numbers(waiting.take(30))) == (30, [], [1, 2, 3])


def test_high_priority_waits_for_a_digest_no_longer_than_a_second() -> None:
    waiting = queue(medium(1), medium(2), medium(3))
    waiting.put(high(4), 10)
    assert (waiting.due_at(10), waiting.take(10.9)) == (11, [])
    assert [numbers(waiting.take(11)), numbers(waiting.take(11))] == [[1, 2, 3], [4]]


def test_a_digest_counts_as_one_mail() -> None:
    waiting = queue(medium(1), medium(2), medium(3))
    waiting.take(30)
    waiting.put(medium(4), 31)
    assert numbers(waiting.take(31)) == [4]


def test_a_full_minute_holds_even_a_single_alert_until_the_minute_is_over() -> None:
    waiting = queue(medium(1), medium(2))
    waiting.take(0)
    waiting.take(5)
    waiting.put(medium(3), 40)
    assert (waiting.due_at(40), waiting.take(59), numbers(waiting.take(60))) == (60, [], [3])


def test_after_a_long_wait_a_backlog_is_due_at_once() -> None:
    waiting = queue(*(medium(number) for number in range(1, 6)))
    assert [numbers(waiting.take(600)), numbers(waiting.take(600)), numbers(waiting.take(600))] == [
        [1, 2, 3],
        [4, 5],
        [],
    ]


def test_what_cannot_keep_up_goes_out_together_although_the_minute_would_allow_each_by_itself() -> None:
    waiting = queue(medium(1), medium(2))
    assert numbers(waiting.take(1.1)) == [1, 2]


def test_in_a_crowd_medium_is_held_and_high_goes_at_once_with_all_that_wait() -> None:
    waiting = queue(medium(1))
    assert (waiting.due_at(0, crowded=True), waiting.take(0.5, crowded=True)) == (30, [])
    waiting.put(high(2), 1)
    assert numbers(waiting.take(1, crowded=True)) == [1, 2]


def test_when_the_crowd_is_gone_what_was_held_goes_out() -> None:
    waiting = queue(medium(1))
    assert numbers(waiting.take(0.5)) == [1]


def test_a_digest_of_very_long_ids_is_a_shorter_one() -> None:
    waiting = queue(*(event(number=number, priority="medium", event_id="p" * 15_000) for number in range(3)))
    assert [numbers(waiting.take(600)), numbers(waiting.take(600))] == [[0, 1], [2]]


def test_a_digest_keeps_to_one_day() -> None:
    tomorrow = NIGHT + timedelta(days=1)
    waiting = queue(medium(1), medium(2), event(number=3, priority="medium", received_at=tomorrow))
    assert numbers(waiting.take(30)) == [1, 2]


@pytest.mark.parametrize("priority", ["low", "medium", "high"])
def test_in_a_steady_storm_nothing_waits_longer_than_its_hold(priority: str) -> None:
    waiting, waited = queue(), []
    for tenth in range(1200):
        now = tenth / 10
        waiting.put(event(number=tenth, priority=priority), now)
        while told := waiting.take(now):
            waited += [now - each.offset / 10 for each in told]
    assert max(waited) <= (STORM.high_hold_s if priority == "high" else STORM.hold_s) + 1e-9


def test_nothing_waits_in_an_empty_queue() -> None:
    assert (queue().due_at(0), queue().take(0), len(queue())) == (None, [], 0)
