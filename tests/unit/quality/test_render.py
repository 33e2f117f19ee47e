"""The suite of a table says what its contract says, and no more."""

from __future__ import annotations

from lakehouse.contract import Column, LakeTable
from lakehouse.mart_tables import QUALITY_DAILY
from lakehouse.tables import READINGS
from quality.render import of_contract, of_rules
from quality.thresholds import POSSIBLE_SHARE, Rule

TABLE = LakeTable(
    name="beats",
    doc="Beats.",
    columns=(
        Column("landed_date", "date", "Day."),
        Column("heart_rate_bpm", "int16", "Heart rate.", True, "/min", (0, 350)),
        Column("partition", "int32", "Partition.", possible=(0, 1023)),
    ),
    partition_by="landed_date",
    sort_by=(),
    dictionary=(),
    retention_days=1,
)


def told(table: LakeTable) -> dict[str, dict[str, object]]:
    return {each.configuration.meta["name"]: each.configuration.kwargs for each in of_contract(table)}


def test_a_required_column_is_never_null_and_always_possible() -> None:
    suite = told(TABLE)
    assert "partition_never_null" in suite
    assert suite["partition_possible"].get("mostly", 1) == 1
    assert (suite["partition_possible"]["min_value"], suite["partition_possible"]["max_value"]) == (0, 1023)


def test_a_column_that_may_be_null_is_mostly_possible() -> None:
    suite = told(TABLE)
    assert "heart_rate_bpm_never_null" not in suite
    assert suite["heart_rate_bpm_possible"]["mostly"] == POSSIBLE_SHARE


def test_types_are_those_of_spark() -> None:
    suite = told(TABLE)
    assert suite["landed_date_type"]["type_"] == "DateType"
    assert suite["heart_rate_bpm_type"]["type_"] == "ShortType"


def test_the_units_of_the_contract_are_told() -> None:
    possible = next(e for e in of_contract(TABLE) if e.configuration.meta["name"] == "heart_rate_bpm_possible")
    assert possible.notes == "Heart rate. Possible: 0 to 350 /min"


def test_a_table_of_postgres_has_no_types_of_spark() -> None:
    names = [each.configuration.meta["name"] for each in of_contract(QUALITY_DAILY)]
    assert "columns" in names
    assert not [name for name in names if name.endswith("_type")]


def test_every_column_of_readings_is_in_its_suite() -> None:
    suite = told(READINGS)
    assert set(suite["columns"]["column_set"]) == set(READINGS.names)  # type: ignore[call-overload]
    assert {name.removesuffix("_type") for name in suite if name.endswith("_type")} == set(READINGS.names)


def test_a_rule_becomes_a_range_with_its_severity_and_reason() -> None:
    rule = Rule(name="late", column="late_share", at_most=0.05, severity="warn", reason="Because.")
    (expectation,) = of_rules([rule])
    assert expectation.configuration.kwargs["max_value"] == 0.05
    assert expectation.configuration.kwargs.get("min_value") is None
    assert expectation.severity == "warning"
    assert expectation.notes == "Because."
