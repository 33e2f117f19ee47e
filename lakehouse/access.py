"""Who may do what: each service gets what its work needs, and nothing else. Rendered to ACLs and grants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lakehouse.settings import Service

GROUP_PREFIX: Final = "wardwatch-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Topics that a service reads and writes, tables of Cassandra whose rows it selects and modifies.

    Of the services that it follows it may see how far they have read.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    follows: frozenset[Service] = frozenset()
    selects: frozenset[str] = frozenset()
    modifies: frozenset[str] = frozenset()

    @property
    def has_role(self) -> bool:
        """Whether the service logs in to Cassandra at all."""
        return bool(self.selects or self.modifies)


_ALERT_TABLES: Final = frozenset({"alerts_by_patient", "alert_events", "open_alerts_by_ward"})
_FOLD_TABLES: Final = _ALERT_TABLES | {"ward_board", "limits_by_patient", "audit"}
_MAIL_TABLES: Final = frozenset({"deliveries", "dead_letters_by_day"})
_ALL_TABLES: Final = _FOLD_TABLES | _MAIL_TABLES

# The lane and its standby write the same; each also reads `alerts`: the standby for the lane's pulse, the lane to be
# rebuilt up to its last one.
_FOLDER: Final = Access(
    reads=frozenset({"bedside", "alerts"}), writes=frozenset({"alerts"}), selects=_FOLD_TABLES, modifies=_FOLD_TABLES
)

ACCESS: Final = {
    Service.ALARMS: _FOLDER,
    Service.STANDBY: _FOLDER,
    Service.LANDING: Access(reads=frozenset({"bedside", "ecg", "alerts"})),
    Service.NOTIFY: Access(
        reads=frozenset({"alerts"}), selects=_ALERT_TABLES | _MAIL_TABLES | {"ward_board"}, modifies=_MAIL_TABLES
    ),
    Service.WATCHDOG: Access(reads=frozenset({"bedside", "alerts"})),  # no store: it must speak when they are down
    Service.CLOCK: Access(writes=frozenset({"bedside"})),
    Service.MONITORS: Access(writes=frozenset({"bedside"})),
    Service.BOARD: Access(
        reads=frozenset({"bedside", "alerts"}),
        writes=frozenset({"bedside"}),
        selects=_ALL_TABLES,
        modifies=frozenset({"audit"}),
    ),
    Service.BATCH: Access(
        reads=frozenset({"bedside", "ecg", "alerts"}),
        writes=frozenset({"bedside"}),
        follows=frozenset({Service.NOTIFY}),
        selects=_ALL_TABLES,
        modifies=frozenset({"audit"}),
    ),
}

# What a service may do with every mart in PostgreSQL. A day is replaced by deleting and inserting; nothing is updated.
MART_RIGHTS: Final = {
    Service.BATCH: frozenset({"SELECT", "INSERT", "DELETE"}),
    Service.REPORTS: frozenset({"SELECT"}),
}
# Whose databases stand beside that of the marts.
DATABASE_OWNERS: Final = (Service.AIRFLOW, Service.SUPERSET)


def group_id(service: Service, name: str = "main") -> str:
    """Return the id of a consumer group; a service may use only groups that begin with its own name."""
    return f"{GROUP_PREFIX}{service}-{name}"
