"""Draws the trend in a mail: a dark strip like a bedside monitor's, which is readable on a white page and a black one.

Pure: numbers in, a PNG out, always the same for the same numbers. Slow (tens of ms) and heavy (matplotlib), so it is
done in a process of its own: see `artist`.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import DateFormatter, MinuteLocator
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image

from streaming.notify.strip import Strip

SPAN_S: Final = 30 * 60
GAP_S: Final = 60.0  # of 1 Hz vitals sampled at 15 s: where more is missing, the line is broken
WIDTH_PX, HEIGHT_PX, DPI = 976, 480, 200  # twice the size at which it is shown, for telephones
COLOURS: Final = 24  # of the palette: 5 kB instead of 25
PAPER, INK, GRID, LINE, LIMIT = "#10161d", "#e6edf3", "#2d3640", "#4cc2ff", "#ffc400"
ALARM: Final = {"high": "#ff5c5c", "medium": "#ffc400", "low": "#00d0f0"}
_STYLE: Final[Any] = {
    "font.family": "DejaVu Sans", "font.size": 11.5, "text.color": INK, "axes.edgecolor": GRID, "xtick.color": INK,
    "ytick.color": INK, "axes.labelcolor": INK, "path.simplify": False,
}  # fmt: skip


def draw(strip: Strip) -> bytes:
    """Draw one strip, the half hour until its last value, and return it as a PNG."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH_PX / DPI, HEIGHT_PX / DPI), dpi=DPI, facecolor=PAPER)
        canvas = FigureCanvasAgg(figure)
        _plot(figure, strip)
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    image = Image.fromarray(pixels).convert("RGB")
    png = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(png, "PNG", optimize=True)
    return png.getvalue()


def _plot(figure: Figure, strip: Strip) -> None:
    axes = figure.add_axes((0.1, 0.145, 0.88, 0.715), facecolor=PAPER)
    alarm = ALARM[strip.priority]
    figure.text(0.015, 0.965, f"{strip.title}, times in UTC", va="top", fontsize=11)
    says = f"{strip.now_says} {strip.now_value:g}"
    figure.text(0.985, 0.965, says, va="top", ha="right", fontsize=12.5, fontweight="bold", color=alarm)
    times = np.array([datetime.fromtimestamp(at, UTC) for at in (*strip.at_s, strip.now_s)])
    values = np.append(strip.values, strip.now_value)
    # A charted vital has few values: each is a dot. What is measured all the time is a line, broken where it was not.
    steps_s = np.diff(np.append(strip.at_s, strip.now_s))
    is_charted = float(np.median(steps_s)) > GAP_S
    breaks = np.flatnonzero(steps_s > GAP_S) + 1
    if not is_charted:
        values = np.insert(values, breaks, np.nan)
        times = np.insert(times, breaks, times[breaks])
    axes.plot(times, values, color=LINE, linewidth=1.8, marker="o" if is_charted else "", markersize=3)
    if strip.limit is not None:
        axes.axhline(strip.limit, color=LIMIT, linewidth=1.1, linestyle=(0, (5, 3)))
        axes.annotate(
            f"limit {strip.limit:g}", (0.01, strip.limit), xycoords=("axes fraction", "data"), xytext=(0, 2),
            textcoords="offset points", color=LIMIT, fontsize=11, va="bottom",
        )  # fmt: skip
    axes.axvline(datetime.fromtimestamp(strip.onset_s, UTC), color=alarm, linewidth=1.0)  # type: ignore[arg-type]
    axes.plot(times[-1:], values[-1:], color=alarm, marker="o", markersize=6)
    begin, end = strip.now_s - SPAN_S, strip.now_s + 0.02 * SPAN_S
    axes.set_xlim(datetime.fromtimestamp(begin, UTC), datetime.fromtimestamp(end, UTC))  # type: ignore[arg-type]
    axes.xaxis.set_major_locator(MinuteLocator(byminute=range(0, 60, 10), tz=UTC))
    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz=UTC))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.margins(y=0.12)
    axes.grid(color=GRID, linewidth=0.6)
    axes.tick_params(length=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
