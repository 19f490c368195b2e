"""Which column feeds which field, as a drawing of two lists with a line for each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from leadway_provider.contacts.row import MappedColumn

_ROW: Final = 36
"""The height of an entry of a list, in the units of the drawing."""
_CONSTANT: Final = "a constant"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list.

    Attributes:
        text: what it says.
        y: its middle, in the units of the drawing.
        is_constant: whether it stands for a value that the task gives.
    """

    text: str
    y: float
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """The lists and lines.

    Attributes:
        height: of the drawing, in its units.
        columns: the source's columns, at the left.
        fields: the contact's fields, at the right.
        lines: the vertical middle of both ends of each line.
        pairs: the same as a table: column, field, and the field's path in the API.
    """

    height: int
    columns: tuple[Entry, ...]
    fields: tuple[Entry, ...]
    lines: tuple[tuple[float, float], ...]
    pairs: tuple[MappedColumn, ...]


def draw_lineage(pairs: Sequence[MappedColumn]) -> Drawing | None:
    """Return the drawing of a run's mapping, both lists in the order of the query; None where it is not known."""
    if not pairs:
        return None
    columns = list(dict.fromkeys(each.column for each in pairs))
    fields = list(dict.fromkeys(each.target for each in pairs))
    height = _ROW * max(len(columns), len(fields))
    left, right = _places(len(columns), height), _places(len(fields), height)
    return Drawing(
        height=height,
        columns=tuple(
            Entry(_CONSTANT if name is None else name, y, name is None) for name, y in zip(columns, left, strict=True)
        ),
        fields=tuple(Entry(name, y) for name, y in zip(fields, right, strict=True)),
        lines=tuple((left[columns.index(each.column)], right[fields.index(each.target)]) for each in pairs),
        pairs=tuple(pairs),
    )


def _places(number: int, height: int) -> list[float]:
    return [height * (index + 0.5) / number for index in range(number)]
