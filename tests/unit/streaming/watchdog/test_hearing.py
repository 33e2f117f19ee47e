"""What counts as silence: of a lane and its standby, of the clock, of Kafka."""

from streaming.watchdog.hearing import Hearing

SILENCE_S = 30.0


def hearing(*, pulses: float | None = 100.0, ticks: float | None = 100.0, looked: float = 100.0) -> Hearing:
    """Return what was heard of partitions 0 and 1 by a watchdog that began at 0 s."""
    heard = Hearing(range(2), since_s=0.0, looked_s=looked)
    for partition in (0, 1):
        if pulses is not None:
            heard.pulse([partition], pulses)
        if ticks is not None:
            heard.tick(partition, ticks)
    return heard


def faults(heard: Hearing, now_s: float) -> list[str]:
    return list(heard.faults(now_s, SILENCE_S))


def test_thirty_seconds_of_silence_are_allowed_and_no_more() -> None:
    assert faults(hearing(), 130) == []
    assert len(faults(hearing(looked=131), 131)) == 2


def test_no_pulse_is_said_and_where() -> None:
    heard = hearing(ticks=200, looked=200)
    assert faults(heard, 200) == [
        "nobody raises alarms: neither lane nor standby has given a sign for 30 s (all patients)"
    ]
    heard.pulse([1], 199)
    assert "(partitions 0 of 2)" in faults(heard, 200)[0]


def test_any_pulse_of_a_partition_counts_whoever_gave_it() -> None:
    heard = hearing(ticks=200, looked=200)
    heard.pulse([0], 190)  # the lane of one half
    heard.pulse([1], 195)  # the standby of the other
    assert faults(heard, 200) == []


def test_a_clock_that_stands_still_is_said() -> None:
    assert "the clock stands still" in faults(hearing(pulses=200, looked=200), 200)[0]


def test_a_kafka_that_does_not_answer_is_said_and_nothing_else() -> None:
    assert [each.partition(":")[0] for each in faults(hearing(), 200)] == ["Kafka has not answered for 30 s"]


def test_what_was_not_looked_for_is_not_silent() -> None:
    heard = hearing(looked=130)
    assert faults(heard, 140) == []
    heard.look(131)
    assert len(faults(heard, 140)) == 2


def test_who_listens_anew_knows_nothing() -> None:
    heard = hearing(looked=200)
    heard.begin(200)
    assert (faults(heard, 230), heard.is_complete) == ([], False)
    heard.look(231)
    assert len(faults(heard, 231)) == 2


def test_nothing_is_silent_for_longer_than_the_watchdog_listens() -> None:
    assert faults(hearing(pulses=None, ticks=None, looked=30), 30) == []
    assert len(faults(hearing(pulses=None, ticks=None, looked=31), 31)) == 2


def test_monitoring_has_been_up_when_every_partition_was_folded_and_ticked() -> None:
    heard = hearing(ticks=None)
    heard.tick(0, 100)
    assert not heard.is_complete
    heard.tick(1, 100)
    assert heard.is_complete
