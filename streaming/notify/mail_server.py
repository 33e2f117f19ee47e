"""The mail server, over one kept connection, and what its refusals mean.

==================================== ================= ==================================================
what happens                         raised            what it means
==================================== ================= ==================================================
no connection, no TLS, no login,     `ServerAway`      nobody gets mail now; try again for as long as it
sender refused, time-out, dropped                      takes. Dropped after DATA: the mail may have been
                                                       accepted, and goes again with the same Message-ID
4xx to a recipient or to a mail      `RefusedForNow`   greylisting, a full mailbox: try again later
5xx to a recipient or to a mail      `Refused`         this mail will never be accepted
==================================== ================= ==================================================
"""

from __future__ import annotations

import smtplib
import time
from types import TracebackType
from typing import Final, Self

from lakehouse.errors import StoreError, WardwatchError
from lakehouse.settings import SmtpSettings
from lakehouse.smtp import connect, tls_context

IDLE_S: Final = 20.0  # servers close an idle connection, so a call after a pause would begin with a failure
CLOSING: Final = 421
LOGIN_WANTED: Final = frozenset({530, 534, 535, 538})
PERMANENT: Final = 500


class ServerAway(StoreError):
    """The mail server takes no mail from anyone now."""


class RefusedForNow(WardwatchError):
    """The mail server asks to try this mail again later."""


class Refused(WardwatchError):
    """The mail server will never take this mail."""


class MailServer:
    """One connection, opened when it is first needed. A context manager; not to be shared between threads.

    `send` returns when the server has accepted the mail. A retry sends it once more.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._tls = tls_context(settings)
        self._smtp: smtplib.SMTP | None = None
        self._used_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the server, if there is a connection."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (smtplib.SMTPException, OSError):
            smtp.close()

    def send(self, recipient: str, mail: bytes) -> None:
        """Hand over one mail for one recipient.

        Raises
        ------
        ServerAway, RefusedForNow, Refused
            As the table of this module says.
        """
        try:
            self._connected().sendmail(self._settings.sender, [recipient], mail)
            self._used_at = time.monotonic()
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refusal(*error.recipients[recipient]) from error
        except smtplib.SMTPDataError as error:
            raise self._refusal(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise self._away(str(error) or type(error).__name__) from error

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None and time.monotonic() - self._used_at > IDLE_S:
            self.close()
        if self._smtp is None:
            self._smtp = connect(self._settings, self._tls, self._settings.timeout_s)
            self._used_at = time.monotonic()
        return self._smtp

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()  # no QUIT: the connection is in an unknown state, and an answer may never come
            self._smtp = None

    def _refusal(self, code: int, reply: bytes | str) -> WardwatchError:
        words = f"{code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
        if code == CLOSING or code in LOGIN_WANTED:
            self._drop()
            return self._away(words)
        return Refused(words) if code >= PERMANENT else RefusedForNow(words)

    def _away(self, found: str) -> ServerAway:
        return ServerAway(
            f"the mail server must take mail; {self._settings.host}:{self._settings.port}: {found}; "
            "see WARDWATCH_SMTP__* and `python -m lakehouse doctor`"
        )
