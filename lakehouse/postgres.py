"""A connection with PostgreSQL: logging in, waiting for it, and errors in words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeVar

import psycopg
from psycopg.rows import DictRow, dict_row
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_exponential_jitter

from lakehouse.errors import StoreError
from lakehouse.settings import PostgresSettings, Service, Settings

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Connection = psycopg.Connection[DictRow]

PATIENCE_S: Final = 60.0
CONNECT_TIMEOUT_S: Final = 5

# What stays wrong however often one asks. A refused login carries no code, only words.
_LASTING: Final = ("authentication failed", "does not exist", "permission denied", "not permitted", "no pg_hba.conf")


def connect(
    settings: Settings, service: Service, database: str | None = None, *, patience_s: float = PATIENCE_S
) -> Connection:
    """Connect as a service, waiting until the database answers. Each statement is its own transaction.

    Parameters
    ----------
    database
        None = that of the marts.

    Raises
    ------
    StoreError
        When the service is refused, or the database does not answer within `patience_s`.
    """
    there, password = settings.postgres, settings.password(service)
    database = database or there.database
    try:
        return patiently(lambda: _connect_once(there, service, password, database), patience_s)
    except psycopg.OperationalError as error:
        raise StoreError(
            f"each service logs in to PostgreSQL; {service} cannot at {there.host}:{there.port}/{database}: "
            f"{words(error)}; see `make status`, then run `python -m lakehouse init`"
        ) from error


def _connect_once(there: PostgresSettings, service: Service, password: str, database: str) -> Connection:
    return psycopg.connect(
        host=there.host,
        port=there.port,
        user=str(service),
        password=password,
        dbname=database,
        connect_timeout=CONNECT_TIMEOUT_S,
        application_name=f"wardwatch-{service}",
        options="-c timezone=UTC",
        autocommit=True,
        row_factory=dict_row,
    )


def patiently(attempt: Callable[[], Result], patience_s: float) -> Result:
    """Call, and again with growing pauses while the database is away or starting; the last error is raised."""
    return Retrying(
        retry=retry_if_exception(may_pass),
        wait=wait_exponential_jitter(multiplier=0.1, max=2.0, jitter=0.1),
        stop=stop_after_delay(patience_s),
        before_sleep=_say_waiting,
        reraise=True,
    )(attempt)


def may_pass(error: BaseException) -> bool:
    """Whether trying again may help: the database is away, starting or stopping."""
    return isinstance(error, psycopg.OperationalError) and not any(part in str(error) for part in _LASTING)


def words(error: BaseException | None) -> str:
    """Return what went wrong in one line: the first, behind which hints and places follow."""
    lines = str(error).splitlines()
    return lines[0].strip() if lines else type(error).__name__


def _say_waiting(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    logger.warning("waiting for PostgreSQL (try %d): %s", state.attempt_number, words(error))
