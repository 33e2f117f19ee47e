"""Superset's configuration; what is not here is its default. Secrets and addresses come from a file of the launcher.

Pages load nothing from any host but this one, and report to none: what their Content-Security-Policy does not list, a
browser does not fetch. Superset's own policy lists telemetry and map tiles, and lets a trusted script load others from
anywhere ('strict-dynamic').
"""

import json
import os
from datetime import timedelta
from pathlib import Path

from flask import Flask, abort, redirect, request
from sqlalchemy.engine import URL, make_url
from werkzeug.wrappers import Response

_there = json.loads(Path(os.environ["WARDWATCH_SUPERSET_CONF"]).read_text(encoding="utf-8"))

SECRET_KEY = _there["secret_key"]
SQLALCHEMY_DATABASE_URI = _there["metadata"]


def DB_CONNECTION_MUTATOR(_uri: URL, params: dict, *_: object) -> tuple[URL, dict]:  # noqa: N802  Superset's name
    """Every database of Superset is the marts, read by the role that may read them and nothing else.

    So the assets hold neither an address nor a password, and whoever adds a database here reaches no other one.
    """
    options = {"options": "-c timezone=UTC -c statement_timeout=30s", "application_name": "wardwatch-superset"}
    return make_url(_there["marts"]), params | {"connect_args": options}


TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "img-src": ["'self'", "blob:", "data:"],
        "object-src": "'none'",
        "script-src": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "worker-src": ["'self'", "blob:"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # On loopback, or behind the hospital's own proxy, which speaks TLS with the world.
    "force_https": False,
    "session_cookie_secure": False,
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
RATELIMIT_ENABLED = True  # of the page of logins, the only door (see below): somebody who guesses is slowed down
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "20 per minute"
RATELIMIT_STORAGE_URI = "memory://"
FAB_API_SWAGGER_UI = False

APP_NAME = "Wardwatch reports"
LOGO_TARGET_PATH = HOME = "/dashboard/list/"
LOGIN_OF_PROGRAMS = "/api/v1/security/login"
ROW_LIMIT = 10_000
SQL_MAX_ROW = 50_000

# Marts change once a night, by a job that knows nothing of caches: each look asks them. They are small.
FEATURE_FLAGS = {
    "ALERT_REPORTS": False,  # the morning's mail is a job of the night
    "DASHBOARD_RBAC": False,
    "DRILL_BY": False,
    "DRILL_TO_DETAIL": False,
    "EMBEDDED_SUPERSET": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "ESTIMATE_QUERY_COST": False,
    "TAGGING_SYSTEM": False,
    "THUMBNAILS": False,
}


def FLASK_APP_MUTATOR(app: Flask) -> None:  # noqa: N802  Superset's name
    """Begin with the list of dashboards, and shut the second door.

    Superset's own first page is for those who make charts and queries. Its login for programs counts no tries, and no
    program uses it.
    """

    @app.before_request
    def show_dashboards() -> Response | None:
        return redirect(HOME) if request.path in {"/", "/superset/welcome/"} else None

    @app.before_request
    def admit_no_programs() -> None:
        if request.url_rule is not None and request.url_rule.rule == LOGIN_OF_PROGRAMS:
            abort(404)
