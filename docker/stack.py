"""What the launcher knows beyond the settings of the processes: inner ports, heaps, and users of the services."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from lakehouse.errors import WardwatchError
from lakehouse.settings import Port, Settings

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"


class StackError(WardwatchError, RuntimeError):
    """The local stack cannot do what was asked."""


class StackPart(BaseModel):
    """Read from ``WARDWATCH_STACK__...``; everything here is between the services themselves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = ""  # marks our processes, so that no other is ever touched
    kafka_cluster_id: str = ""
    kafka_controller_port: Port = 9093
    cassandra_storage_port: Port = 7000
    datanode_port: Port = 9866
    datanode_http_port: Port = 9864
    datanode_ipc_port: Port = 9867
    airflow_port: Port = 8080
    superset_port: Port = 8088
    kafka_heap: str = "256M"
    cassandra_heap: str = "512M"
    hdfs_heap: str = "128M"
    broker_password: SecretStr = SecretStr("")
    controller_password: SecretStr = SecretStr("")
    airflow_admin_password: SecretStr = SecretStr("")
    airflow_viewer_password: SecretStr = SecretStr("")
    airflow_approver_password: SecretStr = SecretStr("")
    superset_admin_password: SecretStr = SecretStr("")
    superset_manager_password: SecretStr = SecretStr("")
    superset_secret_key: SecretStr = SecretStr("")  # of its sessions, and of what it keeps encrypted
    airflow_jwt_secret: SecretStr = SecretStr("")  # between its programs
    airflow_secret_key: SecretStr = SecretStr("")  # of its sessions
    airflow_fernet_key: SecretStr = SecretStr("")  # of what it keeps encrypted in its database


class StackSettings(Settings):
    """Settings of the processes and of the services below them."""

    stack: StackPart = StackPart()

    @property
    def kafka_port(self) -> int:
        """Port of the first broker."""
        return int(self.kafka.bootstrap.split(",")[0].rpartition(":")[2])
