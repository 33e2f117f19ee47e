"""Real SMTP servers on loopback that behave as servers do on bad days."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from certificates import ensure_certificate
from lakehouse.settings import SmtpSecurity, SmtpSettings

USER, PASSWORD = "notify", "a password of this test"


class Server:
    """Accepts every mail, encrypted and after a login, and keeps what it has accepted. A context manager.

    Tests change its behaviour by assigning `on_rcpt` and `on_data`: each may return a reply instead of None = accept,
    and is told the recipient and how often that was asked before.
    """

    def __init__(self, folder: Path, port: int = 0, security: SmtpSecurity = SmtpSecurity.STARTTLS) -> None:
        self._security = security
        self.accepted: list[tuple[float, str, EmailMessage]] = []
        self.on_rcpt: Callable[[str, int], str | None] = lambda _to, _before: None
        self.on_data: Callable[[str, int], str | None] = lambda _to, _before: None
        self.delay_s = 0.0
        self.drop_after_data = 0  # so many connections are closed after the mail was kept, without an answer
        self._asked: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._certificate = ensure_certificate(folder, "IP:127.0.0.1")
        self._port = port or _free_port()

    def __enter__(self) -> Self:
        self.go_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_down()

    def go_up(self) -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self._certificate, self._certificate.parent / "key.pem")
        encrypted: dict[str, Any] = {"tls_context": tls, "require_starttls": True}
        if self._security is SmtpSecurity.TLS:
            encrypted = {"ssl_context": tls, "auth_require_tls": False}  # it does not see the TLS around it
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self._port, auth_required=True, authenticator=_login, **encrypted
        )
        self._controller.start()

    def go_down(self) -> None:
        """Listen no more; connections are closed, and what was accepted is kept."""
        self._controller.stop()

    @property
    def settings(self) -> SmtpSettings:
        """How a client reaches it."""
        return SmtpSettings(
            security=self._security, port=self._port, ca_file=self._certificate, user=USER,
            password=SecretStr(PASSWORD), sender="wardwatch@hospital.example", timeout_s=3,
        )  # fmt: skip

    def to(self, recipient: str) -> list[EmailMessage]:
        """Return the mails that a recipient has, in order of arrival."""
        with self._lock:
            return [mail for _, to, mail in self.accepted if to == recipient]

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: Any
    ) -> str:
        refusal = self.on_rcpt(to, self._before("rcpt", to))
        if refusal is None:
            envelope.rcpt_tos.append(to)
        return refusal or "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.delay_s)
        for to in envelope.rcpt_tos:
            refusal = self.on_data(to, self._before("data", to))
            if refusal is not None:
                return refusal
            mail = message_from_bytes(envelope.original_content or b"", policy=MAIL)
            with self._lock:
                self.accepted.append((time.time(), to, mail))
        if self.drop_after_data:
            self.drop_after_data -= 1
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"

    def _before(self, verb: str, to: str) -> int:
        self._asked[verb, to] += 1
        return self._asked[verb, to] - 1


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail of several parts."""
    text = mail.get_body(("plain",))
    assert text is not None
    return str(text.get_content())


def _login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    given = (data.login, data.password) if isinstance(data, LoginPassword) else None
    return AuthResult(success=given == (USER.encode(), PASSWORD.encode()))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
