"""Who plays in the demo: recordings where there are any, simulated patients otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from threading import Event
from typing import Final

from lakehouse.settings import Settings
from streaming.bedside import census, recordings, replay, simulator
from streaming.bedside.recordings.files import MissingRecordings
from streaming.bedside.recordings.recording import Recording
from streaming.bedside.simulation import Script

# Dataset, how many of its patients, how fast. The monitors' recordings run as they were measured; two days of charts
# pass in eight minutes. In bidmc-25 the heart rate and in bidmc-49 the saturation is beyond its limit from the start.
PLAYED: Final = (("bidmc", 28, 1.0), ("cinc2012", 5, 360.0), ("mimic3demo", 3, 720.0))
SIMULATED: Final = (
    Script(patients=20, seed=1, deteriorations_per_day=48),
    Script(patients=4, seed=2, alerts_per_s=0.1),  # the first alarm comes after seconds
)
# They are there in any case, for the night: their last hours pass in four minutes, then they go on live. Only of them
# so much is known that the night can fit limits to them.
CHRONIC: Final = Script(patients=9, seed=3, deteriorations_per_day=2, chronic_share=1)
HISTORY_S: Final = 8 * 3600.0
HISTORY_SPEED: Final = 120.0


class Sent:
    """How many readings the players have sent."""

    def __init__(self) -> None:
        self.readings = 0

    def add(self, readings: int) -> None:
        """Count; called by several threads, where a lost count would not matter."""
        self.readings += readings


Player = Callable[[], object]


def cast_of(settings: Settings, stop: Event, sent: Sent) -> tuple[list[Player], list[str], str]:
    """Return who plays, all patient ids, and what is played in words: recordings when there are any."""
    chosen = [(name, list(found), speed) for name, found, speed in _recordings(settings)]
    players: list[Player]
    if chosen:
        patient_ids = [recording.patient_id for _, found, _ in chosen for recording in found] + CHRONIC.patient_ids
        beds = census.admissions(settings.care_teams, patient_ids)
        players = [
            partial(replay.run, settings, found, stop, speed=speed, loop=True, admissions=beds, progress=sent.add)
            for _, found, speed in chosen
        ]
        players.append(_simulated(settings, CHRONIC, stop, beds, sent, speed=HISTORY_SPEED, history_s=HISTORY_S))
        what = ", ".join(f"{len(found)} recordings of {name}" for name, found, _ in chosen)
        return players, patient_ids, f"{what} from {settings.data}, and {CHRONIC.patients} simulated patients"
    patient_ids = [patient_id for script in (*SIMULATED, CHRONIC) for patient_id in script.patient_ids]
    beds = census.admissions(settings.care_teams, patient_ids)
    players = [_simulated(settings, script, stop, beds, sent) for script in SIMULATED]
    players.append(_simulated(settings, CHRONIC, stop, beds, sent, speed=HISTORY_SPEED, history_s=HISTORY_S))
    hint = f"there are no recordings in {settings.data}: `python -m lakehouse download bidmc` gets some"
    return players, patient_ids, f"{len(patient_ids)} simulated patients ({hint})"


def _simulated(
    settings: Settings,
    script: Script,
    stop: Event,
    beds: dict[str, bytes],
    sent: Sent,
    speed: float = 1.0,
    history_s: float = 0.0,
) -> Player:
    admissions = {patient_id: beds[patient_id] for patient_id in script.patient_ids}
    return partial(
        simulator.run,
        settings,
        script,
        stop,
        admissions=admissions,
        progress=sent.add,
        speed=speed,
        history_s=history_s,
    )


def _recordings(settings: Settings) -> Iterator[tuple[str, list[Recording], float]]:
    for name, most, speed in PLAYED:
        try:
            yield name, list(recordings.read(settings.data, name, max_records=most)), speed
        except MissingRecordings:
            continue
