"""What counts as a ward that is not watched: one sentence each."""

from __future__ import annotations

from dataclasses import replace

from batch.watch import Standing, faults

WELL = Standing(
    partitions=[0, 1],
    pulse_age_s={0: 1.0, 1: 1.0},
    standby_writes=False,
    lag_s={0: 1.1},
    tick_age_s={0: 0.5, 1: 0.9},
    landing_age_s={0: 20.0},
    mail_age_s={2: 1.5},
    dead_letters=0,
)


def test_a_speed_layer_that_is_well_has_no_fault() -> None:
    assert list(faults(WELL)) == []


def test_a_lane_without_a_pulse_is_named_with_its_partitions() -> None:
    (fault,) = faults(replace(WELL, pulse_age_s={0: 1.0, 1: 31.0}))

    assert "partitions [1] have none and nobody writes alarms" in fault


def test_a_lane_that_pulses_and_does_not_keep_up_is_a_fault() -> None:
    (fault,) = faults(replace(WELL, lag_s={0: 1.1, 1: 61.0}))

    assert "partitions [1] are further behind" in fault


def test_a_lane_without_a_pulse_is_told_once_however_far_behind_it_is() -> None:
    assert len(list(faults(replace(WELL, pulse_age_s={0: 1.0, 1: 99.0}, lag_s={1: 99.0})))) == 1


def test_a_partition_that_no_lane_folds_is_a_fault() -> None:
    (fault,) = faults(replace(WELL, pulse_age_s={0: 1.0}, standby_writes=True))

    assert "partitions [1] have none and the standby writes for it" in fault


def test_a_clock_that_stands_still_is_a_fault() -> None:
    (fault,) = faults(replace(WELL, tick_age_s={0: 45.0, 1: 0.9}))

    assert "[0] do not" in fault


def test_a_partition_without_any_tick_is_a_fault() -> None:
    assert len(list(faults(replace(WELL, tick_age_s={0: 0.5})))) == 1


def test_alarms_that_nobody_is_told_of_are_a_fault() -> None:
    """The notifier hangs, or the mail server refuses for an hour: nothing is a dead letter yet."""
    (fault,) = faults(replace(WELL, mail_age_s={0: 301.0, 3: 901.0}))

    assert "[3] of `alerts` wait longer" in fault


def test_a_lake_that_is_late_and_mail_that_was_given_up_are_two_faults() -> None:
    found = list(faults(replace(WELL, landing_age_s={1: 901.0}, dead_letters=3)))

    assert "partitions [1] wait longer" in found[0]
    assert "3 of the last 15 min were given up" in found[1]


def test_the_summary_names_the_worst() -> None:
    assert WELL.summary()["tick_age_s"] == 0.9
    assert replace(WELL, landing_age_s={}).summary()["landing_age_s"] is None
