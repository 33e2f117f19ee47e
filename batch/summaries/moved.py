"""Which numbers moved most against the week before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import fmean, pstdev
from typing import Final, NamedTuple

from batch.summaries.figures import FIGURES, Figure, Series

WEEK_DAYS: Final = 7
FEWEST_DAYS: Final = 3  # with fewer there is no week to compare with
MOST_TOLD: Final = 3


class Move(NamedTuple):
    """A number of the day beside its mean of the week before; `size` is how unusual that is."""

    figure: Figure
    value: float
    week: float
    size: float

    @property
    def direction(self) -> str:
        """Return up or down."""
        return "up" if self.value > self.week else "down"

    def sentence(self) -> str:
        """Say it in words."""
        now, before = self.figure.words(self.value), self.figure.words(self.week)
        return f"{self.figure.title}: {now}, {self.direction} from {before}"


def moved_most(series: Mapping[str, Series], day: date) -> list[Move]:
    """Return the three numbers that moved most, the most unusual first; fewer where fewer moved.

    A change is measured in what is usual for its number: the spread of the week before from day to day, or the number's
    smallest change worth a word where that is more. So neither a count that went from 0 to 1 nor a number that jumps
    every day is always on top.
    """
    moves = [move for figure in FIGURES if (move := move_of(figure, series.get(figure.name, {}), day)) is not None]
    return sorted(moves, key=lambda move: -move.size)[:MOST_TOLD]


def move_of(figure: Figure, values: Series, day: date) -> Move | None:
    """Return how a number moved; None without a number for the day, without a week before it, and where it stayed."""
    week = [values[each] for back in range(1, WEEK_DAYS + 1) if (each := day - timedelta(days=back)) in values]
    if day not in values or len(week) < FEWEST_DAYS:
        return None
    change = abs(values[day] - fmean(week))
    if change < figure.step:
        return None
    return Move(figure, values[day], fmean(week), change / max(pstdev(week), figure.step))
