"""A connection to the mail server of the settings: encrypted and logged in as they say."""

from __future__ import annotations

import smtplib
import ssl

from lakehouse.errors import SettingsError
from lakehouse.settings import SmtpSecurity, SmtpSettings


def tls_context(settings: SmtpSettings) -> ssl.SSLContext:
    """Return how the mail server's certificate is checked.

    Raises
    ------
    SettingsError
        When the file of authorities cannot be read.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise SettingsError(
            f"TLS needs the certificate of who signed the mail server's; {settings.ca_file}: {error}; "
            "correct WARDWATCH_SMTP__CA_FILE"
        ) from None


def connect(settings: SmtpSettings, tls: ssl.SSLContext, timeout_s: float) -> smtplib.SMTP:
    """Connect and log in; the caller closes. `timeout_s` is for each answer of the server.

    Raises
    ------
    OSError, smtplib.SMTPException
        When the server does not answer, has another certificate, or refuses TLS or the login.
    """
    if settings.security is SmtpSecurity.TLS:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=timeout_s, context=tls)
    else:
        smtp = smtplib.SMTP(settings.host, settings.port, timeout=timeout_s)
    try:
        if settings.security is SmtpSecurity.STARTTLS:
            smtp.starttls(context=tls)
        if settings.user is not None and settings.password is not None:
            smtp.login(settings.user, settings.password.get_secret_value())
    except BaseException:
        smtp.close()
        raise
    return smtp
