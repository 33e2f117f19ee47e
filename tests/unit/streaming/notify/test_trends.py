"""The last half hour of a vital, in steps; what is too old is gone."""

import numpy as np
import pytest

from streaming.notify.trends import STEP_S, STEPS, Trends, in_words

NOW_S = 1_795_489_920.0  # begins a step


def kept(*values: tuple[float, float], vital: str = "heart_rate_bpm", now_s: float = NOW_S) -> Trends:
    """Return trends that were shown values (seconds before `NOW_S`, value) of one patient, the oldest first."""
    trends = Trends()
    for before_s, value in values:
        trends.move_to(NOW_S - before_s)
        trends.keep("p-1", {vital: (value, int((NOW_S - before_s) * 1000))})
    trends.move_to(now_s)
    return trends


def test_values_come_back_in_order_in_the_step_in_which_they_were_measured() -> None:
    at_s, values = kept((40, 81.3), (20, 82), (0, 90)).of("p-1", "heart_rate_high")
    assert values.tolist() == [81.3, 82, 90]
    assert (NOW_S - at_s).tolist() == [45, 30, 0]


def test_of_a_step_the_last_value_counts() -> None:
    assert kept((14, 80), (12, 85)).of("p-1", "heart_rate_low")[1].tolist() == [85]


def test_what_is_older_than_half_an_hour_is_gone() -> None:
    old = kept((1790, 80), (10, 90), now_s=NOW_S + 60)
    assert old.of("p-1", "heart_rate_high")[1].tolist() == [90]
    assert len(old) == 1


def test_a_patient_who_is_silent_for_half_an_hour_is_forgotten_and_the_place_used_again() -> None:
    trends = kept((10, 80), now_s=NOW_S + 2000)
    assert len(trends) == 0
    trends.keep("p-2", {"heart_rate_bpm": (70, int((NOW_S + 1990) * 1000))})
    assert trends.of("p-2", "heart_rate_high")[1].tolist() == [70]
    assert not len(trends.of("p-1", "heart_rate_high")[1])


def of_two_devices(heart_every_s: int, *, heart_until_s: int = 0) -> list[float]:
    """Return the trend of a heart rate of 80, and of a pulse of 60 that is measured a moment later every 10 s."""
    trends = Trends()
    for before_s in range(600, -1, -10):
        trends.move_to(NOW_S - before_s)
        vitals = {"pulse_rate_bpm": (60.0, int((NOW_S - before_s) * 1000))}
        if before_s % heart_every_s == 0 and before_s >= heart_until_s:
            vitals["heart_rate_bpm"] = (80.0, int((NOW_S - before_s - 6) * 1000))
        trends.keep("p-1", vitals)
    values: list[float] = trends.of("p-1", "heart_rate_high")[1].tolist()
    return values


@pytest.mark.parametrize("heart_every_s", [10, 20, 60, 120])
def test_a_heart_rate_that_is_measured_hides_the_pulse_however_seldom(heart_every_s: int) -> None:
    assert set(of_two_devices(heart_every_s)) == {80.0}


@pytest.mark.parametrize(("heart_every_s", "left_out"), [(10, 1), (60, 12)])
def test_the_pulse_stands_in_where_the_heart_rate_has_been_absent_for_three_periods(
    heart_every_s: int, left_out: int
) -> None:
    values = of_two_devices(heart_every_s, heart_until_s=300)
    assert values[0] == 80
    assert values[-1] == 60
    assert values.count(60) == 21 - left_out  # steps since the last heart rate


def test_without_a_heart_rate_the_pulse_stands_in() -> None:
    assert kept((40, 81.3), (20, 82), vital="pulse_rate_bpm").of("p-1", "heart_rate_high")[1].tolist() == [81.3, 82]


@pytest.mark.parametrize("at_s", [NOW_S + 3600, NOW_S - 3600], ids=["of the future", "of long ago"])
def test_a_value_of_another_time_is_left_out(at_s: float) -> None:
    trends = kept((10, 80))
    trends.keep("p-1", {"heart_rate_bpm": (200, int(at_s * 1000))})
    assert trends.of("p-1", "heart_rate_high")[1].tolist() == [80]


@pytest.mark.parametrize("condition", ["vt", "no_data", "consciousness_reduced", "of_a_newer_version", None])
def test_a_condition_without_a_line_has_no_trend(condition: str | None) -> None:
    assert not len(kept((10, 80)).of("p-1", condition)[0])


def test_it_grows_with_the_patients_and_mixes_none_up() -> None:
    trends = Trends()
    trends.move_to(NOW_S)
    for number in range(1000):
        trends.keep(f"p-{number}", {"spo2_pct": (number / 10, int(NOW_S * 1000))})
    assert [trends.of(f"p-{number}", "spo2_low")[1].item() for number in range(1000)] == [
        number / 10 for number in range(1000)
    ]


def test_a_full_half_hour_has_a_value_in_each_step() -> None:
    at_s, _ = kept(*((before * STEP_S, 80.0) for before in reversed(range(STEPS)))).of("p-1", "heart_rate_high")
    assert np.diff(at_s).tolist() == [STEP_S] * (STEPS - 1)


def test_words_say_what_those_see_who_see_no_picture() -> None:
    assert in_words([NOW_S - 60, NOW_S], [81.5, 120]) == "since 03:11 UTC between 81.5 and 120"
