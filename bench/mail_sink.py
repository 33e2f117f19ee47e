"""A mail server of its own for `bench mail`: STARTTLS, a login, and when it took which mail."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import ssl
import time
from email import message_from_bytes
from email.policy import default
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lakehouse.settings import SmtpSettings


class Taken(NamedTuple):
    """One mail that was accepted."""

    at_ms: float
    text: str
    has_picture: bool
    size: int


class MailSink:
    """A process, so that it takes no time from whoever measures. A context manager; `port` is where it listens."""

    def __init__(self, settings: SmtpSettings) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(settings, theirs), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.port: int = self._pipe.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()

    def count(self) -> int:
        """Return how many mails it has taken since they were last asked for."""
        self._pipe.send("count")
        return int(self._pipe.recv())

    def taken(self) -> list[Taken]:
        """Return the mails that it has taken since it was last asked."""
        self._pipe.send("taken")
        return [_read(at_ms, content) for at_ms, content in self._pipe.recv()]


class _Handler:
    def __init__(self) -> None:
        self.mails: list[tuple[float, bytes]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  its name
        self.mails.append((time.time() * 1000, envelope.original_content or b""))
        return "250 OK"


def _serve(settings: SmtpSettings, pipe: Connection) -> None:
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd warns of its own ways at each login
    if settings.ca_file is None or settings.user is None or settings.password is None:
        raise ValueError("the sink needs the certificate and the login of the local mail server")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings.ca_file, settings.ca_file.parent / "key.pem")
    login = (settings.user.encode(), settings.password.get_secret_value().encode())

    def authenticate(*given: Any) -> AuthResult:
        data = given[-1]
        return AuthResult(success=isinstance(data, LoginPassword) and (data.login, data.password) == login)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    handler = _Handler()
    controller = Controller(
        handler, hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True, auth_required=True,
        authenticator=authenticate,
    )  # fmt: skip
    controller.start()
    pipe.send(port)
    while True:
        if pipe.recv() == "count":
            pipe.send(len(handler.mails))
        else:
            mails, handler.mails = handler.mails, []
            pipe.send(mails)


def _read(at_ms: float, content: bytes) -> Taken:
    mail = message_from_bytes(content, policy=default)
    text = mail.get_body(("plain",))
    has_picture = any(part.get_content_type() == "image/png" for part in mail.walk())
    return Taken(at_ms, str(text.get_content()) if text is not None else "", has_picture, len(content))
