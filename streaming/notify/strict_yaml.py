"""YAML files that people write and that nothing may be guessed of: each mistake is refused with its line and field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from lakehouse.errors import SettingsError

Field: TypeAlias = tuple[int | str, ...]
Problems: TypeAlias = Iterable[tuple[Field, str]]
MERGE_TAG: Final = "tag:yaml.org,2002:merge"


class Part(BaseModel):
    """A part of such a file: it has no unknown keys, and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Loader(yaml.SafeLoader):
    """Leaves dates as texts: a date that does not exist is then a mistake like others, with its line."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own way
        sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


Model = TypeVar("Model", bound=Part)


def read(path: Path, why: str) -> str:
    """Return the text of such a file.

    Raises
    ------
    SettingsError
        When it cannot be read; `why` says who needs it and what to do.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        who, what_to_do = why.split("; ", 1)
        raise SettingsError(f"{who}; {path} cannot be read ({error}); {what_to_do}") from None


def parse(kind: type[Model], text: str, name: str, check: Callable[[Model], Problems] = lambda _: ()) -> Model:
    """Read the text of such a file.

    Parameters
    ----------
    kind
        What the file must be.
    text, name
        Its text, and what it is called in an error.
    check
        Finds what is wrong between its fields: each with the field where it stands.

    Raises
    ------
    SettingsError
        Naming every problem, each with its line and field.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
        document = yaml.load(text, Loader=_Loader)  # noqa: S506  a safe one
    except yaml.YAMLError as error:
        raise SettingsError(f"{name} must be YAML; {error}; correct it and start again") from None
    problems = list(_keys_given_twice(root))
    try:
        made = kind.model_validate(document)
        problems += [f"{_place(root, field)}: {problem}" for field, problem in check(made)]
        if not problems:
            return made
    except ValidationError as error:
        problems += [f"{_place(root, problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    raise SettingsError(f"{name} must be valid; {'; '.join(problems)}; correct it and start again")


def _keys_given_twice(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _keys_given_twice(item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen and key.tag != MERGE_TAG:
                yield f"line {key.start_mark.line + 1}, {key.value}: given twice"
            seen.add(key.value)
            yield from _keys_given_twice(value)


def _place(root: yaml.Node | None, field: Field) -> str:
    """Return the line where a field stands, as far down as the file has it, and the field's name."""
    node, known = root, len(field)
    for depth, step in enumerate(field):
        below = _child(node, step)
        if below is None:
            # What a scalar stands for has fields of its own, which the file does not show.
            known = depth if isinstance(node, yaml.ScalarNode) else known
            break
        node = below
    line = node.start_mark.line + 1 if node is not None else 1
    return f"line {line}, {'.'.join(str(step) for step in field[:known]) or 'the file'}"


def _child(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        found: yaml.Node = node.value[step]
        return found
    return None
