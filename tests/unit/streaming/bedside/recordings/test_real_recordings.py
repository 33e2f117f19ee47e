from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from clinical.vitals import INDEX
from lakehouse.messages import Reading, decode
from streaming.bedside import recordings, replay
from streaming.bedside.pace import Pace

pytestmark = pytest.mark.recordings


def data() -> Path:
    return Path(os.environ["WARDWATCH_DATA"])


@pytest.mark.parametrize("dataset", recordings.READERS, ids=str)
def test_every_dataset_reads_in_order(dataset: str) -> None:
    found = list(recordings.read(data(), dataset, max_records=20))
    assert found
    assert len({recording.patient_id for recording in found}) == len(found)
    for recording in found:
        assert recording.at_s[0] == 0
        assert (np.diff(recording.at_s) > 0).all()
        assert 1 <= recording.period_s <= 86_400
        assert not np.isnan(recording.values).all()


@pytest.mark.parametrize("dataset", recordings.READERS, ids=str)
def test_every_row_becomes_a_message_that_decodes(dataset: str) -> None:
    timeline = replay.merge(list(recordings.read(data(), dataset, max_records=3)))
    rows = slice(0, 500)
    for patient_id, message in replay.messages(timeline, Pace(1.8e9, timeline.length_s, 100), rows):
        reading = decode(message)
        assert isinstance(reading, Reading)
        assert reading.patient_id == patient_id


def test_the_demos_first_alarms_are_there_from_the_start() -> None:
    fast, low = recordings.read(data(), "bidmc", ["25", "49"])
    assert (fast.values[:20, INDEX["heart_rate_bpm"]] > 120).all()
    assert (low.values[:20, INDEX["spo2_pct"]] < 90).all()
