"""Runs suites over frames, in memory, and publishes what came out as Data Docs."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import UTC, date, datetime, time
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from pyspark.sql import DataFrame

from quality.render import meta_of
from quality.thresholds import Severity

logger = logging.getLogger(__name__)

MOST_NAMED: Final = 10
_SITE: Final = "day"
_COUNTS: Final = {"result_format": "BASIC", "partial_unexpected_count": 0}
_RAISED: Final = "raised_exception"
_WHICH: Final = {"result_format": "COMPLETE"}


class Finding(NamedTuple):
    """Whether one expectation was met: a row of the mart `quality_daily`, without its day and table.

    `ward_id` is None for the table as a whole; besides that row, each ward in which something was unexpected has one.
    """

    expectation: str
    column: str | None
    ward_id: str | None
    severity: Severity
    success: bool
    observed: float | None
    threshold: float | None
    unexpected_count: int
    total_count: int
    detail: str


class Judge:
    """One day of one table before Great Expectations.

    Parameters
    ----------
    site
        Folder of the Data Docs of this day and table; replaced as a whole.
    """

    def __init__(self, day: date, site: Path) -> None:
        self._site = site
        self._run = RunIdentifier(day.isoformat(), datetime.combine(day, time.min, UTC))
        self._context = gx.get_context(mode="ephemeral", project_config=_config(site))

    def contract(
        self, name: str, frame: DataFrame | pd.DataFrame, expectations: Iterable[Expectation]
    ) -> list[Finding]:
        """Judge rows by their contract: one pass over a Spark frame, which stays where it is."""
        return [_of_contract(result) for result in self._results(name, frame, expectations, _COUNTS)]

    def statistics(self, name: str, frame: pd.DataFrame, expectations: Iterable[Expectation]) -> list[Finding]:
        """Judge statistics by their rules.

        Parameters
        ----------
        frame
            A row for each subject, with any index. Where it has a column `ward_id`, findings are told by ward, too.
        """
        results = self._results(name, frame, expectations, _WHICH)
        return [finding for result in results for finding in _of_statistic(result, frame)]

    def _results(
        self, name: str, frame: Any, expectations: Iterable[Expectation], result_format: dict[str, Any]
    ) -> list[ExpectationValidationResult]:
        sources = self._context.data_sources
        # Not persisted: a copy of a day of readings would fill the disk.
        source = sources.add_pandas(name) if isinstance(frame, pd.DataFrame) else sources.add_spark(name, persist=False)
        batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(name)
        suite = self._context.suites.add(gx.ExpectationSuite(name, expectations=list(expectations)))
        definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
        self._context.validation_definitions.add(definition)
        outcome = definition.run(
            batch_parameters={"dataframe": frame},
            result_format=result_format,
            run_id=self._run,
        )
        return list(outcome.results)

    def publish(self) -> Path:
        """Write the Data Docs; return their first page."""
        shutil.rmtree(self._site, ignore_errors=True)
        self._context.build_data_docs([_SITE])
        _link_days(self._site.parent.parent)
        return self._site / "index.html"


def _config(site: Path) -> DataContextConfig:
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        data_docs_sites={
            _SITE: {
                "class_name": "SiteBuilder",
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site.absolute())},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "show_how_to_buttons": False,
            }
        },
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )


def _of_contract(result: ExpectationValidationResult) -> Finding:
    found = result.result
    total = int(found.get("element_count") or 0) - int(found.get("missing_count") or 0)
    unexpected = int(found.get("unexpected_count") or 0)
    counted = "element_count" in found
    return _finding(
        result,
        observed=1 - unexpected / total if counted and total else None,
        unexpected=unexpected if counted else int(not result.success),
        total=total if counted else 1,
    )


def _of_statistic(result: ExpectationValidationResult, frame: pd.DataFrame) -> list[Finding]:
    values = frame[_asked(result).kwargs["column"]]
    rows = list(result.result.get("unexpected_index_list") or ())
    whole = _finding(result, observed=_worst(result, values), unexpected=len(rows), total=int(values.count()))
    if "device_id" in frame:
        _name_devices(whole, frame.loc[rows[:MOST_NAMED]], values)
    if "ward_id" not in frame:
        return [whole]
    judged = Counter(frame.loc[values.notna(), "ward_id"])
    by_ward: dict[Hashable, Any] = dict(frame.loc[rows].groupby("ward_id").groups)
    return [whole] + [
        _finding(
            result, ward_id=str(ward), observed=_worst(result, values[of_ward]), unexpected=len(of_ward),
            total=judged[ward],
        )
        for ward, of_ward in by_ward.items()
    ]  # fmt: skip


def _name_devices(finding: Finding, devices: pd.DataFrame, values: pd.Series) -> None:
    """Name to the log, where an engineer looks: marts and Data Docs hold no patient, who may have to be erased."""
    for row, patient_id, device_id in devices[["patient_id", "device_id"]].itertuples():
        value = values[row]
        logger.warning(
            "%s: device %s of patient %s has %s = %g", finding.expectation, device_id, patient_id, finding.column, value
        )


def _worst(result: ExpectationValidationResult, values: pd.Series) -> float | None:
    """Return the number that is nearest to its bound, or farthest beyond it; None where there is none."""
    known = values.dropna()
    if known.empty:
        return None
    return float(known.max() if _asked(result).kwargs.get("max_value") is not None else known.min())


def _finding(
    result: ExpectationValidationResult,
    *,
    ward_id: str | None = None,
    observed: float | None,
    unexpected: int,
    total: int,
) -> Finding:
    configuration = _asked(result)
    about = meta_of(configuration)
    return Finding(
        expectation=about["name"],
        column=configuration.kwargs.get("column"),
        ward_id=ward_id,
        severity=about["severity"],
        success=bool(result.success),
        observed=observed,
        threshold=about["threshold"],
        unexpected_count=unexpected,
        total_count=total,
        detail=_trouble(result) or about["reason"],
    )


def _asked(result: ExpectationValidationResult) -> ExpectationConfiguration:
    return cast("ExpectationConfiguration", result.expectation_config)  # of a result of a run it is always there


def _trouble(result: ExpectationValidationResult) -> str | None:
    """Return why an expectation could not be judged at all; then it counts as not met."""
    info = result.exception_info or {}
    troubles = [info, *(each for each in info.values() if isinstance(each, dict))]
    return next((f"could not be judged: {each['exception_message']}" for each in troubles if each.get(_RAISED)), None)


def _link_days(folder: Path) -> None:
    """Write the page from which all sites are reached, the newest day first."""
    sites = sorted(folder.glob("*/*/index.html"), key=lambda page: (page.parent.name, page.parent.parent.name))
    links = "\n".join(
        f'<li><a href="{escape(page.relative_to(folder).as_posix())}">'
        f"{escape(page.parent.name)} {escape(page.parent.parent.name)}</a></li>"
        for page in reversed(sites)
    )
    page = f"<!doctype html>\n<meta charset=utf-8>\n<title>Quality of the data</title>\n<ul>\n{links}\n</ul>\n"
    (folder / "index.html").write_text(page, encoding="utf-8")
