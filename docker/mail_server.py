"""A mail server for one machine: takes mail over STARTTLS from who logs in, keeps it as Maildir, sends nothing on.

It stands in for the hospital's own server in the demo and in the tests. A message is acknowledged when it is on disk.
"""

from __future__ import annotations

import hmac
import logging
import signal
import ssl
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings, SmtpSettings

log = logging.getLogger("wardwatch.mail")

_MAX_MESSAGE_BYTES = 1 << 20


class KeepingMailbox(Mailbox):
    """Keeps every message, and says so with its id and no more."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Store one message; the client hears 250 only afterwards."""
        reply: str = await super().handle_DATA(server, session, envelope)
        log.info("kept a mail of %d bytes for %d recipients", len(envelope.content or b""), len(envelope.rcpt_tos))
        return reply


class Login:
    """Accepts the one user of the settings."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user.encode()
        self._password = password.encode()

    def __call__(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        """Compare in constant time."""
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        known = hmac.compare_digest(data.login, self._user) & hmac.compare_digest(data.password, self._password)
        return AuthResult(success=bool(known), handled=False)


def make_controller(smtp: SmtpSettings, mail_dir: Path) -> Controller:
    """Return a server that is not started yet.

    Parameters
    ----------
    smtp
        Address, login and certificate; the key lies beside the certificate as ``key.pem``.
    mail_dir
        The Maildir; made when it is missing.
    """
    if smtp.ca_file is None or smtp.user is None or smtp.password is None:
        raise SettingsError(
            "the mail server needs a login and a certificate; WARDWATCH_SMTP__USER, __PASSWORD or __CA_FILE is unset; "
            "start it with `make up`, which sets them"
        )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(smtp.ca_file, smtp.ca_file.parent / "key.pem")
    return Controller(
        KeepingMailbox(mail_dir),
        hostname=smtp.host,
        port=smtp.port,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=Login(smtp.user, smtp.password.get_secret_value()),
        data_size_limit=_MAX_MESSAGE_BYTES,
        ident="wardwatch",
    )


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-5s %(name)s: %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd logs each line of each dialogue
    settings = Settings.load()
    controller = make_controller(settings.smtp, settings.run / "mail")
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # before the server's thread exists, so that it inherits the mask
    controller.start()
    log.info("listening on %s:%d, mail is kept in %s", settings.smtp.host, settings.smtp.port, settings.run / "mail")
    signal.sigwait(signals)
    controller.stop()


if __name__ == "__main__":
    main()
