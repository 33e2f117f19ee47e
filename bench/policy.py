"""A million generated histories against the limits policy: what no history may lead to, and how often it did."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import numpy as np

from bench.report import Report
from clinical.calibration import CONDITION, LOOSENED, TIGHTENED, History, has_drifted, propose, sign
from clinical.histograms import Histogram
from clinical.policy import POLICY, loosest
from clinical.vitals import INDEX, VITALS

HISTORIES: Final = 1_000_000
SHARES: Final = 100
NIGHTS: Final = 7
LIMITS_IN_FORCE, CLINICIANS = 0.5, 0.1  # share of conditions
BROKEN: Final = (
    "beyond the policy", "more than one step looser", "a clinician's limit moved", "loosened while drifting",
    "low and high limits cross", "another answer to the same question", "a drift reached the hard bound unseen",
)  # fmt: skip


def run(_: int) -> Report:
    """Try them in all cores."""
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        found = sum(pool.map(try_share, range(SHARES)), Counter[str]())
    took_s = time.perf_counter() - began
    seen = ("histories", "limits", LOOSENED, TIGHTENED, "drifting", "drifts to the hard bound")
    return Report(
        title="The limits policy against generated histories",
        columns=("", "count"),
        rows=[(name, f"{found[name]:,}") for name in (*seen, *BROKEN)],
        figures={"histories": found["histories"], "broken": sum(found[name] for name in BROKEN)},
        notes=(
            f"{took_s:.0f} s. Each history: a baseline, limits in force that the fold accepts, nights, a clinician.",
            "A drift: seven equal steps from anywhere to the hard bound, each up to a fifth of a step off the line.",
        ),
    )


def try_share(share: int) -> Counter[str]:
    """Try one of SHARES parts of the histories; the same part always has the same ones."""
    random = np.random.default_rng([7, share])
    found: Counter[str] = Counter()
    for _ in range(HISTORIES // SHARES):
        try_one(random, found)
    return found


def try_one(random: np.random.Generator, found: Counter[str]) -> None:
    """Make one history, propose limits for it, and count what they break."""
    condition = CONDITION[POLICY.personal[int(random.integers(len(POLICY.personal)))].condition]
    history = draw(random, condition.vital)
    proposals = [each for each in propose(history) if CONDITION[each.condition].vital == condition.vital]
    found["histories"] += 1
    for each in proposals:
        of = CONDITION[each.condition]
        step = next(limit.step for limit in POLICY.personal if limit.condition == each.condition)
        found["limits"] += 1
        found[each.decision] += 1
        found["drifting"] += each.drifts
        found["beyond the policy"] += sign(of) * each.new > sign(of) * loosest(of)
        found["more than one step looser"] += sign(of) * (each.new - each.old) > step + 1e-9
        found["a clinician's limit moved"] += each.condition in history.by_clinician and each.new != each.old
        found["loosened while drifting"] += each.drifts and each.decision == LOOSENED
    new = {CONDITION[each.condition].side: each.new for each in proposals}
    found["low and high limits cross"] += "low" in new and "high" in new and new["low"] >= new["high"]
    again = [each for each in propose(history) if CONDITION[each.condition].vital == condition.vital]
    found["another answer to the same question"] += repr(again) != repr(proposals)
    room = random.uniform(0.02, 1) * 60
    jitter = random.uniform(-0.2, 0.2, NIGHTS)
    first = condition.bound[0] - sign(condition) * room
    nightly = [
        first + sign(condition) * room * (night + jitter[night] * (night > 0)) / NIGHTS for night in range(NIGHTS)
    ]
    found["drifts to the hard bound"] += 1
    found["a drift reached the hard bound unseen"] += not has_drifted(condition, nightly, POLICY)


def draw(random: np.random.Generator, vital: str) -> History:
    """Return a history of one vital: anything between well and dying, any limits in force that are within policy."""
    low, high = VITALS[INDEX[vital]].possible
    conditions = [CONDITION[limit.condition] for limit in POLICY.personal if CONDITION[limit.condition].vital == vital]
    defaults = [condition.limit[0] for condition in conditions]
    middle = random.uniform(min(defaults) - 30, max(defaults) + 30)
    noise = random.gamma(2, 4)
    steps = 1 / VITALS[INDEX[vital]].chart_step
    drawn = np.clip(random.normal(middle, noise, int(random.integers(1, 200))), low, high)
    values, counts = np.unique(np.round(drawn * steps) / steps, return_counts=True)
    span_ms = int(random.uniform(0, 72) * 3_600_000)
    in_force = {}
    for condition in conditions:
        tightest = condition.limit[0] - sign(condition) * abs(random.normal(0, 3))
        if random.random() < LIMITS_IN_FORCE:
            in_force[condition.name] = round(tightest + random.random() * (loosest(condition) - tightest), 1)
    both = {condition.side: in_force.get(condition.name, condition.limit[0]) for condition in conditions}
    if both.get("low", low) >= both.get("high", high):
        in_force = {}  # the fold would not have accepted them
    by_clinician = frozenset(condition.name for condition in conditions if random.random() < CLINICIANS)
    nights = middle + np.cumsum(random.normal(0, noise / 2, int(random.integers(0, 14))))
    return History({vital: Histogram(values, counts, 0, span_ms)}, {vital: nights.tolist()}, in_force, by_clinician)
