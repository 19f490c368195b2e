"""Colours for what a command shows on a terminal. They only repeat what the words say."""

from __future__ import annotations

import re
from typing import Final

from rich.text import Text

_STYLES: Final = (
    (re.compile(r"^(?:Sync|Key|Run|Account|Contact) .*", re.MULTILINE), "bold"),
    (re.compile(r"^ {2,4}[a-z][a-z ]{1,8}(?= )", re.MULTILINE), "cyan"),
    (re.compile(r"\b(?:invalid|refused|unremoved|failed|wrong)\b"), "red"),
    (re.compile(r"\b(?:withheld|unknown|pending|warning)\b"), "yellow"),
    (re.compile(r"\b(?:created|updated|finished|ok)\b"), "green"),
)


def coloured(text: str) -> Text:
    """Return the same text with its headings, the names of facts, and outcomes in colours."""
    found = Text(text)
    for pattern, style in _STYLES:
        found.highlight_regex(pattern, style)
    return found
