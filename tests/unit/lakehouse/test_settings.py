"""Settings that would be unsafe are refused when they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings


@pytest.fixture
def smtp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that names a user of a mail server, and no file of the run folder."""
    monkeypatch.setenv("WARDWATCH_RUN", str(tmp_path))
    monkeypatch.setenv("WARDWATCH_SMTP__USER", "notify")
    monkeypatch.setenv("WARDWATCH_SMTP__PASSWORD", "secret")
    return monkeypatch


def test_a_password_leaves_the_machine_only_encrypted(smtp: pytest.MonkeyPatch) -> None:
    smtp.setenv("WARDWATCH_SMTP__SECURITY", "none")
    smtp.setenv("WARDWATCH_SMTP__HOST", "mail.hospital.example")
    with pytest.raises(SettingsError, match=r"mail\.hospital\.example .* security none; set WARDWATCH_SMTP__SECURITY"):
        Settings.load()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_on_this_machine_it_may_be_in_clear(smtp: pytest.MonkeyPatch, host: str) -> None:
    smtp.setenv("WARDWATCH_SMTP__SECURITY", "none")
    smtp.setenv("WARDWATCH_SMTP__HOST", host)
    assert Settings.load().smtp.security == "none"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_it_may_go_anywhere(smtp: pytest.MonkeyPatch, security: str) -> None:
    smtp.setenv("WARDWATCH_SMTP__SECURITY", security)
    smtp.setenv("WARDWATCH_SMTP__HOST", "mail.hospital.example")
    assert Settings.load().smtp.security == security


def test_without_a_login_there_is_nothing_to_keep(smtp: pytest.MonkeyPatch) -> None:
    smtp.delenv("WARDWATCH_SMTP__USER")
    smtp.setenv("WARDWATCH_SMTP__SECURITY", "none")
    smtp.setenv("WARDWATCH_SMTP__HOST", "mail.hospital.example")
    assert Settings.load().smtp.user is None


def test_mails_link_to_where_the_board_listens_unless_people_reach_it_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WARDWATCH_RUN", str(tmp_path))
    assert Settings.load().board.url == "http://127.0.0.1:8501"
    monkeypatch.setenv("WARDWATCH_BOARD__PORT", "9000")
    assert Settings.load().board.url == "http://127.0.0.1:9000"
    monkeypatch.setenv("WARDWATCH_BOARD__URL", "https://board.hospital.example/")
    assert Settings.load().board.url == "https://board.hospital.example"
