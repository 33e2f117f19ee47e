"""The command line of the jobs: what cannot be meant is refused before anything is opened."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from batch.__main__ import app


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--from", "2026-03-01"],
        ["--date", "2026-03-01", "--from", "2026-03-01"],
        ["--date", "2026-03-01", "--to", "2026-03-01"],
        ["--date", "2026-03-01", "--from", "2026-03-01", "--to", "2026-03-02"],
    ],
)
def test_a_proof_is_of_one_day_or_of_a_whole_range(given: list[str]) -> None:
    assert CliRunner().invoke(app, ["prove", *given]).exit_code == 2
