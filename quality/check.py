"""The gate: judges a day of one table, keeps the findings in the mart, and publishes Data Docs.

A repeated check replaces the findings and the pages of the same day and table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from lakehouse.mart_tables import QUALITY_DAILY
from lakehouse.marts import Marts
from lakehouse.settings import Service, Settings
from quality.judge import Finding, Judge
from quality.lake_gate import Advance, Judged, judge_entries, judge_limits_proposed, judge_readings
from quality.mart_gate import judge_marts

Judging: TypeAlias = Callable[[Settings, date, Judge, Advance], Judged]

TABLES: Final[dict[str, Judging]] = {
    "readings": judge_readings,
    "entries": judge_entries,
    "limits_proposed": judge_limits_proposed,
    "marts": judge_marts,
}


class Verdict(NamedTuple):
    """What the gate says of a day of a table."""

    table: str
    day: date
    rows: int
    findings: list[Finding]
    docs: Path

    @property
    def unmet(self) -> list[Finding]:
        """What was not met, of the table as a whole: wards are told in the mart."""
        return [each for each in self.findings if each.ward_id is None and not each.success]

    @property
    def stopped_by(self) -> list[str]:
        """The expectations that stop the night."""
        return [each.expectation for each in self.unmet if each.severity == "stop"]

    @property
    def summary(self) -> dict[str, Any]:
        """The last line that the command prints."""
        whole = sum(each.ward_id is None for each in self.findings)
        return {
            "table": self.table,
            "date": self.day.isoformat(),
            "rows": self.rows,
            "met": whole - len(self.unmet),
            "unmet": len(self.unmet),
            "stopped_by": self.stopped_by,
            "docs": str(self.docs),
        }


def run(settings: Settings, day: date, table: str, advance: Advance) -> Verdict:
    """Judge a day of one of TABLES, keep the findings and publish them.

    Raises
    ------
    DayIsOpen
        When more may still land on a past day.
    StoreError
        When a store does not answer.
    """
    judge = Judge(day, settings.run / "quality" / table / day.isoformat())
    judged = TABLES[table](settings, day, judge, advance)
    verdict = Verdict(table, day, judged.rows, judged.findings, judge.publish())
    rows = [finding._asdict() for finding in judged.findings]
    with Marts(settings, Service.BATCH) as marts:
        marts.replace_day(QUALITY_DAILY, day, rows, table_name=table)
    return verdict


def sentence(finding: Finding) -> str:
    """Say in one line what was not met, and what the engineer is to know of it."""
    found = "" if finding.observed is None else f" found {finding.observed:.4g}"
    bound = "" if finding.threshold is None else f", bound {finding.threshold:g}"
    count = f"{finding.unexpected_count} of {finding.total_count}"
    return f"{finding.severity}: {finding.expectation}:{found}{bound} ({count}). {finding.detail}"
