"""What the README names exists: commands, make targets, files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.messages import Reading, decode

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands() -> list[tuple[str, str]]:
    """Return (module, command) of the README's block of commands."""
    found = []
    for module, names in re.findall(r"^python -m (\w+) +(.+)$", README, re.MULTILINE):
        if "|" in names:
            found += [(module, name.split()[0]) for name in names.split("|")]
        else:
            found.append((module, names.split()[0]))
    return found


def test_the_block_of_commands_is_found() -> None:
    assert ("streaming", "alarms") in commands()
    assert ("batch", "fold") in commands()


@pytest.mark.parametrize(("module", "name"), [each for each in commands() if each[0] != "bench"])
def test_a_command_explains_itself(module: str, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, name, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


@pytest.mark.parametrize("name", [name for module, name in commands() if module == "bench"])
def test_a_benchmark_is_a_file(name: str) -> None:
    assert (ROOT / "bench" / f"{name.replace('-', '_')}.py").is_file()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?m)(?:^|`)make ([a-z]+)", README))))
def test_a_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_message_in_the_readme_decodes() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    assert isinstance(decode(block.encode()), Reading)
