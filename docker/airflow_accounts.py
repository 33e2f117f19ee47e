"""Brings Airflow's tables to its version, and makes the users of its web page with the passwords of the environment.

Run by Airflow's own Python: in one process, since to import Airflow takes longer than all that it does here.
"""

from __future__ import annotations

import os

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.db import upgradedb
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

# Who may log in: name (also of the variable with the password) and roles. Viewers see everything and change nothing.
USERS = {"admin": ["Admin"], "viewer": ["Viewer"], "approver": ["Viewer", "Approver"]}
# Clinicians answer what a night asks them. For Airflow that is to edit the DAG that asks, too: they could pause it.
APPROVER = {
    "role": "Approver",
    "perms": [
        ("menu_access", "HITL Detail"),
        ("can_edit", "HITL Detail"),
        ("can_edit", "DAG:recalibrate_limits"),
    ],
}


@providers_configuration_loaded  # type: ignore[untyped-decorator]
def main() -> None:
    """Migrate, then make each user, or give it the password of the environment; done again, it changes nothing."""
    upgradedb()
    with get_application_builder() as builder:
        security = builder.sm
        security.bulk_sync_roles([APPROVER])
        for name, roles in USERS.items():
            password = os.environ[f"WARDWATCH_STACK__AIRFLOW_{name.upper()}_PASSWORD"]
            user = security.find_user(name)
            found = [security.find_role(role) for role in roles]
            if user is None:
                made = security.add_user(name, name, "wardwatch", f"{name}@localhost", found, password)
            else:
                user.roles = found
                made = security.update_user(user) and security.reset_password(user.id, password)
            if not made:
                raise SystemExit(f"Airflow must take the user {name} with the roles {roles}, and did not; see above")


if __name__ == "__main__":
    main()
