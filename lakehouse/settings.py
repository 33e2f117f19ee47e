"""Settings: one frozen object, read once in the entry point and passed down.

Every variable starts with ``WARDWATCH_``; a nested one joins its parts with two underscores, for example
``WARDWATCH_KAFKA__BOOTSTRAP``. The launcher writes ports and generated secrets to ``run/wardwatch.env`` (mode 0600);
a variable of the environment wins over that file.
"""

from __future__ import annotations

import os
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lakehouse.errors import SettingsError

Port = Annotated[int, Field(gt=0, lt=65536)]


class Service(StrEnum):
    """Who connects to a store. Each has its own user in Kafka, role in Cassandra or PostgreSQL."""

    ADMIN = "admin"
    ALARMS = "alarms"
    STANDBY = "standby"
    LANDING = "landing"
    NOTIFY = "notify"
    CLOCK = "clock"
    WATCHDOG = "watchdog"  # says that monitoring is down
    MONITORS = "monitors"  # replay, simulator, gateways: may only write to `bedside`, whatever kind of message
    BOARD = "board"
    BATCH = "batch"
    REPORTS = "reports"  # reads the marts, and nothing else
    AIRFLOW = "airflow"  # owns its own database
    SUPERSET = "superset"  # owns its own database


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(_Part):
    """The broker, and the size of the log."""

    bootstrap: str = "127.0.0.1:9092"
    security_protocol: str = "SASL_PLAINTEXT"
    ca_file: Path | None = None  # for SASL_SSL
    partitions: int = Field(default=4, ge=1, le=1024)
    replication: int = Field(default=1, ge=1)
    retention_hours: int = Field(default=96, ge=72)  # landing must be able to be away for three days


class CassandraSettings(_Part):
    """The database of alerts, limits and deliveries."""

    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: Port = 9042
    keyspace: str = "wardwatch"
    replication: int = Field(default=1, ge=1)
    ca_file: Path | None = None  # TLS when given


class HdfsSettings(_Part):
    """The file system of the lake."""

    rpc_port: Port = 8020
    http_port: Port = 9870
    host: str = "127.0.0.1"
    root: str = "/wardwatch"
    user: str = "wardwatch"

    @property
    def url(self) -> str:
        """Where the lake is, for Spark and deltalake."""
        return f"hdfs://{self.host}:{self.rpc_port}{self.root}"

    @property
    def web_url(self) -> str:
        """WebHDFS of the NameNode."""
        return f"http://{self.host}:{self.http_port}"


class PostgresSettings(_Part):
    """The database of the marts; beside it, in databases of their own, Airflow and Superset keep what they know."""

    host: str = "127.0.0.1"
    port: Port = 5432
    database: str = "wardwatch"


class SmtpSecurity(StrEnum):
    """How a connection to the mail server is encrypted."""

    STARTTLS = "starttls"  # begins in clear and must become encrypted; usually port 587
    TLS = "tls"  # encrypted from the first byte; usually port 465
    NONE = "none"


class SmtpSettings(_Part):
    """The mail server that takes the alerts."""

    host: str = "127.0.0.1"
    port: Port = 1025
    security: SmtpSecurity = SmtpSecurity.STARTTLS
    ca_file: Path | None = None
    user: str | None = None
    password: SecretStr | None = None
    sender: str = "wardwatch@localhost"
    timeout_s: float = Field(default=10.0, gt=0)

    @model_validator(mode="after")
    def _keeps_its_password(self) -> Self:
        if self.security is SmtpSecurity.NONE and self.user is not None and not _is_loopback(self.host):
            raise ValueError(
                f"a password leaves this machine only encrypted; {self.host} with a user has security none; "
                "set WARDWATCH_SMTP__SECURITY to starttls or tls, or leave out WARDWATCH_SMTP__USER"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class BoardSettings(_Part):
    """The live ward board: where it listens, where people open it, and who they are."""

    host: str = "127.0.0.1"
    port: Port = 8501
    url: str = ""  # how people reach it, for links in mails; behind a proxy another one than host and port
    users: Path | None = None  # None = board-users.yaml in the run folder
    first_password: SecretStr | None = None  # of the user `ward`, who is made where there are no users yet

    @model_validator(mode="before")
    @classmethod
    def _has_an_address(cls, given: dict[str, Any]) -> dict[str, Any]:
        url = given.get("url") or f"http://{given.get('host', '127.0.0.1')}:{given.get('port', 8501)}"
        return given | {"url": url.rstrip("/")}


class SparkSettings(_Part):
    """Where Spark runs, and with what."""

    master: str = "local[4]"  # tasks wait for Kafka more than they compute
    driver_memory: str = "512m"
    jars_dir: Path = Path("run/jars/spark")
    java_home: Path | None = None  # the launcher's choice; else JAVA_HOME or PATH, as Spark itself looks


class Settings(BaseSettings):
    """Everything that a process of Wardwatch may be told from outside."""

    model_config = SettingsConfigDict(env_prefix="WARDWATCH_", env_nested_delimiter="__", frozen=True, extra="ignore")

    run: Path = Path("run")
    data: Path = Path("data")
    care_teams: Path = Path("care_teams.yaml")
    engineers: tuple[str, ...] = ("engineers@hospital.example",)  # hear of what fails in the night
    managers: tuple[str, ...] = ("managers@hospital.example",)  # get the summary of the reports each morning
    superset_url: str = "http://127.0.0.1:8088"  # as they reach it; links of that mail begin with it
    passwords: dict[Service, SecretStr] = Field(default_factory=dict)
    kafka: KafkaSettings = KafkaSettings()
    cassandra: CassandraSettings = CassandraSettings()
    hdfs: HdfsSettings = HdfsSettings()
    postgres: PostgresSettings = PostgresSettings()
    smtp: SmtpSettings = SmtpSettings()
    spark: SparkSettings = SparkSettings()
    board: BoardSettings = BoardSettings()

    @classmethod
    def load(cls) -> Self:
        """Read the environment and ``wardwatch.env`` in the run folder.

        Raises
        ------
        SettingsError
            Naming every variable that is wrong, at once.
        """
        run = Path(os.environ.get("WARDWATCH_RUN", "run"))
        try:
            return cls(_env_file=run / "wardwatch.env")  # type: ignore[call-arg]
        except ValidationError as error:
            problems = "; ".join(
                f"WARDWATCH_{'__'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
                for problem in error.errors()
            )
            raise SettingsError(f"settings must be valid; {problems}; correct them and start again") from None

    def password(self, service: Service) -> str:
        """Return the password of a service, or say which variable lacks it."""
        try:
            return self.passwords[service].get_secret_value()
        except KeyError:
            raise SettingsError(
                f"each service logs in with its own password; WARDWATCH_PASSWORDS__{service.upper()} is not set; "
                "run `make up` once, which generates it, or set it"
            ) from None
