"""Brings Superset's tables to its version, makes users and roles, and imports the reports of `assets/`.

Run by Superset's own Python before its web server starts. A digest of everything that it works from is kept in
Superset's database: where that is the same, nothing is done, not even the import of Superset, which takes ten seconds.
"""

import hashlib
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import psycopg2
import yaml

HERE = Path(__file__).resolve().parent
ASSETS = Path(sys.argv[1]) if sys.argv[1:] else HERE / "assets"  # another folder, to try a change
MANAGER = "ClinicalManager"
# Who may log in: name (also of the variable with the password) and role.
USERS = {"admin": "Admin", "manager": MANAGER}

# What opening a dashboard takes; besides it, the datasets of the dashboards. No edit, no export, no SQL, no exploring,
# and no password of one's own: those of the environment are set at each change.
OPENS_DASHBOARDS = {
    ("can_dashboard", "Superset"),
    ("can_log", "Superset"),
    ("can_read", "Chart"),
    ("can_read", "CssTemplate"),
    ("can_read", "CurrentUserRestApi"),
    ("can_read", "Dashboard"),
    ("can_read", "DashboardFilterStateRestApi"),
    ("can_read", "DashboardPermalinkRestApi"),
    ("can_read", "Theme"),
    ("can_time_range", "Api"),
    ("can_userinfo", "UserDBModelView"),
    ("can_write", "DashboardFilterStateRestApi"),
    ("menu_access", "Dashboards"),
}


def main() -> None:
    """Make what is missing or has changed."""
    passwords = {name: os.environ[f"WARDWATCH_STACK__SUPERSET_{name.upper()}_PASSWORD"] for name in USERS}
    contents = {path.relative_to(ASSETS).as_posix(): path.read_text("utf-8") for path in sorted(ASSETS.rglob("*.yaml"))}
    digest = digest_of(version("apache-superset"), contents, passwords)
    metadata = json.loads(Path(os.environ["WARDWATCH_SUPERSET_CONF"]).read_text("utf-8"))["metadata"]
    connection = psycopg2.connect(metadata.replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS wardwatch_bootstrap (digest text NOT NULL, uuids text[] NOT NULL)")
        cursor.execute("SELECT digest, uuids FROM wardwatch_bootstrap")
        before, imported = cursor.fetchone() or ("", [])
        if before == digest:
            return
        uuids = sorted(yaml.safe_load(text)["uuid"] for name, text in contents.items() if name != "metadata.yaml")
        keep(cursor, "", sorted({*imported, *uuids}))  # a start that fails on the way begins again
        make(contents, passwords, obsolete=sorted({*imported} - {*uuids}))
        keep(cursor, digest, uuids)
    connection.close()


def keep(cursor, digest: str, uuids: list[str]) -> None:
    """Remember what was imported, and from what."""
    cursor.execute("DELETE FROM wardwatch_bootstrap")
    cursor.execute("INSERT INTO wardwatch_bootstrap VALUES (%s, %s)", [digest, uuids])


def digest_of(release: str, contents: dict[str, str], passwords: dict[str, str]) -> str:
    """Return what stands for everything that `make` works from."""
    code = [path.read_text("utf-8") for path in sorted(HERE.glob("*.py"))]
    return hashlib.sha256(json.dumps([release, contents, passwords, code]).encode()).hexdigest()


def make(contents: dict[str, str], passwords: dict[str, str], obsolete: list[str]) -> None:
    """Do it all, in one process."""
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from superset.extensions import appbuilder, db, security_manager

        import superset

        upgrade(directory=str(Path(superset.__file__).parent / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        security_manager.add_role(MANAGER)
        users = {name: ensure_user(security_manager, name, passwords[name]) for name in USERS}
        import_assets(contents, users["admin"])
        remove(obsolete)
        permit_dashboards(security_manager, contents)
        db.session.commit()


def ensure_user(security_manager, name: str, password: str):  # noqa: ANN201  Superset's own classes
    """Make a user, or give it the password of the environment and its role."""
    role = security_manager.find_role(USERS[name])
    user = security_manager.find_user(name)
    if user is None:
        user = security_manager.add_user(name, name.capitalize(), "Wardwatch", f"{name}@localhost", role, password)
    else:
        security_manager.reset_password(user.id, password)
        user.roles = [role]
    if not user:
        raise SystemExit(f"Superset must take the user {name} with the role {USERS[name]}, and did not; see above")
    return user


def import_assets(contents: dict[str, str], admin) -> None:
    """Import databases, datasets, charts and dashboards; what is there already is overwritten."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.utils.core import override_user

    with override_user(admin):
        ImportAssetsCommand(contents).run()


def remove(obsolete: list[str]) -> None:
    """Delete what an earlier version had imported and the files no longer have; what others have made stays."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    for kind in (Dashboard, Slice, SqlaTable):
        for each in db.session.query(kind).filter(kind.uuid.in_(obsolete)):
            db.session.delete(each)


def permit_dashboards(security_manager, contents: dict[str, str]) -> None:
    """Give the managers' role exactly what it needs, and no more than that."""
    from superset.connectors.sqla.models import SqlaTable
    from superset.extensions import db

    datasets = db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(dataset_uuids(contents))).all()
    wanted = OPENS_DASHBOARDS | {("datasource_access", dataset.perm) for dataset in datasets}
    role = security_manager.find_role(MANAGER)
    role.permissions = [security_manager.add_permission_view_menu(right, what) for right, what in sorted(wanted)]


def dataset_uuids(contents: dict[str, str]) -> list[str]:
    """Return the uuids of the datasets among the assets."""
    return [yaml.safe_load(text)["uuid"] for name, text in contents.items() if name.startswith("datasets/")]


if __name__ == "__main__":
    main()
