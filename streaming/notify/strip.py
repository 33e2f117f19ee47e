"""What the picture of a trend shows, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What is drawn. Times in seconds since 1970, values in the unit that the title names."""

    title: str
    at_s: NDArray[np.float64]
    values: NDArray[np.float64]
    onset_s: float
    now_s: float
    now_value: float
    now_says: str  # what stands before that value
    limit: float | None
    priority: str
