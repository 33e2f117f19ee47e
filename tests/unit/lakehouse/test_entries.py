"""Messages as the columns that the compiled fold takes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from clinical.conditions import CHANNEL
from clinical.rules import FOREVER, NEVER
from clinical.state import (
    ACKNOWLEDGE,
    ADMISSION,
    ALL_CHANNELS,
    CLINICIAN,
    COMMAND,
    DISCHARGE,
    FINDING,
    LIMITS,
    NIGHTLY,
    NO_CHANNEL,
    READING,
    SILENCE,
    TICK,
    Entries,
)
from lakehouse.entries import Names, entries_of
from lakehouse.log import slice_of
from lakehouse.messages import Admission, Command, Finding, Limits, Message, Reading, Tick, Vitals

NOON = datetime(2026, 3, 1, 12, 0, 0, 150_000, tzinfo=UTC)
NOON_MS = 1_772_366_400_100


def entries(*messages: Message, names: Names | None = None) -> Entries:
    n = len(messages)
    log = slice_of(np.zeros(n, np.int32), np.arange(n), np.full(n, NOON_MS), messages)
    return entries_of(log, np.zeros(n, np.int64), names or Names())


def test_each_kind_has_its_number_and_its_row_in_its_own_table() -> None:
    finding = Finding(patient_id="p", code="vt", active=True, measured_at=NOON)
    columns = entries(
        finding,
        Reading(patient_id="p", measured_at=NOON, vitals=Vitals()),
        Tick(),
        finding,
        Limits(patient_id="p", version=1, limits={}, author="a"),
        Command(patient_id="p", action="acknowledge", by="a"),
        Admission(patient_id="p", event="admit"),
    )
    assert columns.kind.tolist() == [FINDING, READING, TICK, FINDING, LIMITS, COMMAND, ADMISSION]
    assert columns.detail.tolist() == [0, -1, -1, 1, 0, 0, 0]
    assert columns.measured_at.tolist() == [NOON_MS, NOON_MS, 0, NOON_MS, 0, 0, 0]


@pytest.mark.parametrize(
    ("code", "channel"),
    [("vt", CHANNEL["vt"]), ("af", CHANNEL["af"]), ("heart_rate_high", -1), ("no_data", -1), ("x", -1)],
)
def test_a_finding_is_a_condition_that_an_analyser_can_find(code: str, channel: int) -> None:
    columns = entries(Finding(patient_id="p", code=code, active=True, measured_at=NOON))
    assert columns.findings.channel.tolist() == [channel]


def test_limits_keep_what_is_given_taken_back_and_not_mentioned_apart() -> None:
    pairs: dict[str, list[float | None] | None] = {"heart_rate_high": [110, None], "spo2_low": None}
    columns = entries(Limits(patient_id="p", version=7, limits=pairs, author="dr", expires_at=NOON)).limits
    given = columns.given[0]
    assert (given[CHANNEL["heart_rate_high"]], given[CHANNEL["spo2_low"]], abs(given).sum()) == (1, -1, 2)
    np.testing.assert_array_equal(columns.limit[0, CHANNEL["heart_rate_high"]], [110, np.nan])
    assert (columns.version[0], columns.until[0], columns.layer[0], columns.unknown[0]) == (7, NOON_MS, CLINICIAN, 0)


def test_limits_of_recalibration_are_the_nightly_layer_and_may_stay_for_ever() -> None:
    columns = entries(Limits(patient_id="p", version=7, limits={}, author="recalibration")).limits
    assert (columns.layer[0], columns.until[0]) == (NIGHTLY, FOREVER)


@pytest.mark.parametrize("name", ["no_such", "vt", "no_data", ""])
def test_limits_of_what_has_none_are_marked(name: str) -> None:
    assert entries(Limits(patient_id="p", version=7, limits={name: [1, 2]}, author="dr")).limits.unknown.tolist() == [1]


@pytest.mark.parametrize(
    ("alert_id", "channel", "onset"),
    [
        (None, ALL_CHANNELS, NEVER),
        ("p.vt.1000", CHANNEL["vt"], 1000),
        ("p.vt.-1000", CHANNEL["vt"], -1000),
        ("p.no_such.1000", NO_CHANNEL, 1000),
        ("q.vt.1000", NO_CHANNEL, NEVER),
        ("vt.1000", NO_CHANNEL, NEVER),
        ("p.vt.1e3", NO_CHANNEL, NEVER),
        ("p.vt." + "9" * 30, NO_CHANNEL, NEVER),
        ("", NO_CHANNEL, NEVER),
    ],
)
def test_an_alert_id_names_a_channel_and_an_onset(alert_id: str | None, channel: int, onset: int) -> None:
    columns = entries(Command(patient_id="p", action="acknowledge", alert_id=alert_id, by="a")).commands
    assert (columns.channel[0], columns.onset[0]) == (channel, onset)


def test_an_alert_id_of_a_patient_with_dots_is_read_from_its_end() -> None:
    columns = entries(
        Command(patient_id="p.vt.1", action="silence", alert_id="p.vt.1.af.5", by="a", until=NOON)
    ).commands
    assert (columns.channel[0], columns.onset[0]) == (CHANNEL["af"], 5)
    assert (columns.action[0], columns.until[0]) == (SILENCE, NOON_MS)


def test_a_command_without_an_end_says_so() -> None:
    columns = entries(Command(patient_id="p", action="acknowledge", by="a")).commands
    assert (columns.action[0], columns.until[0]) == (ACKNOWLEDGE, NEVER)


def test_wards_and_beds_become_numbers_that_stay() -> None:
    names = Names()
    admissions = entries(
        Admission(patient_id="p", event="admit", ward_id="icu", bed="7", spo2_scale=2),
        Admission(patient_id="q", event="transfer", ward_id="icu"),
        Admission(patient_id="p", event="discharge"),
        names=names,
    ).admissions
    assert admissions.ward.tolist() == [names.place("icu"), names.place("icu"), -1]
    assert admissions.bed.tolist() == [names.place("7"), -1, -1]
    assert admissions.spo2_scale.tolist() == [2, 0, 0]
    assert admissions.event.tolist()[2] == DISCHARGE


def test_names_are_given_back() -> None:
    names = Names(["a", "b"])
    assert [names.place(text) for text in ("b", "c", "b", None)] == [1, 2, 1, -1]
    assert [names.text(place) for place in (0, 1, 2, -1)] == ["a", "b", "c", None]


def test_read_only_columns_are_copied() -> None:
    """The fold is compiled for writable arrays; any other kind would be compiled anew, in the middle of a shift."""
    received_ms = np.full(1, NOON_MS)
    received_ms.flags.writeable = False
    log = slice_of(np.zeros(1, np.int32), np.zeros(1, np.int64), received_ms, [Tick()])
    columns = entries_of(log._replace(received_ms=received_ms), np.zeros(1, np.int64), Names())
    assert all(column.flags.writeable and column.flags.c_contiguous for column in columns[:8])
