"""Which days the backtest of new limits is about."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from batch.backtest import Key
from batch.recalibrate import try_out
from clinical.calibration import COMMON, Proposal
from clinical.policy import POLICY
from tests.unit.lakehouse.local_lake import LocalLake

DAY = date(2026, 3, 20)
HEART = "heart_rate_high"


def test_days_before_the_policys_are_left_out_also_where_the_last_of_them_had_no_tick(tmp_path: Path) -> None:
    lake = LocalLake(tmp_path / "lake")
    long_before = DAY - timedelta(days=POLICY.days + 2)
    lake.land_heart_rates(long_before, 0, [130.0] * 100)
    lake.land_ticks(long_before, {0: [100]})
    lake.land_heart_rates(DAY, 101, [80.0] * 100)
    lake.land_ticks(DAY, {0: [201]})
    looser = Proposal(HEART, 120, 125, COMMON, 24, 100.0, 5.0, drifts=False)
    decided = try_out(lake, tmp_path, (DAY, DAY + timedelta(days=1)), {"p1": [looser]}, POLICY)
    found = decided.compared[Key("p1", HEART)]
    assert (found.days, found.alarms) == (1, (0, 0))
