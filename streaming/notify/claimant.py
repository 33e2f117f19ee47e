"""Who claims a mail, and how to see that a claimant is gone."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from typing import Final

import psutil

# Time-outs of the mail server that pass at most between a claim and the end of its dialogue. The dialogue begins within
# the first few; it waits for QUIT of an old connection, for connect, greeting, EHLO, STARTTLS, TLS, EHLO, two of AUTH,
# MAIL, RCPT, DATA, the text and RSET. One is to spare.
BEGIN: Final = 3
ANSWERS: Final = 14
LONGEST: Final = BEGIN + ANSWERS + 1
SAME_START_S: Final = 1.0


def myself() -> str:
    """Return the name under which this process claims mails: host/process/start."""
    process = psutil.Process()
    return f"{socket.gethostname()}/{os.getpid()}/{process.create_time():.3f}"


def is_gone(claimant: str | None, claimed_at: datetime | None, now: datetime, stale_after: timedelta) -> bool:
    """Whether a claim may be taken over: it is stale, or it was made by a process of this host that has ended.

    The second rule spares the successor of a killed notifier the wait.
    """
    if claimant is None or claimed_at is None or now - claimed_at > stale_after:
        return True
    host, pid, start = claimant.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(start)) > SAME_START_S
    except psutil.NoSuchProcess:
        return True
