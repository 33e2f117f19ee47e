"""What is judged of the marts: the contract of each table, and that their figures agree with one another."""

from __future__ import annotations

from datetime import date

import pandas as pd

from lakehouse.mart_tables import ALARM_BURDEN_DAILY, ALARM_EPISODES, MARTS, QUALITY_DAILY
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings
from quality.judge import Finding, Judge
from quality.lake_gate import Advance, Judged
from quality.render import of_contract, of_rules
from quality.thresholds import MARTS_RULES


def judge_marts(settings: Settings, day: date, judge: Judge, advance: Advance) -> Judged:
    """Judge the marts of a day: rows of reports, few enough for memory. Their own findings are not judged again."""
    with Marts(settings, Service.BATCH) as marts:
        frames = {
            table: pd.DataFrame(marts.read(table, day), columns=list(table.names))
            for table in MARTS.values()
            if table is not QUALITY_DAILY
        }
    findings: list[Finding] = []
    for table, frame in frames.items():
        of_table = judge.contract(table.name, frame, of_contract(table))
        findings += [each._replace(expectation=f"{table.name}_{each.expectation}") for each in of_table]
        advance(1)
    agreement = agreements(frames[ALARM_BURDEN_DAILY], frames[ALARM_EPISODES])
    findings += judge.statistics("day", agreement, of_rules(MARTS_RULES))
    return Judged(sum(map(len, frames.values())), findings)


def agreements(burden: pd.DataFrame, episodes: pd.DataFrame) -> pd.DataFrame:
    """Return one row: how far two marts are apart.

    Parameters
    ----------
    burden, episodes
        Rows of `alarm_burden_daily` and `alarm_episodes` of one day; both may be empty.
    """
    parts = burden[["open_alarms", "not_acknowledged_alarms", "non_actionable_alarms"]]
    beyond = parts.gt(burden["alarms"], axis=0).any(axis=1).sum()
    apart = abs(int(burden["alarms"].sum()) - len(episodes))
    return pd.DataFrame([{"alarms_apart": float(apart), "parts_beyond_whole": float(beyond)}])
