from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.errors import SettingsError
from streaming.bedside.breaches import HOLD_S, REST_S, Breaches


def schedule(breaches: Breaches, seconds: int) -> np.ndarray:
    patients = np.arange(breaches.patients)
    return np.stack([breaches.active(now, patients) for now in range(seconds)])


@given(st.integers(30, 300), st.floats(0.01, 1))
def test_breaches_come_at_the_rate_asked_for(patients: int, share: float) -> None:
    per_s = share * patients / (HOLD_S + REST_S)
    active = schedule(Breaches(per_s, patients), 120).astype(int)
    begun = active[0].sum() + (np.diff(active, axis=0) == 1).sum()
    assert abs(begun - per_s * 120) <= 1 + per_s


@given(st.integers(30, 300), st.floats(0.05, 1))
def test_each_lasts_long_enough_and_is_followed_by_enough_rest(patients: int, share: float) -> None:
    active = schedule(Breaches(share * patients / (HOLD_S + REST_S), patients), 200)
    for column in active.T:
        edges = np.flatnonzero(np.diff(column.astype(int)))
        lengths = np.diff(edges)
        for begins, length in zip(column[edges[:-1] + 1], lengths, strict=True):
            # Starts are rounded down to the second, so a rest may be one shorter; three are spare.
            assert length == HOLD_S if begins else length >= REST_S - 1


def test_the_labels_are_what_was_active() -> None:
    breaches = Breaches(0.5, 30)
    active = schedule(breaches, 100)
    labels = [label for now in range(100) for label in breaches.ended(now, np.arange(30))]
    labels += breaches.unfinished(99, np.arange(30))
    assert len(labels) == 50
    for label in labels:
        assert active[label.starts_s : label.ends_s, label.patient].all()
        assert label.starts_s == 0 or not active[label.starts_s - 1, label.patient]


def test_more_than_the_patients_can_give_is_refused() -> None:
    with pytest.raises(SettingsError, match="add patients"):
        Breaches(400, 1000)


def test_ten_thousand_patients_can_give_a_storm() -> None:
    assert Breaches(400, 10_000).per_s == 400
