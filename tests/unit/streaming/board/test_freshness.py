"""Nothing stale looks live."""

from __future__ import annotations

import pytest

from streaming.board.freshness import Freshness, Signs, faults, of_score, of_value

NOW_MS = 1_772_366_400_000  # 2026-03-01 12:00 UTC
LIVE = Signs(NOW_MS - 60_000, alarms_ms=NOW_MS - 900, log_ms=NOW_MS - 900, store_ms=NOW_MS - 900)


def signs(**changes: object) -> Signs:
    return Signs(**{name: changes.get(name, getattr(LIVE, name)) for name in Signs.__slots__})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("vital", "age_s", "period_s", "expected"),
    [
        ("heart_rate_bpm", 10, 1, Freshness.LIVE),
        ("heart_rate_bpm", 11, 1, Freshness.OLD),
        ("heart_rate_bpm", 3601, 1, Freshness.GONE),
        ("temperature_c", 40, 15, Freshness.LIVE),  # within three periods
        ("temperature_c", 61, 30, Freshness.OLD),  # and not after a minute,
        ("heart_rate_bpm", 61, 3600, Freshness.OLD),  # as what is charted
        ("heart_rate_bpm", 3601, 3600, Freshness.GONE),
        ("temperature_c", 3 * 3600, 1, Freshness.OLD),
        ("temperature_c", 7 * 3600, 1, Freshness.GONE),
    ],
)
def test_a_value_is_live_for_ten_seconds_or_three_periods_at_most_a_minute_and_then_old(
    vital: str, age_s: int, period_s: int, expected: Freshness
) -> None:
    assert of_value(vital, NOW_MS - age_s * 1000, period_s * 1000, NOW_MS) is expected


def test_a_page_whose_parts_all_live_is_live() -> None:
    assert faults(LIVE, NOW_MS) == []


def test_a_score_is_old_after_a_minute_and_gone_with_the_first_value_that_counted_in_it() -> None:
    scored_ms = NOW_MS - 3600_000
    measured_ms = {"heart_rate_bpm": scored_ms, "temperature_c": scored_ms - 3600_000, "spo2_pct": scored_ms - 7200_000}

    assert of_score(scored_ms, measured_ms, scored_ms + 60_000) is Freshness.LIVE
    assert of_score(scored_ms, measured_ms, scored_ms + 61_000) is Freshness.OLD
    assert of_score(scored_ms, measured_ms, NOW_MS) is Freshness.OLD
    assert of_score(scored_ms, measured_ms, NOW_MS + 1) is Freshness.GONE
    assert of_score(0, {}, NOW_MS) is Freshness.GONE


def test_alarms_that_are_more_than_ten_seconds_behind_the_log_are_said() -> None:
    assert faults(signs(alarms_ms=NOW_MS - 10_000), NOW_MS) == []
    assert faults(signs(alarms_ms=NOW_MS - 12_000), NOW_MS) == [
        "ALARMS ARE LATE: those of the last 12 s may be missing."
    ]


def test_a_silent_log_is_said() -> None:
    assert faults(signs(log_ms=NOW_MS - 6_000), NOW_MS) == ["NO READINGS ARRIVE: the log has been silent for 6 s."]


def test_a_store_that_refuses_is_said_at_once_and_one_that_hangs_soon() -> None:
    (refused,) = faults(signs(store_error="no host is up"), NOW_MS)
    (hanging,) = faults(signs(store_ms=NOW_MS - 7_000), NOW_MS)

    assert refused == "THE STORE OF ALARMS DOES NOT ANSWER: the alarms shown are those of 11:59:59 UTC."
    assert hanging.endswith("those of 11:59:53 UTC.")


def test_a_store_that_was_never_read_shows_nothing_and_says_so() -> None:
    assert faults(signs(store_ms=0, store_since_ms=NOW_MS - 1_000), NOW_MS) == []
    (fault,) = faults(signs(store_ms=0, store_since_ms=NOW_MS - 7_000), NOW_MS)
    assert fault.endswith("the alarms shown are not known.")


def test_a_board_that_has_just_begun_waits_for_the_first_signs() -> None:
    fresh = Signs(NOW_MS - 2_000, store_ms=NOW_MS)
    assert faults(fresh, NOW_MS) == []
    assert len(faults(fresh, NOW_MS + 20_000)) == 3
