from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lakehouse.messages import Admission, Reading, Tick, decode
from lakehouse.settings import KafkaSettings, Settings
from streaming.bedside import history
from streaming.bedside.partitioner import partition_of
from streaming.bedside.simulation import Script

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
PARTITIONS = 4
SETTINGS = Settings(kafka=KafkaSettings(partitions=PARTITIONS))
SCRIPT = Script(patients=30, seed=5, seconds=20, deteriorations_per_day=2000)


@pytest.fixture(name="lines")
def _lines(tmp_path: Path) -> list[dict[str, Any]]:
    history.write(SETTINGS, SCRIPT, START, tmp_path / "history.jsonl")
    return [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]


def test_offsets_count_up_in_each_partition_and_time_never_goes_back(lines: list[dict[str, Any]]) -> None:
    by_partition: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for line in lines:
        by_partition[line["partition"]].append(line)
    assert sorted(by_partition) == list(range(PARTITIONS))
    for rows in by_partition.values():
        assert [row["offset"] for row in rows] == list(range(len(rows)))
        times = [row["received_at"] for row in rows]
        assert times == sorted(times)


def test_every_message_decodes_and_is_in_its_patients_partition(lines: list[dict[str, Any]]) -> None:
    messages = [(line["partition"], decode(json.dumps(line["value"]).encode())) for line in lines]
    for partition, message in messages:
        if isinstance(message, Admission | Reading):
            assert partition == partition_of(message.patient_id.encode(), PARTITIONS)
    kinds = [type(message) for _, message in messages]
    assert (kinds.count(Admission), kinds.count(Reading), kinds.count(Tick)) == (30, 30 * 20, PARTITIONS * 20)
    assert set(kinds[:30]) == {Admission}


def test_each_patient_measures_once_a_second_before_the_log_receives_it(lines: list[dict[str, Any]]) -> None:
    measured: dict[str, list[datetime]] = defaultdict(list)
    for line in lines:
        message = decode(json.dumps(line["value"]).encode())
        if isinstance(message, Reading):
            assert message.measured_at <= datetime.fromisoformat(line["received_at"])
            measured[message.patient_id].append(message.measured_at)
    for times in measured.values():
        assert {(after - before).total_seconds() for before, after in pairwise(times)} == {1.0}


def test_the_same_script_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        history.write(SETTINGS, SCRIPT, START, tmp_path / name, tmp_path / f"{name}.labels")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.labels").read_bytes() == (tmp_path / "b.labels").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_labels_are_lines_in_the_order_of_time(tmp_path: Path) -> None:
    history.write(SETTINGS, SCRIPT, START, tmp_path / "history.jsonl", tmp_path / "labels.jsonl")
    labels = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text().splitlines()]
    assert labels
    assert set(labels[0]) == {
        "patient_id", "kind", "nature", "vitals", "starts_at", "ends_at", "hard_level_reached_at", "peak",
    }  # fmt: skip
    assert [label["starts_at"] for label in labels] == sorted(label["starts_at"] for label in labels)
    assert {label["patient_id"] for label in labels} <= set(SCRIPT.patient_ids)
