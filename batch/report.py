"""Builds the marts of a day, from the lake and Cassandra. A repeated run gives the same rows in the same place.

Alerts that began on an earlier day and went on here complete that day's rows (`batch.reports.episodes` says how); the
tables that sum up alarms are made anew for every day whose episodes changed. `quality_daily` and `proof_daily` are
written by the jobs that judge and prove.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from batch.reports.burden import burden_of, most_alarms
from batch.reports.census import Census, read_census
from batch.reports.decisions import read_night
from batch.reports.episodes import Row, read_episodes
from batch.reports.latency import (
    MEASURED_TO_RECEIVED,
    ONSET_TO_RAISED,
    RECEIVED_TO_ANNOUNCED,
    RECEIVED_TO_SENT,
    Times,
    read_announced,
)
from batch.reports.limits import read_limits, real_effect
from batch.reports.mails import delivery_rows, read_told, received_of, received_to_sent_ms
from batch.reports.vitals import read_vitals
from batch.reports.wards import alarm_hours_of, patient_days_of, ward_burden_of
from lakehouse.cassandra import Cassandra
from lakehouse.lake import Lake
from lakehouse.landed import check_landed
from lakehouse.mart_tables import (
    ALARM_BURDEN_DAILY,
    ALARM_EPISODES,
    ALARM_HOURS_DAILY,
    DELIVERY_DAILY,
    LATENCY_DAILY,
    LIMIT_DECISIONS,
    LIMITS_EFFECT,
    LIMITS_HISTORY,
    PATIENT_DAYS,
    PATIENTS_MOST_ALARMS,
    VITALS_DAILY,
    WARD_BURDEN_DAILY,
)
from lakehouse.marts import Marts
from lakehouse.progress import unwatched
from lakehouse.settings import Service, Settings

PATIENCE_S: Final = 60


class Report(NamedTuple):
    """What one run wrote."""

    day: date
    readings: int
    without_onset: int  # alerts whose onset is not in the lake
    rows: dict[str, int]  # by table, of all days that it wrote

    def summary(self) -> dict[str, Any]:
        """Return the counts, for the last line of the job."""
        return {
            "date": self.day.isoformat(), "readings": self.readings, "without_onset": self.without_onset,
            "rows": self.rows,
        }  # fmt: skip


def run(settings: Settings, day: date, advance: Callable[[int], None] = unwatched) -> Report:
    """Build the marts of one UTC day.

    Parameters
    ----------
    advance
        Told how many readings more are counted.

    Raises
    ------
    DayIsOpen
        When more may still land on a past day.
    StoreError
        When a store does not answer, or refuses.
    """
    with (
        Lake(settings, patience_s=PATIENCE_S) as lake,
        Cassandra(settings, Service.BATCH, patience_s=PATIENCE_S) as cassandra,
        Marts(settings, Service.BATCH, patience_s=PATIENCE_S) as marts,
    ):
        check_landed(lake, day)
        episodes = read_episodes(lake, day)
        census = read_census(lake, day)
        vitals = read_vitals(lake, day, census, advance)
        night = read_night(lake, cassandra, day)
        told = read_told(cassandra, day)
        waits = _times(received_to_sent_ms(told.deliveries, received_of(lake, day)))
        delays = _times(_delays_ms(episodes.by_day.get(day, ())))
        hops = (
            (vitals.transit, MEASURED_TO_RECEIVED),
            (delays, ONSET_TO_RAISED),
            (read_announced(lake, day), RECEIVED_TO_ANNOUNCED),
            (waits, RECEIVED_TO_SENT),
        )
        latency = [row for times, hop in hops if (row := times.row(day, hop)) is not None]

        rows = Counter({VITALS_DAILY.name: marts.replace_day(VITALS_DAILY, day, vitals.rows)})
        rows.update(_replace_alarms(marts, day, episodes.by_day, census))
        for table, made in (
            (LATENCY_DAILY, latency),
            (DELIVERY_DAILY, delivery_rows(told, day)),
            (LIMITS_HISTORY, read_limits(lake, day, census)),
            (LIMIT_DECISIONS, night.decisions),
        ):
            rows[table.name] = marts.replace_day(table, day, made)
        for source, made in (("real", real_effect(marts, day, census)), ("backtest", night.tried)):
            rows[LIMITS_EFFECT.name] += marts.replace_day(LIMITS_EFFECT, day, made, source=source)
    return Report(day, vitals.readings, episodes.without_onset, dict(rows))


def _replace_alarms(marts: Marts, day: date, by_day: dict[date, list[Row]], census: Census) -> Counter[str]:
    """Write episodes, and what sums them up on each day that has changed."""
    rows: Counter[str] = Counter()
    rows[ALARM_EPISODES.name] += marts.replace_day(ALARM_EPISODES, day, by_day.get(day, []))
    for earlier, episodes in by_day.items():
        for episode in episodes if earlier != day else ():
            rows[ALARM_EPISODES.name] += marts.replace_day(
                ALARM_EPISODES, earlier, [episode], alert_id=episode["alert_id"]
            )
    for each in sorted({day, *by_day}):
        episodes = marts.read(ALARM_EPISODES, each)
        measured = {row["patient_id"] for row in marts.read(VITALS_DAILY, each)}
        patients = patient_days_of(episodes, measured, partial(census.ward_id, day=each))
        for table, made in (
            (ALARM_BURDEN_DAILY, burden_of(episodes)),
            (PATIENTS_MOST_ALARMS, most_alarms(episodes)),
            (PATIENT_DAYS, patients),
            (WARD_BURDEN_DAILY, ward_burden_of(episodes, patients)),
            (ALARM_HOURS_DAILY, alarm_hours_of(episodes)),
        ):
            rows[table.name] += marts.replace_day(table, each, made)
    return rows


def _delays_ms(episodes: Iterable[Row]) -> Iterator[int]:
    return (round((each["raised_at"] - each["onset_at"]).total_seconds() * 1000) for each in episodes)


def _times(times_ms: Iterable[int]) -> Times:
    times = Times()
    times.add(np.fromiter(times_ms, np.int64))
    return times
