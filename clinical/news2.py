"""National Early Warning Score 2.

Source: Royal College of Physicians. National Early Warning Score (NEWS) 2. London, 2017, charts 1 and 3. The tables
below are its scoring chart: for each parameter the upper edge of a band, in steps of the chart, and its points.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from clinical.compiled import compiled
from clinical.vitals import CONSCIOUSNESS, HEART_RATE, INDEX, ON_OXYGEN, PULSE_RATE, RESP_RATE, SBP, SPO2, TEMPERATURE

HYPERCAPNIC_SCALE: Final = 2
END: Final = 10_000  # above every value: the last band has no upper edge

RESP_RATE_BANDS: Final = np.array([[8, 3], [11, 1], [20, 0], [24, 2], [END, 3]])
SPO2_SCALE_1_BANDS: Final = np.array([[91, 3], [93, 2], [95, 1], [END, 0]])
SPO2_SCALE_2_AIR_BANDS: Final = np.array([[83, 3], [85, 2], [87, 1], [END, 0]])
SPO2_SCALE_2_OXYGEN_BANDS: Final = np.array([[83, 3], [85, 2], [87, 1], [92, 0], [94, 1], [96, 2], [END, 3]])
SBP_BANDS: Final = np.array([[90, 3], [100, 2], [110, 1], [219, 0], [END, 3]])
PULSE_BANDS: Final = np.array([[40, 3], [50, 1], [90, 0], [110, 1], [130, 2], [END, 3]])
CONSCIOUSNESS_BANDS: Final = np.array([[0, 0], [END, 3]])
TEMPERATURE_BANDS: Final = np.array([[350, 3], [360, 1], [380, 0], [390, 1], [END, 2]])  # in tenths of a degree
OXYGEN_BANDS: Final = np.array([[0, 0], [END, 2]])

_TEMPERATURE_STEPS_PER_UNIT: Final = 10.0

# The seven parameters, in the order in which `missing_mask` counts them.
PARAMETERS: Final = ("resp_rate", "spo2", "oxygen", "sbp", "pulse", "consciousness", "temperature")

_HR, _PR, _RR = INDEX[HEART_RATE.name], INDEX[PULSE_RATE.name], INDEX[RESP_RATE.name]
_SPO2, _SBP, _TEMP = INDEX[SPO2.name], INDEX[SBP.name], INDEX[TEMPERATURE.name]
_ACVPU, _OXYGEN = INDEX[CONSCIOUSNESS.name], INDEX[ON_OXYGEN.name]


@compiled
def points(bands: np.ndarray, value: float, steps_per_unit: float) -> int:
    """Return the points of one value, rounded half up to the chart's step; -1 where the value is NaN."""
    if np.isnan(value):
        return -1
    step = int(np.floor(value * steps_per_unit + 0.5))
    band = 0
    while step > bands[band, 0]:
        band += 1
    return int(bands[band, 1])


@compiled
def news2(values: np.ndarray, spo2_scale: int) -> tuple[int, int]:
    """Score one set of vital signs.

    Parameters
    ----------
    values : (len(VITALS),) float array
        In the units and the order of the catalogue; NaN = not known.
    spo2_scale : int
        1, or 2 for a patient with known hypercapnic respiratory failure (target 88 to 92 %).

    Returns
    -------
    total, missing_mask : int, int
        With a parameter missing, the total is a lower bound. Bit k of the mask: ``PARAMETERS[k]`` is missing.
    """
    on_oxygen = values[_OXYGEN] > 0
    spo2_bands = SPO2_SCALE_1_BANDS
    if spo2_scale == HYPERCAPNIC_SCALE:
        spo2_bands = SPO2_SCALE_2_OXYGEN_BANDS if on_oxygen else SPO2_SCALE_2_AIR_BANDS
    pulse = values[_HR] if not np.isnan(values[_HR]) else values[_PR]
    each = (
        points(RESP_RATE_BANDS, values[_RR], 1.0),
        points(spo2_bands, values[_SPO2], 1.0),
        points(OXYGEN_BANDS, values[_OXYGEN], 1.0),
        points(SBP_BANDS, values[_SBP], 1.0),
        points(PULSE_BANDS, pulse, 1.0),
        points(CONSCIOUSNESS_BANDS, values[_ACVPU], 1.0),
        points(TEMPERATURE_BANDS, values[_TEMP], _TEMPERATURE_STEPS_PER_UNIT),
    )
    total = 0
    missing_mask = 0
    for place in range(len(each)):
        if each[place] < 0:
            missing_mask |= 1 << place
        else:
            total += each[place]
    return total, missing_mask
