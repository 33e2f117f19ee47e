"""What holds for every history: the invariants of the fold."""

from __future__ import annotations

import dataclasses
from collections import Counter

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batch.fold import decode_lines
from clinical.conditions import DISCHARGE_KEPT_S, FINDING_CONDITIONS, HIGH, LIMIT_CONDITIONS, PRIORITIES, LimitCondition
from clinical.rules import rules_of
from lakehouse.events import AlertEvent, encode
from lakehouse.folding import AlarmFold
from lakehouse.messages import Admission, Command, Finding, Limits, Reading, Vitals
from tests.unit.clinical.histories import Entry, alarms, at, forgetting_times, in_order, only, slice_from
from tests.unit.clinical.random_histories import (
    CLOCKS_S,
    PARTITION_OF,
    Log,
    histories,
    is_ahead,
    later,
    state_of,
    without_place,
)

BY_THE_DEVICE = {condition.name for condition in (*LIMIT_CONDITIONS, *FINDING_CONDITIONS)}
STEPS_OF_DETECTION = {"onset", "worsen", "ease", "clear", "discharge", "escalate", "acknowledge", "transfer"}


@given(histories(), st.data())
def test_cutting_the_input_anywhere_changes_nothing(history: list[Entry], data: st.DataObject) -> None:
    log = Log(history)
    cuts = data.draw(st.lists(st.integers(0, len(history)), max_size=6))
    whole, told = log.folded()
    parts, told_in_parts = log.folded(cuts)
    assert told_in_parts == told
    assert state_of(parts) == state_of(whole)
    assert (parts.positions, parts.counts) == (whole.positions, whole.counts)


@given(histories(max_bursts=6))
def test_every_entry_alone_is_the_same_as_all_together(history: list[Entry]) -> None:
    log = Log(history)
    whole, told = log.folded()
    parts, told_in_parts = log.folded(range(len(history)))
    assert told_in_parts == told
    assert state_of(parts) == state_of(whole)


@given(histories(), st.data())
def test_a_message_repeated_right_after_changes_nothing(history: list[Entry], data: st.DataObject) -> None:
    repeated = set(data.draw(st.lists(st.integers(0, len(history) - 1), max_size=10)))
    with_repeats = [entry for place, entry in enumerate(history) for _ in range(1 + (place in repeated))]
    once, told = Log(history).folded()
    twice, told_twice = Log(with_repeats).folded()
    assert without_place(told_twice) == without_place(told)
    assert state_of(twice) == state_of(once)


@given(histories(), st.sampled_from(sorted(CLOCKS_S)), st.sampled_from([0.2, 0.9]))
def test_a_reading_repeated_within_its_second_changes_nothing_whatever_its_clock(
    history: list[Entry], device: str, delay_s: float
) -> None:
    readings = [e for e in history if isinstance(e.message, Reading) and e.message.device_id == device]
    repeats = [later(entry, delay_s) for entry in readings]
    _, told = Log(readings).folded()
    _, told_twice = Log(sorted([*readings, *repeats], key=lambda entry: entry.received_s)).folded()
    assert without_place(told_twice) == without_place(told)


@given(histories(), st.data())
def test_a_message_repeated_later_changes_nothing(history: list[Entry], data: st.DataObject) -> None:
    """Of commands and admissions only the order of the log says when they were meant, so theirs are not repeated here;
    nor are readings of a clock ahead, whose alarm clock is when they came; nor what a discharge has forgotten."""
    repeatable = [
        place
        for place, entry in enumerate(history)
        if isinstance(entry.message, Reading | Finding | Limits)
        and not is_ahead(entry)
        and not any(is_discharge_of(entry, other) for other in history[place:])
    ]
    once, told = Log(history).folded()
    twice, told_twice = Log(with_repeats(history, repeatable, data)).folded()
    assert without_place(told_twice) == without_place(told)
    assert state_of(twice) == state_of(once)


@given(histories(), st.data())
def test_what_is_sent_again_makes_no_second_alert_of_one_id_not_even_after_a_readmission(
    history: list[Entry], data: st.DataObject
) -> None:
    assume(history[-1].received_s - history[0].received_s < DISCHARGE_KEPT_S)
    repeatable = [place for place, entry in enumerate(history) if isinstance(entry.message, Reading | Finding)]
    _, told = Log(with_repeats(history, repeatable, data)).folded()
    # The others begin when they are seen: by the clock of the log, which goes on.
    onsets = Counter(event.alert_id for event in told if event.step == "onset" and event.condition in BY_THE_DEVICE)
    assert set(onsets.values()) <= {1}


def with_repeats(history: list[Entry], repeatable: list[int], data: st.DataObject) -> list[Entry]:
    """Return the history with some of its entries sent again later."""
    repeated = set(data.draw(st.lists(st.sampled_from(repeatable), max_size=10))) if repeatable else set()
    entries = list(enumerate(history))
    for place in sorted(repeated):
        where = data.draw(st.integers(place + 1, len(history)))
        arrival = history[min(where, len(history) - 1)].received_s
        entries.append((where, history[place]._replace(received_s=arrival)))
    entries.sort(key=lambda each: (each[1].received_s, each[0]))
    return [entry for _, entry in entries]


def is_discharge_of(entry: Entry, other: Entry) -> bool:
    message = other.message
    return (
        isinstance(message, Admission)
        and message.event == "discharge"
        and message.patient_id == getattr(entry.message, "patient_id", None)
    )


@given(histories())
def test_the_events_of_an_alert_alternate_as_its_life_cycle_allows(history: list[Entry]) -> None:
    _, told = Log(history).folded()
    open_alerts: dict[tuple[str, str], AlertEvent] = {}
    for event in told:
        if event.step == "refuse":
            assert event.reason
            assert event.alert_id is None
            continue
        assert event.condition is not None
        channel = event.patient_id, event.condition
        last = open_alerts.get(channel)
        if event.step == "onset":
            assert last is None, "at most one alert is open on a channel"
            assert event.event_id.endswith(".00000")
            assert (event.acknowledged, event.escalation, event.silenced_until) == (False, 0, None)
        else:
            assert last is not None, "nothing comes before the onset or after the end"
            assert event.alert_id == last.alert_id
            assert event.onset_at == last.onset_at
            assert int(event.event_id[-5:]) == int(last.event_id[-5:]) + 1
            check_step(last, event)
        if event.step in {"clear", "discharge"}:
            del open_alerts[channel]
        else:
            open_alerts[channel] = event


def check_step(last: AlertEvent, event: AlertEvent) -> None:
    """One step after another of the same alert."""
    rank, before = PRIORITIES.index(event.priority or ""), PRIORITIES.index(last.priority or "")
    assert (rank > before) == (event.step == "worsen")
    assert (rank < before) == (event.step == "ease")
    if event.step == "acknowledge":
        assert event.acknowledged
        assert not last.acknowledged
    elif event.step == "escalate":
        assert event.escalation == last.escalation + 1
        assert not event.acknowledged
    elif event.step == "silence":
        assert event.silenced_until is not None
        assert event.silenced_until > event.received_at
    elif event.step == "expire":
        assert last.silenced_until is not None
        assert event.silenced_until is None
    elif event.step == "worsen":
        assert (event.acknowledged, event.escalation, event.silenced_until) == (False, 0, None)


@given(histories())
def test_every_event_has_an_id_of_its_own(history: list[Entry]) -> None:
    _, told = Log(history).folded()
    assert [id_ for id_, count in Counter(event.event_id for event in told).items() if count > 1] == []


@given(histories())
def test_silence_never_changes_detection(history: list[Entry]) -> None:
    def is_silence(entry: Entry) -> bool:
        return isinstance(entry.message, Command) and entry.message.action != "acknowledge"

    def detection(events: list[AlertEvent]) -> list[AlertEvent]:
        """Patient by patient: within a tick they come in the order in which they were first named, by whatever."""
        plain = [
            msgspec.structs.replace(event, event_id="", offset=0, silenced_until=None)
            for event in events
            if event.step in STEPS_OF_DETECTION
        ]
        return sorted(plain, key=lambda event: event.patient_id)

    _, told = Log(history).folded()
    _, told_aloud = Log(entry for entry in history if not is_silence(entry)).folded()
    assert detection(told) == detection(told_aloud)


@given(histories())
def test_a_discharge_leaves_nothing_but_times(history: list[Entry]) -> None:
    end_s = history[-1].received_s + 10_000
    discharges = [
        Entry(end_s, Admission(patient_id=patient, event="discharge"), partition)
        for patient, partition in PARTITION_OF.items()
    ]
    fold, told = Log([*history, *discharges]).folded()
    assert fold.patients == 0
    records = fold.records.copy()
    assert {forgetting_times(record).tobytes() for record in records} == {AlarmFold()._blank[0].tobytes()}
    ends = Counter(event.step in {"clear", "discharge"} for event in told if event.step != "refuse")
    assert ends[True] == sum(event.step == "onset" for event in told)


@given(histories(), st.data())
def test_the_state_survives_its_bytes_and_goes_on_identically(history: list[Entry], data: st.DataObject) -> None:
    log = Log(history)
    cut = data.draw(st.integers(0, len(history)))
    fold = AlarmFold()
    told = fold.fold(log.stretch(0, cut))
    packed = fold.to_bytes()
    restored = AlarmFold.from_bytes(packed)
    assert restored.to_bytes() == packed
    assert restored.fold(log.stretch(cut, len(history))) == fold.fold(log.stretch(cut, len(history)))
    assert state_of(AlarmFold.from_bytes(restored.to_bytes())) == state_of(AlarmFold.from_bytes(fold.to_bytes()))
    assert sorted(told, key=lambda e: e.partition) == [e for e in log.folded()[1] if e.offset < _end(log, cut, e)]


def _end(log: Log, cut: int, event: AlertEvent) -> int:
    return sum(entry.partition == event.partition for entry in log.entries[:cut])


@given(histories())
def test_a_stretch_given_again_has_its_effect_once(history: list[Entry]) -> None:
    log = Log(history)
    fold, _ = log.folded()
    before = fold.to_bytes()
    assert fold.fold(log.stretch(0, len(history))) == []
    assert fold.to_bytes() == before


@given(histories(), st.floats(0, 9e8))
def test_whatever_came_before_no_clock_ahead_hides_a_tachycardia(history: list[Entry], ahead_s: float) -> None:
    begin_s = history[-1].received_s + 1
    shock = at(begin_s, heart_rate_bpm=200, ahead_s=ahead_s).for_s(20)
    fold, _ = Log([*history, *shock.entries]).folded()
    row = next(row for row in range(len(fold.records)) if fold.patient_id(row) == "p1")
    assert max(fold.records[row]["level"]) == HIGH


@given(st.floats(0.1, 9e8))
def test_a_clock_ahead_gives_the_alarms_of_a_right_one(ahead_s: float) -> None:
    def course(ahead: float) -> list[Entry]:
        return in_order(
            [at(0, spo2_pct=88, ahead_s=ahead).for_s(30), at(30, spo2_pct=80, ahead_s=ahead).for_s(30),
             at(60, spo2_pct=97, ahead_s=ahead).for_s(30)]
        )  # fmt: skip

    told = AlarmFold().fold(slice_from(course(ahead_s)))
    right = AlarmFold().fold(slice_from(course(0)))
    steps = [(e.condition, e.step, e.priority, e.onset_at, e.received_at) for e in told if e.condition == "spo2_low"]
    assert steps == [(e.condition, e.step, e.priority, e.onset_at, e.received_at) for e in right]


@given(
    st.lists(st.tuples(st.sampled_from([1, 1, 1, 3, 7, 30]), st.integers(95, 155)), min_size=1, max_size=80),
    st.tuples(st.integers(0, 25), st.integers(0, 25)),
    st.sampled_from([1, 5, 60]),
)
def test_with_no_delays_tightening_a_limit_never_shortens_the_time_at_or_above_its_level(
    series: list[tuple[int, int]], tighter: tuple[int, int], period_s: int
) -> None:
    def levels(medium: float, high: float) -> list[int]:
        rules = rules_of([_without_delay(c, (medium, high)) for c in LIMIT_CONDITIONS])
        begin_s = 0
        history: list[Entry] = []
        for step_s, value in series:
            begin_s += step_s
            history += at(begin_s, heart_rate_bpm=value, period_s=period_s).entries
        fold, levels_at = AlarmFold(rules), []
        for place, entry in enumerate(history):
            fold.fold(slice_from([entry], first_offset=place))
            levels_at.append(int(fold.records[0]["level"][1]))
        return levels_at

    loose = levels(120, 140)
    tight = levels(120 - tighter[0], max(120 - tighter[0], 140 - tighter[1]))
    assert all(after >= before for after, before in zip(tight, loose, strict=True))


def _without_delay(condition: LimitCondition, heart_rate_high: tuple[float, float]) -> LimitCondition:
    limit = heart_rate_high if condition.name == "heart_rate_high" else condition.limit
    return dataclasses.replace(condition, delay_s=(0, 0), limit=limit)


class TestOracle:
    """The rule of a limit once more, slow and plain, from the words of the design."""

    @staticmethod
    def told(
        readings: list[tuple[float, float | None]], period_s: float, condition: LimitCondition
    ) -> list[tuple[str, str, float]]:
        sign = 1 if condition.side == "high" else -1
        values = [(t, value) for t, value in readings if value is not None]
        longest_gap_s = max(3 * period_s, 5)

        def for_how_long(last: int, is_so: list[bool]) -> float | None:
            """Since when, up to reading `last`, something has been so, without a gap."""
            if not is_so[last]:
                return None
            first = last
            while first > 0 and is_so[first - 1] and values[first][0] - values[first - 1][0] <= longest_gap_s:
                first -= 1
            return values[last][0] - values[first][0]

        def held(last: int, is_so: list[bool], delay_s: float) -> bool:
            lasted_s = for_how_long(last, is_so)
            return lasted_s is not None and (lasted_s >= delay_s or period_s >= delay_s)

        events = []
        level = 0  # 0 none, 1 medium, 2 high
        for last, (t, _) in enumerate(values):
            beyond = [[sign * (value - limit) > 0 for _, value in values] for limit in condition.limit]
            back = [[sign * (limit - value) >= condition.margin for _, value in values] for limit in condition.limit]
            reached = max((k + 1 for k in range(2) if held(last, beyond[k], condition.delay_s[k])), default=0)
            if reached > level:
                events.append(("worsen" if level else "onset", PRIORITIES[reached + 1], t))
                level = reached
                continue
            stays = level
            while stays > 0 and held(last, back[stays - 1], condition.clear_s):
                stays -= 1
            if stays < level:
                events.append(("ease" if stays else "clear", PRIORITIES[(stays or level) + 1], t))
                level = stays
        return events

    @pytest.mark.parametrize(
        ("name", "values"),
        [
            ("heart_rate_high", [100, 115, 116, 120, 121, 130, 135, 136, 140, 141, 150]),
            ("spo2_low", [82, 84, 85, 86, 87, 88, 89, 90, 91, 92, 97]),
            ("resp_rate_high", [18, 22, 23, 25, 26, 30, 32, 33, 35, 36, 40]),
        ],
    )
    @given(data=st.data())
    def test_agrees_with_the_fold(self, name: str, values: list[float], data: st.DataObject) -> None:
        (condition,) = (c for c in LIMIT_CONDITIONS if c.name == name)
        period_s = data.draw(st.sampled_from([0.5, 1, 1, 2, 5, 10, 15, 60]))
        runs = st.tuples(st.sampled_from([*values, None]), st.integers(1, 20), st.sampled_from([0, 0, 0, 3, 6]))
        readings: list[tuple[float, float | None]] = []
        t = 0.0
        for value, count, gap_periods in data.draw(st.lists(runs, min_size=1, max_size=12)):
            t += gap_periods * period_s
            for _ in range(count):
                readings.append((t, value))
                t += period_s
        parts = [
            at(t, period_s=period_s, dbp_mmhg=70, **({} if value is None else {condition.vital: value}))
            for t, value in readings
        ]
        told = [(step, priority, t) for _, step, priority, t in only(name, alarms(*parts))]
        assert told == self.told(readings, period_s, condition)


EXTREME_TIMES = [
    "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1969-12-31T23:59:59.9Z",
    "1970-01-01T00:00:00Z", "2026-03-01T12:00:00Z", "2200-06-30T12:00:00+05:45", "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-14:00",
]  # fmt: skip
extreme_times = st.sampled_from(EXTREME_TIMES)
extreme_numbers = st.sampled_from([0, -0.0, 1e-300, 0.05, 120.04, 1e15, 1e308, -1e308, 5e-324]) | st.floats(
    allow_nan=False, allow_infinity=False
)
texts = st.sampled_from(["p1", "p.1", "ü", "a\u0000b", ".", " ", "\U0001f600" * 64]) | st.text(min_size=1, max_size=64)


@st.composite
def extreme_messages(draw: st.DrawFn) -> dict[str, object]:
    """Anything that decodes, as far from a patient as can be."""
    patient = draw(texts)
    kind = draw(st.sampled_from(["reading", "reading", "reading", "finding", "limits", "command", "admission", "tick"]))
    vital = st.sampled_from([name for name in Vitals.__struct_fields__ if name not in {"consciousness", "on_oxygen"}])
    fields: dict[str, dict[str, object]] = {
        "reading": {
            "measured_at": draw(extreme_times),
            "period_s": draw(st.sampled_from([1e-9, 0.1, 1, 15, 86_400])),
            "vitals": draw(st.dictionaries(vital, extreme_numbers, max_size=4)),
        },
        "finding": {
            "code": draw(texts | st.just("vt")),
            "active": draw(st.booleans()),
            "measured_at": draw(extreme_times),
        },
        "limits": {
            "version": draw(st.sampled_from([0, 1, 2**53])),
            "author": draw(st.sampled_from(["dr", "recalibration"])),
            "limits": draw(
                st.dictionaries(
                    st.sampled_from([c.name for c in LIMIT_CONDITIONS]) | texts,
                    st.none() | st.lists(st.none() | extreme_numbers, min_size=2, max_size=2),
                    max_size=3,
                )
            ),
            "expires_at": draw(st.none() | extreme_times),
        },
        "command": {
            "action": draw(st.sampled_from(["acknowledge", "silence", "unsilence"])),
            "alert_id": draw(st.none() | texts | st.just(f"{patient}.heart_rate_high.{2**62}")),
            "by": "dr",
            "until": draw(st.none() | extreme_times),
        },
        "admission": {
            "event": draw(st.sampled_from(["admit", "transfer", "discharge"])),
            "ward_id": draw(st.none() | texts),
        },
        "tick": {},
    }
    return {"kind": kind, **({} if kind == "tick" else {"patient_id": patient}), **fields[kind]}


@given(st.lists(st.tuples(extreme_times, extreme_messages()), min_size=1, max_size=30))
def test_no_message_that_decodes_stops_the_fold(lines: list[tuple[str, dict[str, object]]]) -> None:
    rows = [
        msgspec.json.encode({"partition": 0, "offset": offset, "received_at": received_at, "value": message})
        for offset, (received_at, message) in enumerate(lines)
    ]
    chunk = decode_lines(1, rows)
    assert chunk.quarantine == []
    fold = AlarmFold()
    for event in fold.fold(chunk.log):
        encode(event)
    assert AlarmFold.from_bytes(fold.to_bytes()).to_bytes() == fold.to_bytes()
