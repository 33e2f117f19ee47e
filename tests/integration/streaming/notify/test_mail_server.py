"""What a mail server's answers mean, each given by a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from lakehouse.errors import SettingsError
from lakehouse.settings import SmtpSecurity
from streaming.notify.mail_server import MailServer, Refused, RefusedForNow, ServerAway
from tests.integration.streaming.notify.servers import Server

MAIL = b"Subject: HIGH icu bed 7\r\nMessage-ID: <1@wardwatch>\r\n\r\nbody\r\n"
NURSE = "nurse@h.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[MailServer]:
    with MailServer(server.settings) as connected:
        yield connected


def test_a_mail_is_accepted_over_starttls_and_login(server: Server, client: MailServer) -> None:
    client.send(NURSE, MAIL)
    client.send(NURSE, MAIL)
    assert [mail["Message-ID"] for mail in server.to(NURSE)] == ["<1@wardwatch>"] * 2


# The test server knows only TLS that begins with STARTTLS, and takes this for none.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_mail_is_accepted_over_tls_from_the_first_byte(tmp_path: Path) -> None:
    with Server(tmp_path, security=SmtpSecurity.TLS) as server, MailServer(server.settings) as client:
        client.send(NURSE, MAIL)
        assert [mail["Message-ID"] for mail in server.to(NURSE)] == ["<1@wardwatch>"]


def test_one_refused_recipient_leaves_the_connection_usable(server: Server, client: MailServer) -> None:
    server.on_rcpt = lambda to, _: "550 5.1.1 no such user" if to != NURSE else None
    with pytest.raises(Refused, match=r"550 5\.1\.1 no such user"):
        client.send("gone@h.example", MAIL)
    client.send(NURSE, MAIL)
    assert len(server.to(NURSE)) == 1


def test_a_greylisted_recipient_is_refused_for_now(server: Server, client: MailServer) -> None:
    server.on_rcpt = lambda _, before: "451 4.7.1 greylisted" if before == 0 else None
    with pytest.raises(RefusedForNow, match="greylisted"):
        client.send(NURSE, MAIL)
    client.send(NURSE, MAIL)


@pytest.mark.parametrize(("reply", "meaning"), [("452 4.3.1 full", RefusedForNow), ("554 5.6.0 no", Refused)])
def test_a_refusal_after_the_text_is_about_this_mail(
    server: Server, client: MailServer, reply: str, meaning: type[Exception]
) -> None:
    server.on_data = lambda _, before: reply if before == 0 else None
    with pytest.raises(meaning):
        client.send(NURSE, MAIL)
    client.send(NURSE, MAIL)


def test_a_connection_dropped_after_the_text_leaves_it_unknown_and_the_next_try_connects_anew(
    server: Server, client: MailServer
) -> None:
    server.drop_after_data = 1
    with pytest.raises(ServerAway):
        client.send(NURSE, MAIL)
    client.send(NURSE, MAIL)
    assert [mail["Message-ID"] for mail in server.to(NURSE)] == ["<1@wardwatch>"] * 2


@pytest.mark.parametrize("reply", ["421 4.3.2 closing", "530 5.7.0 login first"])
def test_a_server_that_serves_nobody_now_is_away(server: Server, client: MailServer, reply: str) -> None:
    server.on_rcpt = lambda _, before: reply if before == 0 else None
    with pytest.raises(ServerAway):
        client.send(NURSE, MAIL)
    client.send(NURSE, MAIL)


def test_a_server_slower_than_the_time_out_is_away(server: Server) -> None:
    server.delay_s = 1.0
    with MailServer(server.settings.model_copy(update={"timeout_s": 0.2})) as client, pytest.raises(ServerAway):
        client.send(NURSE, MAIL)


def test_a_wrong_password_names_the_settings(server: Server) -> None:
    wrong = server.settings.model_copy(update={"password": SecretStr("wrong")})
    with MailServer(wrong) as client, pytest.raises(ServerAway, match="WARDWATCH_SMTP__"):
        client.send(NURSE, MAIL)


def test_no_mail_goes_to_a_server_whose_certificate_is_unknown(server: Server, tmp_path: Path) -> None:
    with Server(tmp_path / "other") as other:
        stranger = server.settings.model_copy(update={"ca_file": other.settings.ca_file})
    with MailServer(stranger) as client, pytest.raises(ServerAway, match="certificate"):
        client.send(NURSE, MAIL)
    assert server.to(NURSE) == []


def test_a_missing_certificate_file_is_said_at_the_start(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WARDWATCH_SMTP__CA_FILE"):
        MailServer(server.settings.model_copy(update={"ca_file": tmp_path / "none.pem"}))


def test_a_port_where_nobody_listens_is_away(tmp_path: Path) -> None:
    with Server(tmp_path) as gone:
        settings = gone.settings
    with MailServer(settings) as client, pytest.raises(ServerAway, match="refused"):
        client.send(NURSE, MAIL)
