from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from lakehouse import download
from lakehouse.errors import SettingsError, StoreError
from lakehouse.physionet import DATASETS, odd_subjects


class Site:
    """A loopback server of PhysioNet's tree: project path -> content, with ranges; it can break off once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks_off: dict[str, int] = {}
        self.asked: list[tuple[str, str | None]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def put(self, project: str, files: dict[str, bytes]) -> None:
        self.files |= {f"{project}{path}": content for path, content in files.items()}
        sums = "".join(f"{hashlib.sha256(content).hexdigest()} {path}\n" for path, content in files.items())
        self.files[f"{project}SHA256SUMS.txt"] = sums.encode()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path, asked_range = request.path.lstrip("/"), request.headers.get("Range")
        self.asked.append((path, asked_range))
        content = self.files.get(path)
        if content is None:
            request.send_error(404)
            return
        start = int(asked_range.removeprefix("bytes=").removesuffix("-")) if asked_range else 0
        if start >= len(content) > 0:
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        request.wfile.write(content[start : self.breaks_off.pop(path, None)])


@pytest.fixture(name="site")
def _site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(download._fetch_part.retry, "sleep", lambda _seconds: None)
    site = Site()
    serving = Thread(target=site.server.serve_forever, daemon=True)
    serving.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    serving.join()


NUMERICS = b"Time [s], HR, PULSE, RESP, SpO2\n0,94,93,25,97\n"
BIDMC = {
    "bidmc_csv/bidmc_01_Numerics.csv": NUMERICS,
    "bidmc_csv/bidmc_01_Signals.csv": b"Time [s], RESP\n0,0.5\n",
    "bidmc_csv/bidmc_01_Fix.txt": b"bidmc_01\nMIMIC II matched wdb ID: s01182\n",
    "bidmc_csv/bidmc_02_Numerics.csv": NUMERICS,
    "bidmc01.dat": b"another form of the same",
}


def test_a_dataset_comes_in_its_layout(site: Site, tmp_path: Path) -> None:
    site.put("bidmc/1.0.0/", BIDMC)
    fetched = download.fetch("bidmc", tmp_path, site.url)
    folder = tmp_path / "bidmc"
    assert fetched.files == 3
    assert (folder / "bidmc_01_Numerics.csv").read_bytes() == NUMERICS
    assert gzip.decompress((folder / "bidmc_01_Signals.csv.gz").read_bytes()) == b"Time [s], RESP\n0,0.5\n"
    assert (folder / "patients.csv").read_text() == "recording,patient_id\n01,s01182\n"
    assert not list(folder.glob("*.part"))


def test_what_is_kept_aside_is_not_even_asked_for(site: Site, tmp_path: Path) -> None:
    site.put("bidmc/1.0.0/", BIDMC)
    download.fetch("bidmc", tmp_path, site.url)
    assert not [path for path, _ in site.asked if "_02_" in path]


def test_a_second_time_nothing_is_fetched(site: Site, tmp_path: Path) -> None:
    site.put("bidmc/1.0.0/", BIDMC)
    download.fetch("bidmc", tmp_path, site.url)
    site.asked.clear()
    again = download.fetch("bidmc", tmp_path, site.url)
    assert (again.files, again.already_there, site.asked) == (0, 3, [])


def test_a_file_that_broke_off_is_continued(site: Site, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    site.put("mitdb/1.0.0/", {"101.dat": content})
    site.breaks_off["mitdb/1.0.0/101.dat"] = 10_000
    download.fetch("mitdb", tmp_path, site.url)
    assert (tmp_path / "mitdb" / "101.dat").read_bytes() == content
    assert ("mitdb/1.0.0/101.dat", "bytes=10000-") in site.asked


def test_a_part_of_an_earlier_run_is_continued(site: Site, tmp_path: Path) -> None:
    site.put("mitdb/1.0.0/", {"101.dat": b"0123456789"})
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "101.dat.part").write_bytes(b"0123")
    download.fetch("mitdb", tmp_path, site.url)
    assert (tmp_path / "mitdb" / "101.dat").read_bytes() == b"0123456789"


def test_a_spoilt_part_is_thrown_away_and_fetched_anew(site: Site, tmp_path: Path) -> None:
    site.put("mitdb/1.0.0/", {"101.dat": b"0123456789"})
    (tmp_path / "mitdb").mkdir()
    (tmp_path / "mitdb" / "101.dat.part").write_bytes(b"spoilt")
    download.fetch("mitdb", tmp_path, site.url)
    assert (tmp_path / "mitdb" / "101.dat").read_bytes() == b"0123456789"


def test_a_file_with_another_sum_is_refused(site: Site, tmp_path: Path) -> None:
    site.put("mitdb/1.0.0/", {"101.dat": b"genuine"})
    site.files["mitdb/1.0.0/101.dat"] = b"altered"
    with pytest.raises(StoreError, match="must have the sha256"):
        download.fetch("mitdb", tmp_path, site.url)
    assert list((tmp_path / "mitdb").iterdir()) == []


def test_a_site_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not answer"):
        download.fetch("mitdb", tmp_path, "http://127.0.0.1:9/")


def test_an_unknown_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one of bidmc"):
        download.fetch("mimic4", tmp_path)


def test_cinc2019_becomes_one_archive_and_an_index(site: Site, tmp_path: Path) -> None:
    header = b"HR|ICULOS|SepsisLabel\n"
    site.put(
        "challenge-2019/1.0.0/",
        {
            "training/training_setB/p100001.psv": header + b"80|1|0\n81|2|0\n",
            "training/training_setB/p100002.psv": header,
            "training/training_setB/p100003.psv": header + b"80|1|1\n",
            "training/training_setA/p000001.psv": header,
        },
    )
    download.fetch("cinc2019", tmp_path, site.url)
    folder = tmp_path / "cinc2019"
    assert (folder / "index.csv").read_text() == "patient,hours,sepsis\np100001,2,0\np100003,1,1\n"
    with tarfile.open(folder / "training_setB.tar.gz") as tar:
        assert tar.getnames() == ["training_setB/p100001.psv", "training_setB/p100003.psv"]
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "index.csv", "training_setB.tar.gz"]


def test_cinc2015_gets_its_table_of_alarms(site: Site, tmp_path: Path) -> None:
    alarms = b"a103l,Asystole,0\nv131s,Ventricular_Tachycardia,1\n"
    site.put(
        "challenge-2015/1.0.0/",
        {"training/ALARMS": alarms, "training/a103l.hea": b"h", "training/a103l.mat": b"m", "training/v131s.hea": b"s"},
    )
    download.fetch("cinc2015", tmp_path, site.url)
    table = (tmp_path / "cinc2015" / "alarms.csv").read_text()
    assert table == "record,alarm_type,true_alarm\na103l,Asystole,0\n"


def test_rows_of_mimic_patients_that_are_kept_aside_are_dropped(site: Site, tmp_path: Path) -> None:
    table = b'row_id,subject_id,value\n1,10011,"a, b"\n2,10012,c\n'
    site.put(
        "mimiciii-demo/1.4/", {"CHARTEVENTS.csv": table, "D_LABITEMS.csv": b"itemid,label\n", "NOTEEVENTS.csv": b""}
    )
    download.fetch("mimic3demo", tmp_path, site.url)
    folder = tmp_path / "mimic3demo"
    assert gzip.decompress((folder / "CHARTEVENTS.csv.gz").read_bytes()) == b'row_id,subject_id,value\n1,10011,"a, b"\n'
    assert not (folder / "NOTEEVENTS.csv").exists()


def test_upper_case_headers_are_lowered() -> None:
    assert odd_subjects(b'"ROW_ID","SUBJECT_ID"\n1,3\n2,4\n') == b"row_id,subject_id\n1,3\n"


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["mitdb", "mimic_numerics"], ids=str)
def test_real_files_pass_the_check_and_arrive_unchanged(site: Site, tmp_path: Path, name: str) -> None:
    source = Path(os.environ["WARDWATCH_DATA"]) / name
    wanted = {path.name for path in source.iterdir() if path.suffix in {".hea", ".dat", ".atr"}}
    chosen = sorted(wanted)[:6]
    content = {file: (source / file).read_bytes() for file in chosen}
    site.put(DATASETS[name].path, content)
    download.fetch(name, tmp_path, site.url)
    for file in chosen:
        assert (tmp_path / name / file).read_bytes() == content[file]
