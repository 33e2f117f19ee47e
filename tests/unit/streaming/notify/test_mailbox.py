"""The mailbox command shows what the local mail server holds."""

import mailbox
import os
from pathlib import Path

import pytest

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings
from streaming.notify.mailbox import read, show
from streaming.notify.writer import Writer
from tests.unit.streaming.notify.builders import NIGHT, event


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A run folder whose mailbox holds three mails, which arrived in the order of their numbers."""
    monkeypatch.setenv("COLUMNS", "200")
    writer = Writer(sender="wardwatch@h.example", board_url="http://127.0.0.1:8501")
    box = mailbox.Maildir(tmp_path / "mail", create=True)
    for number, name in enumerate(("nurse", "physician", "nurse"), start=1):
        mail = writer.mail(f"{name}@h.example", [event(number=number)], NIGHT)
        key = box.add(mail)
        os.utime(tmp_path / "mail" / "new" / key, (NIGHT.timestamp() + number,) * 2)
    return Settings(run=tmp_path)


def test_the_newest_mails_are_listed_last(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show(settings, count=2)
    lines = [line for line in capsys.readouterr().out.splitlines() if "h.example" in line]
    assert [line.split("│")[1].strip() for line in lines] == ["2", "3"]
    assert "physician@h.example" in lines[0]
    assert "HIGH icu bed 7: heart rate high 152 /min (limit 140)" in lines[0]
    assert "2026-11-24 03:12:13" in lines[0]


def test_numbers_stay_what_they_are_in_a_selection(settings: Settings) -> None:
    assert [mail.number for mail in read(settings.run / "mail", "NURSE@")] == [3, 1]


def test_one_mail_is_printed_whole(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    show(settings, number=2)
    printed = capsys.readouterr().out
    assert "To: physician@h.example" in printed
    assert "Reference    alert-2" in printed
    assert "<html" not in printed


def test_a_number_that_is_not_there_is_said(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="there is no mail 9"):
        show(settings, number=9)


def test_an_empty_mailbox_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mailbox.Maildir(tmp_path / "mail", create=True)
    show(Settings(run=tmp_path))
    assert capsys.readouterr().out == "No mail.\n"


def test_without_a_local_mail_server_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="start it with `make up`"):
        show(Settings(run=tmp_path))
