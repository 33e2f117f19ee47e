"""Waiting is a question asked again until a deadline, never a sleep that hopes."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed


def until(condition: Callable[[], bool], seconds: float, *, every_s: float = 0.1) -> bool:
    """Ask until the answer is yes, and return whether it was within so many seconds."""
    retrying = Retrying(
        stop=stop_after_delay(seconds), wait=wait_fixed(every_s), retry=retry_if_result(lambda answer: not answer)
    )
    try:
        return retrying(condition)
    except RetryError:
        return False
