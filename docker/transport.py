"""One artifact from a Maven registry. The address comes from the client library, so none is written down here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jgo.maven import MavenContext, MvnResolver, PythonResolver

_TIMEOUT_S = 30


def fetch_artifact(group: str, artifact: str, version: str, classifier: str | None, scratch: Path) -> Path:
    """Download one jar below ``scratch`` and return its path. Nothing is checked here: the caller has the sha256.

    ``WARDWATCH_JAR_MIRROR`` names another registry. Where Maven is on the path it is the second try, since it knows the
    proxies and mirrors of its own settings.
    """
    mirror = os.environ.get("WARDWATCH_JAR_MIRROR")
    remotes = {"mirror": mirror.rstrip("/")} if mirror else None
    try:
        return _resolve(PythonResolver(), group, artifact, version, classifier, scratch / "direct", remotes)
    except Exception:
        maven = shutil.which("mvn")
        if maven is None or mirror:
            raise
        return _resolve(MvnResolver(Path(maven)), group, artifact, version, classifier, scratch / "maven", remotes)


def _resolve(
    resolver: PythonResolver | MvnResolver,
    group: str,
    artifact: str,
    version: str,
    classifier: str | None,
    cache: Path,
    remotes: dict[str, str] | None,
) -> Path:
    context = MavenContext(
        resolver=resolver, repo_cache=cache, local_repos=[], remote_repos=remotes, timeout=_TIMEOUT_S
    )
    component = context.project(group, artifact).at_version(version)
    return component.artifact(packaging="jar", classifier=classifier or "").resolve()
