"""The whole stack for end-to-end tests: the services of the run, and our own processes beside them."""

from __future__ import annotations

import pytest

from programs import OWN
from tests.end_to_end.ward import Ward
from tests.local_stack import LocalStack


@pytest.fixture(scope="session")
def ward(stack: LocalStack) -> Ward:
    """Services only; a test starts what it wants to kill."""
    return Ward(stack, stack.settings)


@pytest.fixture(scope="session")
def live_ward(ward: Ward) -> Ward:
    """Our own processes run too, supervised, as after `make up`; the night does not."""
    ward.stack.up(*(program.service for program in OWN))
    return ward
