"""The board's documents in the real Cassandra become trends, and trends pictures."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from lakehouse.cassandra import Cassandra
from lakehouse.settings import Service
from lakehouse.tables import WARD_BOARD
from streaming.notify.artist import Artist
from streaming.notify.illustrator import NO_DATA, Follower, TrendPictures
from streaming.notify.trends import STEP_S, Trends
from tests.local_stack import LocalStack
from tests.unit.streaming.notify.builders import event


@pytest.fixture(scope="module")
def board(stack: LocalStack) -> Iterator[Cassandra]:
    """Write as the lane does."""
    with Cassandra(stack.settings, Service.ALARMS, patience_s=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def artist() -> Iterator[Artist]:
    with Artist(wait_s=60) as drawing:
        yield drawing


def test_what_the_board_shows_becomes_a_picture(board: Cassandra, database: Cassandra, artist: Artist) -> None:
    ward_id, patient_id = f"w{uuid4().hex[:8]}", f"p{uuid4().hex[:8]}"
    trends, now_s = Trends(), time.time()
    follower, pictures = Follower(database, trends), TrendPictures(trends, artist)
    for back in (4, 3, 2, 1):
        at_s = now_s - back * STEP_S
        vitals = {"pulse_rate_bpm": [100 + back, int(at_s * 1000)], "spo2_pct": [97, int(at_s * 1000)]}
        score = {"news2": 3, "scored_ms": int((now_s - 4 * STEP_S) * 1000)}  # one, and none since then
        bed = {"patient_id": patient_id, "bed": "1", "heard_ms": int(at_s * 1000), "vitals": vitals, **score}
        row = {"ward_id": ward_id, "lane": "0-1", "written_at": datetime.now(UTC), "beds": json.dumps([bed | {"x": 1}])}
        board.execute(board.upsert(WARD_BOARD, row))
        follower.look(at_s)
    alarm = event(patient_id=patient_id, measured_at=datetime.fromtimestamp(now_s, UTC))
    trend = pictures(alarm)  # of the heart rate, for which the pulse stands in
    assert (trend.png or b"").startswith(b"\x89PNG")
    assert trend.words.endswith("between 101 and 104")
    assert len(trends.of(patient_id, "news2_high")[0]) == 1
    assert pictures(event(patient_id="somebody-else")).words == NO_DATA
    assert (pictures(event(patient_id=patient_id, condition="vt", value=None)).words) == ""
