"""From contracts and rules to expectations of Great Expectations. No name, type or range is written a second time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import great_expectations.expectations as gxe
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from lakehouse.contract import Column, ColumnType, LakeTable, Table
from quality.thresholds import POSSIBLE_SHARE, Rule, Severity

_SPARK_TYPES: Final[dict[ColumnType, str]] = {
    "text": "StringType",
    "text_list": "ArrayType",
    "bytes": "BinaryType",
    "bool": "BooleanType",
    "int8": "ByteType",
    "int16": "ShortType",
    "int32": "IntegerType",
    "int64": "LongType",
    "float64": "DoubleType",
    "timestamp": "TimestampType",
    "date": "DateType",
}
_SEVERITIES: Final[dict[Severity, FailureSeverity]] = {
    "stop": FailureSeverity.CRITICAL,
    "warn": FailureSeverity.WARNING,
}
_EXAMPLES: Final = "unexpected_values"


class _Counting:
    """Counts what is unexpected, and looks for no examples.

    All counts of a table are one pass over it; examples would be one more pass for each expectation that holds.
    """

    def get_validation_dependencies(self, *args: Any, **kwargs: Any) -> Any:
        dependencies = super().get_validation_dependencies(*args, **kwargs)  # type: ignore[misc]
        for name in [name for name in dependencies.metric_configurations if name.endswith(_EXAMPLES)]:
            dependencies.remove_metric_configuration(name)
        return dependencies


class ExpectColumnValuesToBeThere(_Counting, gxe.ExpectColumnValuesToNotBeNull):
    """Expect values in every row."""


class ExpectColumnValuesToBePossible(_Counting, gxe.ExpectColumnValuesToBeBetween):
    """Expect values that can be true; null = not measured is no value."""


def of_contract(table: Table) -> list[Expectation]:
    """Return what a table's contract says of its rows: columns, types, what is never null, what is possible.

    Types are those of Spark, so of tables of the lake only; PostgreSQL refuses a wrong type by itself.
    """
    columns = gxe.ExpectTableColumnsToMatchSet(
        column_set=list(table.names), exact_match=True, **_about("columns", "stop", table.doc)
    )
    return [columns, *(each for column in table.columns for each in _of_column(column, isinstance(table, LakeTable)))]


def _of_column(column: Column, in_spark: bool) -> Iterable[Expectation]:
    if in_spark:
        yield gxe.ExpectColumnValuesToBeOfType(
            column=column.name, type_=_SPARK_TYPES[column.type], **_about(f"{column.name}_type", "stop", column.doc)
        )
    if not column.nullable:
        yield ExpectColumnValuesToBeThere(
            column=column.name, **_about(f"{column.name}_never_null", "stop", column.doc, 1.0)
        )
    if column.possible is not None:
        low, high = column.possible
        share = POSSIBLE_SHARE if column.nullable else 1.0
        note = f"{column.doc} Possible: {low:g} to {high:g} {column.unit or ''}".strip()
        yield ExpectColumnValuesToBePossible(
            column=column.name,
            min_value=low,
            max_value=high,
            mostly=share,
            **_about(f"{column.name}_possible", "stop", note, share),
        )


def of_rules(rules: Iterable[Rule]) -> list[Expectation]:
    """Return the expectations of rules about the same subject, for the table of its statistics."""
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=rule.column,
            min_value=rule.at_least,
            max_value=rule.at_most,
            **_about(rule.name, rule.severity, rule.reason, rule.bound),
        )
        for rule in rules
    ]


def _about(name: str, severity: Severity, reason: str, threshold: float | None = None) -> dict[str, Any]:
    """What every expectation carries: its name in the mart, its severity, and the reason, which Data Docs show."""
    return {
        "severity": _SEVERITIES[severity],
        "notes": reason,
        "meta": {"name": name, "severity": severity, "reason": reason, "threshold": threshold},
    }


def meta_of(configuration: ExpectationConfiguration) -> dict[str, Any]:
    """Return what `_about` put into an expectation."""
    return dict(configuration.meta or {})
