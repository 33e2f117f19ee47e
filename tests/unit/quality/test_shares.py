"""Wards and days are judged by shares; too few devices or pairs are not judged at all."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from lakehouse.tables import NO_WARD
from quality.census import Census, Watch, placed
from quality.shares import Landed, of_day, of_wards
from tests.unit.quality.devices import device, devices

LANDED = Landed(repeated=0, quarantined=0, entries=3600, watched_share=1.0)


def ward(ward_id: str, count: int, **given: Any) -> list[dict[str, Any]]:
    return [device(f"{ward_id}-p{number}", **given) | {"ward_id": ward_id} for number in range(count)]


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    made = pd.DataFrame(list(rows))
    expected = made.get("expected_s", pd.Series(float("nan"), made.index)).fillna(3600.0)
    return made.assign(expected_s=expected, present_s=made["rows"] * made["period_s"], silent=False)


def test_a_ward_that_lost_a_third_shows_it() -> None:
    wards = of_wards(frame(*ward("w1", 5), *ward("w2", 5, rows=2400))).set_index("ward_id")
    assert wards["completeness"].to_dict() == {"w1": 1.0, "w2": pytest.approx(2 / 3)}


def test_a_ward_of_four_devices_is_not_judged_by_completeness() -> None:
    wards = of_wards(frame(*ward("w1", 4, rows=100)))
    assert wards["completeness"].isna().all()


def test_values_that_a_device_never_gives_are_not_missing() -> None:
    rows = ward("w1", 5, pulse_rate_bpm_count=0, resp_rate_bpm_count=1800)
    assert of_wards(frame(*rows))["values_present"].to_list() == [pytest.approx((1 + 0.5 + 1) / 3)]


def test_swapped_pressures_are_a_share_of_the_pairs_of_a_ward() -> None:
    wards = of_wards(frame(*ward("w1", 2, swapped_pairs=360), *ward("w2", 1, pairs=20, swapped_pairs=20)))
    assert wards["swapped_share"].to_list()[0] == pytest.approx(0.1)
    assert wards["swapped_share"].isna().to_list() == [False, True]


def test_shares_of_the_day() -> None:
    rows = [*ward("w1", 3, late_rows=36, ahead_rows=18), *ward(NO_WARD, 1, temperature_tenths_c_count=0)]
    day = of_day(frame(*rows), Landed(repeated=144, quarantined=180, entries=3420, watched_share=0.5)).iloc[0]
    assert day["rows"] == 14_400
    assert day["late_share"] == pytest.approx(108 / 14_400)
    assert day["ahead_share"] == pytest.approx(54 / 14_400)
    assert day["duplicate_share"] == pytest.approx(0.01)
    assert day["quarantine_share"] == pytest.approx(0.01)
    assert day["placed_share"] == 0.75
    assert day["news2_temperature_share"] == 0.75
    assert day["news2_pulse_share"] == 1.0


def test_a_pulse_that_stands_still_alone_is_a_share_of_those_with_a_pulse() -> None:
    flat, stuck = {"flat_pulse_hours": 2, "stuck_hours": 0}, {"flat_pulse_hours": 2, "stuck_hours": 2}
    rows = [*ward("w1", 1, **flat), *ward("w2", 1, **stuck), *ward("w3", 2)]
    assert of_day(frame(*rows), LANDED).iloc[0]["flat_pulse_share"] == 0.25


def test_a_day_without_readings_has_no_rows_and_no_shares() -> None:
    nothing = placed(devices(), Census([]), Watch([]))
    assert of_wards(nothing).empty
    day = of_day(nothing, Landed(0, 0, 0, 1.0)).iloc[0]
    assert day["rows"] == 0
    assert pd.isna(day["completeness"])
