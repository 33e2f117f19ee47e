"""The mail server, spoken to by a real client over a real socket."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from mailbox import Maildir
from pathlib import Path

import pytest
from pydantic import SecretStr

from certificates import ensure_certificate
from lakehouse.errors import SettingsError
from lakehouse.settings import SmtpSettings
from mail_server import make_controller
from ports import free_port

MAIL = "Subject: one alert\r\n\r\nHeart rate 131 /min\r\n"


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[SmtpSettings]:
    certificate = ensure_certificate(tmp_path / "smtp", "IP:127.0.0.1")
    settings = SmtpSettings(port=free_port(), ca_file=certificate, user="wardwatch", password=SecretStr("s3cret"))
    controller = make_controller(settings, tmp_path / "mail")
    controller.start()
    yield settings
    controller.stop()


@pytest.fixture
def client(smtp: SmtpSettings) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as client:
        yield client


def encrypt(client: smtplib.SMTP, smtp: SmtpSettings) -> None:
    client.starttls(context=ssl.create_default_context(cafile=str(smtp.ca_file)))


def test_a_mail_is_kept_with_its_recipients(client: smtplib.SMTP, smtp: SmtpSettings, tmp_path: Path) -> None:
    encrypt(client, smtp)
    client.login("wardwatch", "s3cret")
    client.sendmail("wardwatch@localhost", ["a@ward.example", "b@ward.example"], MAIL)

    (mail,) = Maildir(tmp_path / "mail")
    assert mail["Subject"] == "one alert"
    assert mail["X-RcptTo"] == "a@ward.example, b@ward.example"


def test_a_wrong_password_is_refused(client: smtplib.SMTP, smtp: SmtpSettings) -> None:
    encrypt(client, smtp)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("wardwatch", "guessed")


def test_nothing_is_taken_without_encryption(client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
        client.sendmail("wardwatch@localhost", ["a@ward.example"], MAIL)


def test_nothing_is_taken_without_a_login(client: smtplib.SMTP, smtp: SmtpSettings) -> None:
    encrypt(client, smtp)
    with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
        client.sendmail("wardwatch@localhost", ["a@ward.example"], MAIL)


def test_a_server_without_login_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WARDWATCH_SMTP__USER"):
        make_controller(SmtpSettings(), tmp_path / "mail")


def test_a_certificate_is_made_once_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    first = ensure_certificate(tmp_path, "DNS:localhost").read_bytes()

    assert ensure_certificate(tmp_path, "DNS:localhost").read_bytes() == first
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
