"""Files and folders on HDFS."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from lakehouse.errors import StoreError
from lakehouse.hdfs import FOLDERS, Hdfs
from lakehouse.settings import HdfsSettings, Settings


@pytest.fixture(scope="module")
def hdfs(settings: Settings) -> Iterator[Hdfs]:
    with Hdfs(settings) as client:
        yield client


@pytest.fixture
def folder(hdfs: Hdfs) -> Iterator[str]:
    name = f"models/test-{uuid4().hex}"
    yield name
    hdfs.delete(name)


def test_a_file_comes_back_as_it_was_written(hdfs: Hdfs, folder: str) -> None:
    content = bytes(range(256)) * 1000
    hdfs.put(f"{folder}/model.bin", content)
    assert hdfs.get(f"{folder}/model.bin") == content


def test_a_file_is_replaced_and_nothing_is_left_beside_it(hdfs: Hdfs, folder: str) -> None:
    hdfs.put(f"{folder}/manifest.json", b"old")
    hdfs.put(f"{folder}/manifest.json", b"new")
    assert hdfs.get(f"{folder}/manifest.json") == b"new"
    assert hdfs.names(folder) == ["manifest.json"]


def test_deleting_twice_is_no_error(hdfs: Hdfs, folder: str) -> None:
    hdfs.put(f"{folder}/a", b"a")
    assert hdfs.delete(folder)
    assert not hdfs.delete(folder)


def test_what_is_not_there_has_no_status_and_no_names(hdfs: Hdfs) -> None:
    assert hdfs.status("nowhere") is None
    assert hdfs.names("nowhere") == []


def test_reading_what_is_not_there_is_said_in_words(hdfs: Hdfs) -> None:
    with pytest.raises(StoreError, match="nowhere not found"):
        hdfs.get("nowhere")


def test_another_user_is_refused(settings: Settings) -> None:
    with Hdfs(settings, user="mallory") as other, pytest.raises(StoreError, match="Permission denied: user=mallory"):
        other.names("models")


def test_every_folder_belongs_to_us_with_its_permission(settings: Settings, hdfs: Hdfs) -> None:
    found = {folder.path: hdfs.status(folder.path) for folder in FOLDERS}
    assert {path: (status["owner"], status["permission"]) for path, status in found.items() if status} == {
        folder.path: (settings.hdfs.user, folder.permission) for folder in FOLDERS
    }


def test_a_cluster_that_is_away_is_said_in_words(settings: Settings) -> None:
    away = settings.model_copy(update={"hdfs": HdfsSettings(http_port=1)})
    with Hdfs(away, patience_s=1) as hdfs, pytest.raises(StoreError, match="make status"):
        hdfs.status("lake")
