"""The most similar of some names, for a message about a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_COMPARED: Final = 100
"""Characters of a name that are compared: the work grows with the square of their number."""


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """Return the name that is most similar to the wanted one in its first 100 characters; None if there are none."""
    by_beginning = {name[:_COMPARED]: name for name in names}
    close = get_close_matches(wanted[:_COMPARED], by_beginning, n=1, cutoff=0.0)
    return by_beginning[close[0]] if close else None
