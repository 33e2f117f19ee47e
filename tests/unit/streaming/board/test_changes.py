"""Since when, and when last, a ward was spoken of."""

from __future__ import annotations

from streaming.board.changes import CHANGING_S, KEPT_S, NEVER, Change, Changes


def test_a_storm_is_one_stretch_and_a_pause_ends_it() -> None:
    changes = Changes()
    for tick in range(31):
        changes.note(100 + tick * 0.1, "icu")
    assert changes.of("icu") == Change(100, 103)

    changes.note(103 + CHANGING_S + 0.1, "icu")
    assert changes.of("icu").first_s == 103 + CHANGING_S + 0.1


def test_what_was_said_long_ago_is_forgotten() -> None:
    changes = Changes()
    changes.note(100, "icu", "ward-a")
    changes.note(101, "icu")
    changes.note(100.5 + KEPT_S, "ward-b")

    assert changes.of("ward-a") == NEVER
    assert changes.of("icu") == Change(100, 101)
