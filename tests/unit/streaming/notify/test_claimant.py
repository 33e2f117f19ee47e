"""A claim is taken over when it is stale, or when its process has ended."""

import socket
from datetime import timedelta

from streaming.notify.claimant import is_gone, myself
from tests.unit.streaming.notify.builders import NIGHT

SECOND, STALE = timedelta(seconds=1), timedelta(seconds=90)


def test_a_living_process_keeps_its_claim_until_it_is_stale() -> None:
    assert not is_gone(myself(), NIGHT, NIGHT + STALE, STALE)
    assert is_gone(myself(), NIGHT, NIGHT + STALE + SECOND, STALE)


def test_a_process_of_this_host_that_has_ended_has_lost_its_claim() -> None:
    assert is_gone(f"{socket.gethostname()}/4194304/1.0", NIGHT, NIGHT + SECOND, STALE)


def test_another_process_with_the_same_number_is_not_the_same() -> None:
    host, pid, start = myself().rsplit("/", 2)
    assert is_gone(f"{host}/{pid}/{float(start) - 60}", NIGHT, NIGHT + SECOND, STALE)


def test_of_a_process_elsewhere_only_time_can_tell() -> None:
    assert not is_gone("other.example/1/1.0", NIGHT, NIGHT + SECOND, STALE)
