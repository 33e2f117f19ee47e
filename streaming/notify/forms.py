"""A mail's content as plain text and as HTML: two forms of the same. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from streaming.notify.content import Content, Item

FOOTER: Final = (
    "Wardwatch is decision support and must never be the only source of alarms: look at the patient.",
    "Do not reply: acknowledge on the ward board.",
)
_TEMPLATES: Final = Path(__file__).with_name("templates")


def as_text(content: Content, trend: str = "") -> str:
    """Set a mail's content as plain text; `trend` says of one alert what its picture shows, or why there is none."""
    rows = _facts(content, trend) if len(content.items) == 1 else list(_list(content.items))
    width = max(len(label) for label, _ in rows) + 2
    lines = [f"{label:{width}}{value}" for label, value in rows]
    links = (f"Ward board: {content.board_url}",) if len(content.items) > 1 else ()
    paragraphs = ([content.headline], content.notes, lines, links, FOOTER)
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines) + "\n"


def as_html(content: Content, trend: str = "", picture: str | None = None) -> str:
    """Set a mail's content as HTML; `picture` is the Content-ID of its trend."""
    name = "single" if len(content.items) == 1 else "digest"
    return template(name).render(content=content, trend=trend, picture=picture, footer=FOOTER)


@cache
def template(name: str) -> Template:
    """Return one of our templates. What is set into it is escaped; what it lacks is an error, never an empty place."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(f"{name}.html.j2")


def _facts(content: Content, trend: str) -> list[tuple[str, str]]:
    (item,) = content.items
    links = (("Look", item.patient_url), ("Acknowledge", item.acknowledge_url))
    more = (("Trend", trend), *links)
    return [*content.facts, *((label, value) for label, value in more if value)]


def _list(items: Iterable[Item]) -> Iterable[tuple[str, str]]:
    for item in items:
        facts = (item.place, item.step, item.finding, f"{item.age} ago" if item.age else "")
        yield item.kind, ", ".join(fact for fact in facts if fact)
        yield "", f"patient {item.patient}, raised {item.since}, reference {item.reference}"
