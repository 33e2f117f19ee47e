"""One process for all viewers: what they share is opened once, and then Streamlit serves the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streamlit.web import bootstrap

from lakehouse.folding import warm_up
from lakehouse.settings import Settings
from streaming.board.audit import Audit
from streaming.board.desk import Desk
from streaming.board.login import Door, Users
from streaming.board.reader import Reader
from streaming.board.screens import Screens
from streaming.board.tail import Tail

PAGE: Final = Path(__file__).with_name("page.py")


@dataclass(frozen=True, slots=True)
class Board:
    """What every session of the page uses."""

    settings: Settings
    tail: Tail
    screens: Screens
    audit: Audit
    desk: Desk
    door: Door


_serving: list[Board] = []


def serving() -> Board:
    """Return what the pages of this process share."""
    (board,) = _serving
    return board


def run(settings: Settings) -> None:
    """Serve the board until SIGTERM.

    Streamlit is started in this process, as `streamlit run` does it: the log is then followed from the start on, and
    not from the first visit.

    Raises
    ------
    SettingsError
        When the file of users or that of care teams cannot be used.
    """
    users = Users.of(settings)
    users.all()
    warm_up()
    with (
        Tail(settings) as tail,
        Reader(settings, tail.changes.of) as reader,
        Audit(settings) as audit,
        Desk(settings, audit.note) as desk,
    ):
        screens = Screens(tail, reader, settings.care_teams)
        _serving.append(Board(settings, tail, screens, audit, desk, Door(users)))
        flags = flags_of(settings)
        bootstrap.load_config_options(flags)
        bootstrap.run(str(PAGE), is_hello=False, args=[], flag_options=flags)


def flags_of(settings: Settings) -> dict[str, object]:
    """Return Streamlit's options: it listens where it is told, sends nothing to its makers and watches no files."""
    return {
        "server_address": settings.board.host,
        "server_port": settings.board.port,
        "server_headless": True,
        "server_fileWatcherType": "none",
        "browser_gatherUsageStats": False,
        "client_toolbarMode": "minimal",
        "client_showErrorDetails": "none",
        "client_showErrorLinks": False,
        "theme_base": "dark",
        # A full collection after each run of the page, once a second for each screen, cost 0.13 s of processor each.
        "runner_postScriptGC": False,
    }
