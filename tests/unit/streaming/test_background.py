"""A thread whose failure somebody hears of."""

from __future__ import annotations

import signal
from threading import Event

import pytest

from streaming.background import Background
from waiting import until


def test_the_work_ends_with_the_block() -> None:
    ended = []

    def work(stop: Event) -> None:
        stop.wait(5)
        ended.append(stop.is_set())

    with Background("work", work):
        pass
    assert ended == [True]


def test_work_that_fails_ends_the_process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    signals: list[int] = []
    monkeypatch.setattr("streaming.background.os.kill", lambda _pid, number: signals.append(number))

    def work(_stop: Event) -> None:
        raise KeyError("a mistake")

    with Background("work", work):
        assert until(lambda: signals == [signal.SIGTERM], 5)
    assert "a mistake" in caplog.text
