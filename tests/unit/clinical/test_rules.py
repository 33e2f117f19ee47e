"""The catalogues as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from clinical.conditions import CHANNEL, LIMIT_CONDITIONS
from clinical.rules import N_VITALS, RULES, SCORE, rules_of
from clinical.vitals import INDEX, VITALS


def test_only_the_catalogues_conditions_in_its_order_are_rendered() -> None:
    with pytest.raises(ValueError, match="in its order"):
        rules_of(LIMIT_CONDITIONS[::-1])


def test_each_vital_feeds_its_own_conditions() -> None:
    rules = rules_of()[0]
    for place, condition in enumerate(LIMIT_CONDITIONS):
        v = SCORE if condition.vital == "news2" else INDEX[condition.vital]
        assert rules.first[v] <= place < rules.last[v]
    fed = sum(rules.last[v] - rules.first[v] for v in range(N_VITALS + 1) if v != INDEX["pulse_rate_bpm"])
    assert fed == len(LIMIT_CONDITIONS)


def test_pulse_and_heart_rate_feed_the_same_conditions() -> None:
    rules = rules_of()[0]
    heart, pulse = INDEX["heart_rate_bpm"], INDEX["pulse_rate_bpm"]
    assert (rules.first[heart], rules.last[heart]) == (rules.first[pulse], rules.last[pulse])
    assert (rules.twin[heart], rules.twin[pulse]) == (pulse, heart)


def test_each_vital_has_its_own_technical_conditions() -> None:
    rules = rules_of()[0]
    for place, vital in enumerate(VITALS):
        assert rules.signal_lost[place] == CHANNEL.get(f"signal_lost_{vital.name}", -1)
        assert rules.impossible[place] == CHANNEL.get(f"impossible_value_{vital.name}", -1)


def test_times_are_in_ms() -> None:
    rules = rules_of()[0]
    assert rules.delay[CHANNEL["heart_rate_high"]].tolist() == [15_000, 5_000]
    assert (rules.no_data_after, rules.gap_min, rules.max_silence) == (30_000, 5_000, 43_200_000)


def test_nothing_is_left_unset() -> None:
    rules = rules_of()
    assert rules.dtype == RULES
    assert not any(np.isnan(rules[name]).any() for name in ("limit", "bound", "margin", "possible"))
