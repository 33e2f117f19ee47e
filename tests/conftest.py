"""What all tests share: property tests without a stopwatch, and recordings only where there are any."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.local_stack import stack

__all__ = ["stack"]

settings.register_profile("wardwatch", deadline=None)  # a busy machine, or Numba's first compilation, is no failure
settings.load_profile("wardwatch")

_deselected = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("WARDWATCH_DATA"):
        return
    on_recordings = [item for item in items if item.get_closest_marker("recordings")]
    config.stash[_deselected] = len(on_recordings)
    if on_recordings:
        config.hook.pytest_deselected(items=on_recordings)
        items[:] = [item for item in items if item not in on_recordings]


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    count = config.stash.get(_deselected, 0)
    if not count:
        return ""
    return f"recordings: {count} tests deselected, since WARDWATCH_DATA is not set"
