"""Vital signs of simulated patients, one step a second.

Patients are simulated in groups of 256, always whole, each group with its own random stream and arrays of one shape. So
the values of a patient depend on the seed and the patient's number alone: not on how many patients there are, how they
are shared among processes, or how the seconds are cut.

A vital is: the patient's own baseline + a daily rhythm + slow drift (minutes) + monitor noise (seconds) + episodes.
Baselines and drift of the vitals are correlated; the monitor's averaging is what makes its noise smooth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import cycle
from typing import Final

import numpy as np

from clinical.vitals import DBP, HEART_RATE, RESP_RATE, SBP, SPO2, TEMPERATURE
from streaming.bedside.course import Course, Label
from streaming.bedside.episodes import DETERIORATIONS, DISTURBANCES, SIMULATED
from streaming.bedside.recordings.recording import Floats

GROUP: Final = 256
DAY_S: Final = 86_400

# One row a vital: mean and spread of baselines, bounds that keep a baseline unremarkable, amplitude of the daily rhythm
# and the hour of its peak, spread of drift and of noise, step of the monitor's display, bounds of the display.
# Rest values and rhythm: adult physiology in round numbers; drift and noise: order of what ICU numerics show at 1 Hz.
_ROWS: Final = {
    HEART_RATE: (78, 9, 60, 96, 4.0, 15, 3.0, 0.8, 1.0, 0, 300),
    RESP_RATE: (16, 1.8, 13, 19, 0.8, 15, 0.8, 0.6, 1.0, 0, 120),
    SPO2: (97, 0.9, 95.5, 98.5, 0.3, 14, 0.4, 0.25, 1.0, 40, 100),
    SBP: (124, 10, 106, 148, 5.0, 16, 4.0, 1.2, 1.0, 30, 300),
    DBP: (70, 7, 55, 85, 3.0, 16, 2.5, 0.8, 1.0, 15, 280),
    TEMPERATURE: (36.8, 0.25, 36.3, 37.4, 0.25, 18, 0.05, 0.01, 0.1, 30, 43),
}
(
    MEAN, SPREAD, LOWEST, HIGHEST, RHYTHM, PEAK_H, DRIFT, NOISE, DISPLAY_STEP, DISPLAY_MIN, DISPLAY_MAX,
) = np.array([_ROWS[vital] for vital in SIMULATED], dtype=np.float64).T  # fmt: skip

# What the chronically ill live with, in turn: atrial fibrillation, stiff lungs, COPD. Each value lies at a default
# limit, so it raises alarms that tell nothing new.
_CHRONIC: Final = ((HEART_RATE, 116.0), (RESP_RATE, 23.5), (SPO2, 90.7))

_CORRELATION: Final = np.array(
    [  # HR    RR    SpO2   SBP   DBP   temp
        [1.00, 0.35, -0.20, 0.10, 0.15, 0.30],
        [0.35, 1.00, -0.30, 0.05, 0.05, 0.20],
        [-0.20, -0.30, 1.00, 0.00, 0.00, -0.10],
        [0.10, 0.05, 0.00, 1.00, 0.70, 0.05],
        [0.15, 0.05, 0.00, 0.70, 1.00, 0.05],
        [0.30, 0.20, -0.10, 0.05, 0.05, 1.00],
    ]
)
_MIX: Final = np.linalg.cholesky(_CORRELATION).T
DRIFT_KEEPS: Final = math.exp(-1 / 300)  # an AR(1) with a time constant of 5 minutes
NOISE_KEEPS: Final = math.exp(-1 / 6)  # and of 6 seconds


class Group:
    """256 patients.

    Parameters
    ----------
    seed, number
        The random stream; patients ``number * 256`` and following.
    day_s
        Second of the day (UTC) at which the simulation starts, for the daily rhythm.
    deteriorations_per_day
        Of each patient, on average.
    chronic_share
        Of the patients, who are chronically ill.
    disturbances
        Whether excursions, artefacts and lost signals happen.
    """

    def __init__(
        self,
        seed: int,
        number: int,
        *,
        day_s: float,
        deteriorations_per_day: float,
        chronic_share: float,
        disturbances: bool,
    ) -> None:
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number])))
        self._now = 0
        self._day_s = day_s
        shape = (GROUP, len(SIMULATED))
        self._baseline = np.clip(MEAN + SPREAD * (self._random.standard_normal(shape) @ _MIX), LOWEST, HIGHEST)
        # A cuff or line never shows a diastolic close to the systolic.
        pressures = [SIMULATED.index(SBP), SIMULATED.index(DBP)]
        systolic, diastolic = self._baseline[:, pressures].T
        self._baseline[:, pressures[1]] = np.minimum(diastolic, systolic - 30)
        self._make_chronic(
            np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, number, 1]))), chronic_share
        )
        self._peak_s = PEAK_H * 3600 + self._random.normal(0, 3600, (GROUP, 1))
        self._drift = self._random.standard_normal(shape) @ _MIX
        self._noise = self._random.standard_normal(shape)
        share = deteriorations_per_day / sum(episode.per_day for episode in DETERIORATIONS)
        self._courses = (
            Course(DETERIORATIONS, self._baseline, share),
            Course(DISTURBANCES, self._baseline, float(disturbances)),
        )

    def _make_chronic(self, random: np.random.Generator, share: float) -> None:
        """Give some patients their illness; of a random stream of its own, so that all others stay who they are."""
        (chosen,) = np.nonzero(random.random(GROUP) < share)
        for patient, (vital, value) in zip(chosen, cycle(_CHRONIC), strict=False):
            self._baseline[patient, SIMULATED.index(vital)] = value

    def step(self) -> tuple[Floats, list[Label]]:
        """Return the displayed values of the next second, shape (256, 6), NaN = no value, and the episodes that ended.

        Labels say the place of the patient within the group and seconds since the start.
        """
        self._drift *= DRIFT_KEEPS
        self._drift += math.sqrt(1 - DRIFT_KEEPS**2) * (self._random.standard_normal(self._drift.shape) @ _MIX)
        self._noise *= NOISE_KEEPS
        self._noise += math.sqrt(1 - NOISE_KEEPS**2) * self._random.standard_normal(self._noise.shape)
        illness, disturbance = (course.step(self._now, self._random) for course in self._courses)

        angle = 2 * math.pi * (self._day_s + self._now - self._peak_s) / DAY_S
        noise = NOISE * disturbance.restless[:, None] * self._noise
        values = self._baseline + RHYTHM * np.cos(angle) + DRIFT * self._drift + noise
        for effect in (illness, disturbance):
            values += effect.height[:, None] * (effect.target - self._baseline) * effect.moves
        shown = np.round(np.clip(values, DISPLAY_MIN, DISPLAY_MAX) / DISPLAY_STEP) * DISPLAY_STEP
        shown = np.round(shown, 1)
        shown[disturbance.lost] = np.nan
        # What an artefact displays says nothing about how far an illness has gone.
        undisturbed = np.where(disturbance.moves, np.nan, shown)
        courses = zip(self._courses, (undisturbed, shown), strict=True)
        ended = [label for course, values_seen in courses for label in course.observe(self._now, values_seen)]
        self._now += 1
        return shown, ended

    def unfinished(self) -> Iterator[Label]:
        """Yield the episodes that go on."""
        for course in self._courses:
            yield from course.unfinished()
