"""Histories for calibration: builders, and whole random ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from hypothesis import strategies as st

from clinical.calibration import CONDITION, History, sign
from clinical.histograms import Histogram
from clinical.policy import POLICY, loosest

HOUR_MS: Final = 3_600_000
PERSONAL: Final = [CONDITION[limit.condition] for limit in POLICY.personal]


def values(numbers: Sequence[float], hours: float = 23) -> Histogram:
    found, counts = np.unique(np.array(numbers, dtype=np.float64), return_counts=True)
    return Histogram(found, counts.astype(np.int64), 0, round(hours * HOUR_MS))


def around(median: float, away: float, readings: int = 24) -> Histogram:
    """Half of the values at the median, a quarter on either side."""
    quarter = readings // 4
    return values([median - away] * quarter + [median] * (readings - 2 * quarter) + [median + away] * quarter)


def history(
    clean: Mapping[str, Histogram] | None = None,
    nightly: Mapping[str, Sequence[float]] | None = None,
    in_force: Mapping[str, float] | None = None,
    by_clinician: Sequence[str] = (),
) -> History:
    return History(clean or {}, nightly or {}, in_force or {}, frozenset(by_clinician))


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Anything that can be: any baselines, any limits in force that the fold would have accepted."""
    clean, nightly, in_force = {}, {}, {}
    for condition in PERSONAL:
        side = sign(condition)
        if condition.vital not in clean and draw(st.booleans()):
            middle = draw(st.floats(condition.limit[0] - 60, condition.limit[0] + 60))
            noise = draw(st.floats(0.1, 30))
            seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
            drawn = seed.normal(middle, noise, draw(st.integers(1, 60)))
            clean[condition.vital] = values(np.round(drawn).tolist(), draw(st.floats(0, 72)))
            nightly[condition.vital] = (middle + seed.normal(0, noise, draw(st.integers(0, 8)))).tolist()
        if draw(st.booleans()):
            tightest = condition.limit[0] - side * 3
            looser = draw(st.floats(0, 1))
            in_force[condition.name] = round(tightest + looser * (loosest(condition) - tightest), 1)
    by_clinician = draw(st.frozensets(st.sampled_from([condition.name for condition in PERSONAL]), max_size=3))
    return History(clean, nightly, in_force, by_clinician)
