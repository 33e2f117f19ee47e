"""The charts of the mail, as PNG."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Final

import numpy as np
from matplotlib.dates import DateFormatter, DayLocator, date2num
from matplotlib.figure import Figure as Canvas

from batch.summaries.figures import Series

_SIZE_INCH: Final = (6.0, 2.4)
_DPI: Final = 110
_COLOURS: Final = ("#20A7C9", "#454E7C", "#5AC189", "#E69F00", "#C0392B", "#8C8C8C")
MOST_LINES: Final = len(_COLOURS)


def lines(title: str, unit: str, series: Mapping[str, Series]) -> bytes:
    """Draw a line for each series over its days.

    Parameters
    ----------
    series
        Label -> day -> value; those beyond the sixth are left out. A series without a day is not drawn.
    """
    canvas = Canvas(figsize=_SIZE_INCH, dpi=_DPI, layout="constrained")
    axes = canvas.subplots()
    for (label, values), colour in zip(series.items(), _COLOURS, strict=False):
        days = np.array(sorted(values), "datetime64[D]")
        heights = [values[day] for day in sorted(values)]
        axes.plot(days, heights, color=colour, label=label, marker="o", markersize=3, linewidth=1.6)
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.set_ylabel(unit, fontsize=8)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#E5E5E5")
    axes.spines[["top", "right"]].set_visible(False)
    days_shown = sorted({day for values in series.values() for day in values})
    if days_shown:
        first, last = days_shown[0], days_shown[-1]
        # Said, since around a single day Matplotlib would show years.
        axes.set_xlim(float(date2num(first)) - 0.5, float(date2num(last)) + 0.5)
        axes.xaxis.set_major_locator(DayLocator(interval=max(1, -(-(last - first).days // 7))))
        axes.xaxis.set_major_formatter(DateFormatter("%d %b"))
        canvas.legend(fontsize=8, frameon=False, ncols=MOST_LINES, loc="upper right")
    picture = BytesIO()
    canvas.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
