"""Only the locked bytes are ever installed, wherever they come from."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import jars
from jars import Jar, JarError, fetch, install, parse_lock

CONTENT = b"PK the bytes of a jar"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
JAR = Jar("org.example", "tool", "1.2", None, len(CONTENT), SHA256)


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No jar of this machine, no registry, no Maven; no waiting between tries."""
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setenv("WARDWATCH_JAR_MIRROR", "http://127.0.0.1:9")  # the discard port: nobody answers
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jars, "_PAUSE_S", 0.0)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The folder of a registry on loopback."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("WARDWATCH_JAR_MIRROR", f"http://127.0.0.1:{server.server_port}")
        yield folder
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def put(repository: Path, content: bytes, jar: Jar = JAR) -> None:
    path = repository / jar.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_lock_line_is_coordinate_size_and_hash() -> None:
    (jar,) = parse_lock(f"# made\n\norg.example:tool:1.2 21 {SHA256}\n")

    assert jar == JAR
    assert jar.path == Path("org/example/tool/1.2/tool-1.2.jar")


def test_a_classifier_is_part_of_the_file_name() -> None:
    (jar,) = parse_lock(f"io.netty:netty-tcnative:2.0:linux-x86_64 21 {SHA256}")

    assert jar.file_name == "netty-tcnative-2.0-linux-x86_64.jar"
    assert jar.coordinate == "io.netty:netty-tcnative:2.0:linux-x86_64"


@pytest.mark.parametrize(
    "line",
    [
        "org.example:tool 21 " + SHA256,
        "org.example:tool:1.2 " + SHA256,
        "org.example:tool:1.2 many " + SHA256,
        "org.example:tool:1.2 21 " + SHA256[:-2],
        "org.example:tool:1.2:a:b 21 " + SHA256,
    ],
    ids=["no version", "no size", "size no number", "short hash", "too many parts"],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(JarError, match="line 2 is"):
        parse_lock(f"# made\n{line}\n")


def test_a_jar_of_the_local_maven_repository_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "m2", CONTENT)

    fetch([JAR], tmp_path / "cache")

    assert (tmp_path / "cache" / JAR.path).read_bytes() == CONTENT


def test_a_jar_of_the_registry_is_taken(tmp_path: Path, mirror: Path) -> None:
    put(mirror, CONTENT)

    fetch([JAR], tmp_path / "cache")

    assert (tmp_path / "cache" / JAR.path).read_bytes() == CONTENT


def test_a_damaged_jar_in_the_cache_is_replaced(tmp_path: Path, mirror: Path) -> None:
    put(mirror, CONTENT)
    put(tmp_path / "cache", CONTENT[:-1] + b"!")

    fetch([JAR], tmp_path / "cache")

    assert (tmp_path / "cache" / JAR.path).read_bytes() == CONTENT


def test_a_wrong_jar_of_the_local_maven_repository_is_passed_over(tmp_path: Path, mirror: Path) -> None:
    put(tmp_path / "m2", b"another build")
    put(mirror, CONTENT)

    fetch([JAR], tmp_path / "cache")

    assert (tmp_path / "cache" / JAR.path).read_bytes() == CONTENT


def test_a_tampered_registry_is_refused_and_nothing_is_left(tmp_path: Path, mirror: Path) -> None:
    put(mirror, CONTENT[:-1] + b"!")

    with pytest.raises(JarError, match=r"org\.example:tool:1\.2 has 21 bytes and sha256"):
        fetch([JAR], tmp_path / "cache")

    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_without_a_registry_the_missing_jar_is_named(tmp_path: Path) -> None:
    with pytest.raises(JarError, match=r"org\.example:tool:1\.2 could not be fetched"):
        fetch([JAR], tmp_path / "cache")


def test_a_service_gets_exactly_its_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "m2", CONTENT)
    monkeypatch.setattr(jars, "read_lock", lambda _service: [JAR])
    target = tmp_path / "jars"
    target.mkdir()
    (target / "tool-1.1.jar").write_bytes(b"of the version before")

    install("tool", target, cache=tmp_path / "cache")
    install("tool", target, cache=tmp_path / "cache")

    assert [path.name for path in target.iterdir()] == ["tool-1.2.jar"]
    assert (target / "tool-1.2.jar").read_bytes() == CONTENT
