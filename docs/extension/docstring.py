"""Reading a docstring: its text, and what it says of arguments, attributes and errors."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sphinx.errors import ExtensionError

_SECTION: Final = re.compile(r"^(Args|Attributes|Raises):\n((?:(?:    .*)?\n)+)", re.MULTILINE)
_ENTRY: Final = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Docstring:
    """A docstring in its parts.

    Attributes:
        text: everything but the sections, in Markdown.
        arguments: what each argument of a call is.
        attributes: what each attribute of a value is.
        raises: when each error is raised.
    """

    text: str
    arguments: Mapping[str, str]
    attributes: Mapping[str, str]
    raises: Mapping[str, str]


def docstring_of(thing: object, name: str) -> Docstring:
    """Return the docstring of a class or a function.

    Args:
        thing: the class or function.
        name: what the error calls it.

    Raises:
        ExtensionError: it has none.
    """
    if not (written := getattr(thing, "__doc__", None)):
        raise ExtensionError(f"{name} has no docstring, which the reference is made of.")
    cleaned = inspect.cleandoc(written) + "\n"
    sections = {title: _entries(body) for title, body in _SECTION.findall(cleaned)}
    return Docstring(
        text=_SECTION.sub("", cleaned).strip(),
        arguments=sections.get("Args", {}),
        attributes=sections.get("Attributes", {}),
        raises=sections.get("Raises", {}),
    )


def _entries(body: str) -> dict[str, str]:
    return {name: " ".join(text.split()) for name, text in _ENTRY.findall(body)}
