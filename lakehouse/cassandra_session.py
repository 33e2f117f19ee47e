"""A session with Cassandra: logging in, waiting for it, plain Python values, and errors in words."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cassandra import (
    AuthenticationFailed,
    ConsistencyLevel,
    InvalidRequest,
    OperationTimedOut,
    RequestExecutionException,
    Unauthorized,
    WriteTimeout,
)
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.policies import ExponentialReconnectionPolicy, RoundRobinPolicy, TokenAwarePolicy
from cassandra.util import Date
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, stop_never, wait_exponential_jitter

from lakehouse.errors import StoreError
from lakehouse.settings import CassandraSettings

logger = logging.getLogger(__name__)

Row: TypeAlias = dict[str, Any]

REQUEST_TIMEOUT_S: Final = 15.0
# The superuser and new passwords appear a moment after the port opens, and are cached for two seconds.
LOGIN_PATIENCE_S: Final = 20.0
QUIET_TRIES: Final = 2  # a first login that comes a moment early is nothing to warn of

DRIVER_ERRORS: Final = (
    NoHostAvailable, OperationTimedOut, RequestExecutionException, Unauthorized, InvalidRequest, AuthenticationFailed,
)  # fmt: skip


def may_pass(error: BaseException) -> bool:
    """Whether trying again may help."""
    return isinstance(error, NoHostAvailable | OperationTimedOut | RequestExecutionException)


def words(error: BaseException | None) -> str:
    """Return what went wrong, each host once, in words."""
    if isinstance(error, NoHostAvailable):
        return (
            "no host is up"
            if not error.errors
            else "; ".join(f"{host}: {cause}" for host, cause in error.errors.items())
        )
    if isinstance(error, WriteTimeout | OperationTimedOut):
        return f"no answer in time ({error})"
    return str(error)


def connect(
    settings: CassandraSettings,
    user: str,
    password: str,
    stop: Any = stop_never,
    *,
    login_patience_s: float = LOGIN_PATIENCE_S,
) -> tuple[Cluster, Session]:
    """Connect, waiting until the database answers and has the user.

    Raises
    ------
    StoreError
        When `stop` says so, or when the user is refused for longer than `login_patience_s`.
    """
    login_stop = stop_after_delay(login_patience_s)

    def given_up(state: RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        return bool(stop(state)) or (_refused_login(error) and login_stop(state))

    def say(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        level = logging.INFO if state.attempt_number <= QUIET_TRIES else logging.WARNING
        hosts = ",".join(settings.hosts)
        logger.log(level, "waiting for Cassandra at %s:%d as %s: %s", hosts, settings.port, user, words(error))

    try:
        return Retrying(
            retry=retry_if_exception(may_pass),
            wait=wait_exponential_jitter(multiplier=0.2, max=5.0, jitter=0.1),
            stop=given_up,
            before_sleep=say,
            reraise=True,
        )(_connect_once, settings, user, password)
    except DRIVER_ERRORS as error:
        raise StoreError(
            f"each service logs in to Cassandra; {user} cannot at {','.join(settings.hosts)}:{settings.port}: "
            f"{words(error)}; see `make status`, then run `python -m lakehouse init`"
        ) from error


def _refused_login(error: BaseException | None) -> bool:
    if isinstance(error, NoHostAvailable):
        return any(_refused_login(cause) for cause in error.errors.values())
    return isinstance(error, AuthenticationFailed)


def _connect_once(settings: CassandraSettings, user: str, password: str) -> tuple[Cluster, Session]:
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(RoundRobinPolicy()),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=REQUEST_TIMEOUT_S,
        row_factory=_rows,
    )
    cluster = Cluster(
        list(settings.hosts),
        port=settings.port,
        protocol_version=5,
        auth_provider=PlainTextAuthProvider(user, password),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=ExponentialReconnectionPolicy(0.2, 2.0),
        connect_timeout=REQUEST_TIMEOUT_S,
        ssl_context=None if settings.ca_file is None else ssl.create_default_context(cafile=settings.ca_file),
        ssl_options=None if settings.ca_file is None else {"server_hostname": settings.hosts[0]},
    )
    try:
        return cluster, cluster.connect()
    except BaseException:
        cluster.shutdown()
        raise


def _rows(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Row]:
    return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    """Turn the driver's naive times, and dates of its own kind, into Python's; times are in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    return value.date() if isinstance(value, Date) else value
