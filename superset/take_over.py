"""Takes what was changed by clicking into `assets/`: `.venv/bin/python superset/take_over.py EXPORT.zip`.

The zip is what Superset's own Export of dashboards gives. Charts and dashboards are recognised by their uuid and
replace the files that they come from; new ones get a file of their own name. Datasets are left aside: they are rendered
from the contract (`python -m lakehouse datasets`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml

ASSETS = Path(__file__).resolve().parent / "assets"
KINDS = {"charts": "slice_name", "dashboards": "slug"}


def take_over(export: Path, assets: Path) -> list[Path]:
    """Write charts and dashboards of an export; return the files that are other than before."""
    known = {load(path)["uuid"]: path for kind in KINDS for path in (assets / kind).glob("*.yaml")}
    changed = []
    with ZipFile(export) as archive:
        for name in sorted(archive.namelist()):
            kind = Path(name).parent.name
            if kind not in KINDS or not name.endswith(".yaml"):
                continue
            document = yaml.safe_load(archive.read(name))
            path = known.get(document["uuid"]) or assets / kind / f"{file_name(document[KINDS[kind]])}.yaml"
            if not path.exists() or load(path) != document:
                path.write_text(yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True), "utf-8")
                changed.append(path)
    return changed


def load(path: Path) -> dict[str, Any]:
    """Read a file of the assets."""
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def file_name(title: str) -> str:
    """Return a title as the name of a file."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", title).strip("_")


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004  the command and its argument
        sys.exit(__doc__)
    for each in take_over(Path(sys.argv[1]), ASSETS):
        print(each)
