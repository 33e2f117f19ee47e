"""What was clicked becomes files."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from superset.take_over import take_over

MAILS = {"slice_name": "Mails", "uuid": "u1", "params": {"stack": True}}
PAGE = {"dashboard_title": "Response", "slug": "response", "uuid": "u2"}


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    for kind, name, document in (("charts", "Mails", MAILS), ("dashboards", "response", PAGE)):
        (tmp_path / "assets" / kind).mkdir(parents=True)
        (tmp_path / "assets" / kind / f"{name}.yaml").write_text(yaml.safe_dump(document))
    return tmp_path / "assets"


def export(folder: Path, **documents: dict[str, Any]) -> Path:
    """A zip as Superset makes it; the first word of each name is its kind."""
    with ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("export_1/metadata.yaml", "version: 1.0.0\n")
        for name, document in documents.items():
            archive.writestr(f"export_1/{name.partition('_')[0]}/{name}_17.yaml", yaml.safe_dump(document))
    return folder / "export.zip"


def test_a_changed_chart_replaces_its_file_whatever_it_is_called_now(assets: Path, tmp_path: Path) -> None:
    changed = MAILS | {"slice_name": "Mails a day"}
    assert take_over(export(tmp_path, charts_a=changed, dashboards_b=PAGE), assets) == [assets / "charts/Mails.yaml"]
    assert yaml.safe_load((assets / "charts/Mails.yaml").read_text()) == changed


def test_a_new_chart_is_a_new_file(assets: Path, tmp_path: Path) -> None:
    new = {"slice_name": "Mails, by hour", "uuid": "u3"}
    assert take_over(export(tmp_path, charts_a=new), assets) == [assets / "charts/Mails_by_hour.yaml"]


def test_datasets_stay_those_of_the_contract(assets: Path, tmp_path: Path) -> None:
    assert take_over(export(tmp_path, datasets_a={"uuid": "u4", "table_name": "x"}), assets) == []
    assert not (assets / "datasets").exists()
