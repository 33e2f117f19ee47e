"""Superset's assets hold together: datasets are of the contract, charts ask for what these have.

A mistake here would only be seen as an empty chart, by a manager.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from batch.summaries.figures import DASHBOARDS, FIGURES
from lakehouse.mart_tables import MARTS
from lakehouse.render import MART_SCHEMA
from lakehouse.report_datasets import files

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "superset" / "assets"
# What stands in lower case in the SQL of a metric beside columns: texts in quotes are taken out before.
WORD = re.compile(r"\b[a-z_]+\b")
TEXT = re.compile(r"'[^']*'")


def load(kind: str) -> dict[str, dict[str, Any]]:
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(ASSETS.glob(f"{kind}/**/*.yaml"))}


DATASETS = {each["uuid"]: each for each in load("datasets").values()}
CHARTS = load("charts")
BY_UUID = {each["uuid"]: each for each in CHARTS.values()}
PAGES = load("dashboards")
each_chart = pytest.mark.parametrize("name", CHARTS)
each_page = pytest.mark.parametrize("name", PAGES)


def nodes(page: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [node for node in page["position"].values() if isinstance(node, dict) and node["type"] == kind]


def columns_of(dataset: dict[str, Any]) -> set[str]:
    return {column["column_name"] for column in dataset["columns"]}


def metrics_of(dataset: dict[str, Any]) -> set[str]:
    return {metric["metric_name"] for metric in dataset["metrics"]}


def test_the_committed_datasets_are_what_the_contract_renders() -> None:
    committed = {path.relative_to(ROOT): path.read_text("utf-8") for path in ASSETS.glob("datasets/**/*.yaml")}
    assert committed == dict(files()), "run `python -m lakehouse datasets`"


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda each: each["table_name"])
def test_every_column_of_a_dataset_is_one_of_its_mart(dataset: dict[str, Any]) -> None:
    mart = MARTS[dataset["table_name"]]
    assert dataset["schema"] == MART_SCHEMA
    for column in dataset["columns"]:
        named = set(WORD.findall(TEXT.sub("", column["expression"]))) if "expression" in column else set()
        assert (named or {column["column_name"]}) <= set(mart.names)
    for metric in dataset["metrics"]:
        assert set(WORD.findall(TEXT.sub("", metric["expression"]))) <= set(mart.names), metric["metric_name"]


@each_chart
def test_a_chart_asks_for_columns_and_metrics_that_its_dataset_has(name: str) -> None:
    chart = CHARTS[name]
    dataset, params = DATASETS[chart["dataset_uuid"]], chart["params"]
    columns = {*params.get("groupby", ()), *params.get("all_columns", ())} | {params.get("x_axis", "day")}
    assert columns <= columns_of(dataset)
    metrics = {*params.get("metrics", ()), *([params["metric"]] if "metric" in params else [])}
    assert metrics <= metrics_of(dataset)
    assert metrics or params["query_mode"] == "raw"
    for asked in params["adhoc_filters"]:
        if asked["expressionType"] == "SQL":
            words = set(WORD.findall(TEXT.sub("", asked["sqlExpression"])))
            assert words <= columns_of(dataset), asked["sqlExpression"]


@each_chart
def test_a_chart_obeys_the_filter_of_days(name: str) -> None:
    temporal = [each["subject"] for each in CHARTS[name]["params"]["adhoc_filters"] if each.get("subject")]
    assert temporal == ["day"]


@each_chart
def test_the_query_that_is_kept_with_a_chart_is_the_one_that_it_draws(name: str) -> None:
    params = CHARTS[name]["params"]
    (query,) = json.loads(CHARTS[name]["query_context"])["queries"]
    drawn = [params["metric"]] if "metric" in params else params.get("metrics", [])
    assert query["metrics"] == drawn
    by = params.get("all_columns") or [*([params["x_axis"]] if "x_axis" in params else []), *params.get("groupby", ())]
    assert query["columns"] == by


@each_page
def test_a_dashboard_shows_charts_that_exist_and_says_in_a_paragraph_what_it_is_about(name: str) -> None:
    page = PAGES[name]
    assert page["slug"] == name
    assert page["published"]
    shown = nodes(page, "CHART")
    assert {BY_UUID[node["meta"]["uuid"]]["slice_name"] for node in shown} == {n["meta"]["sliceName"] for n in shown}
    (explanation,) = nodes(page, "MARKDOWN")
    assert 300 < len(explanation["meta"]["code"]) < 900
    assert "\n" not in explanation["meta"]["code"]


@each_page
def test_a_dashboard_is_filtered_by_days_and_ward(name: str) -> None:
    filters = {each["name"]: each for each in PAGES[name]["metadata"]["native_filter_configuration"]}
    assert {"Days", "Ward"} <= filters.keys()
    assert ("Patient" in filters) == (name == "patients")
    for each in filters.values():
        for target in each["targets"]:
            if target:
                assert target["column"]["name"] in columns_of(DATASETS[target["datasetUuid"]])


@each_page
def test_what_the_ward_filter_leaves_out_has_no_ward(name: str) -> None:
    page = PAGES[name]
    (ward,) = (each for each in page["metadata"]["native_filter_configuration"] if each["name"] == "Ward")
    for node in nodes(page, "CHART"):
        dataset = DATASETS[BY_UUID[node["meta"]["uuid"]]["dataset_uuid"]]
        is_left_out = node["meta"]["chartId"] in ward["scope"]["excluded"]
        has_ward = "ward_id" in columns_of(dataset) and dataset["table_name"] != "quality_daily"
        assert is_left_out != has_ward or node["meta"]["sliceName"] == "Findings"


def test_no_chart_is_left_over() -> None:
    assert {node["meta"]["uuid"] for page in PAGES.values() for node in nodes(page, "CHART")} == set(BY_UUID)


def test_an_asset_names_no_address_and_no_password() -> None:
    def found() -> Iterator[str]:
        for path in ASSETS.rglob("*.yaml"):
            yield from re.findall(r"https?://\S+|127\.0\.0\.1|password", path.read_text("utf-8").lower())

    assert [*found()] == ["password"]  # in a comment, which says where it comes from


def test_the_mail_links_to_the_dashboards_that_there_are() -> None:
    assert {name: page["dashboard_title"] for name, page in PAGES.items()} == DASHBOARDS
    assert {figure.dashboard for figure in FIGURES} <= set(DASHBOARDS)
