"""Settings of a real stack for every integration test. A store that does not answer fails the test; nothing skips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakehouse.settings import Settings
from tests.local_stack import LocalStack


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest) -> Settings:
    """Of the stack of this run, started when the first test asks; WARDWATCH_TEST_RUN names a running one instead."""
    running = os.environ.get("WARDWATCH_TEST_RUN")
    if running:
        return LocalStack(Path(running).absolute()).settings
    stack: LocalStack = request.getfixturevalue("stack")
    return stack.settings
