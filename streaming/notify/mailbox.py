"""What the local mail server holds: `python -m streaming mailbox`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_binary_file
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.errors import SettingsError
from lakehouse.settings import Settings


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; numbers follow the order of arrival, so that they stay what they are while mails arrive."""

    number: int
    arrived_at: datetime
    message: EmailMessage

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


def show(settings: Settings, count: int = 20, to: str | None = None, number: int | None = None) -> None:
    """Print a table of the newest mails, or one mail.

    Parameters
    ----------
    settings
        Their run folder holds the mailbox.
    count
        How many of the newest mails.
    to
        Only mails whose recipient contains this.
    number
        Print this one, as the table numbers them.
    """
    console = Console()
    mails = read(settings.run / "mail", to)
    if number is not None:
        _print_mail(console, _find(mails, number))
        return
    newest = [mail for mail, _ in zip(mails, range(count), strict=False)]
    table = Table("no.", "arrived (UTC)", "to", "subject", "Message-ID")
    for mail in reversed(newest):
        headers = [Text(str(mail.message[name] or "")) for name in ("To", "Subject", "Message-ID")]
        table.add_row(str(mail.number), f"{mail.arrived_at:%Y-%m-%d %H:%M:%S}", *headers)
    console.print(table if newest else "No mail.")


def read(folder: Path, to: str | None = None) -> Iterator[Mail]:
    """Read the mails of a Maildir, the newest first.

    Raises
    ------
    SettingsError
        When there is no such folder.
    """
    if not (folder / "new").is_dir():
        raise SettingsError(
            f"the local mail server keeps mail in the run folder; {folder} is not there; start it with `make up`, or "
            "set WARDWATCH_RUN"
        )
    files = [path for part in ("new", "cur") for path in (folder / part).iterdir()]
    paths = sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))
    for number, path in reversed(list(enumerate(paths, start=1))):
        mail = _read(number, path)
        if to is None or to.lower() in str(mail.message["To"]).lower():
            yield mail


def _read(number: int, path: Path) -> Mail:
    with path.open("rb") as file:
        message = message_from_binary_file(file, policy=default)
    return Mail(number, datetime.fromtimestamp(path.stat().st_mtime, UTC), message)


def _find(mails: Iterator[Mail], number: int) -> Mail:
    for mail in mails:
        if mail.number == number:
            return mail
    raise SettingsError(f"--show takes a number of the table; there is no mail {number}; run it without --show first")


def _print_mail(console: Console, mail: Mail) -> None:
    for name in ("From", "To", "Subject", "Date", "Message-ID"):
        console.print(Text(f"{name}: {mail.message[name]}"), soft_wrap=True)
    console.print()
    console.print(Text(mail.text), soft_wrap=True)
