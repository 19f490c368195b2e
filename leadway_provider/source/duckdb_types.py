"""DuckDB's dates and intervals, also within lists, structs and maps: its driver returns other values for some of them.

Infinity comes as the last or first date that Python has, so the two can't be told apart. A date that Python can't hold
comes as text. An interval's months are taken for 30 days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.source.cells import OUT_OF_RANGE, UNSUPPORTED, CellType, as_it_is, out_of_range

_INFINITE: Final = (date.max, date.min, datetime.max, datetime.min)  # noqa: DTZ901 - DuckDB's infinity has no time zone
_DATES: Final = ("date", "timestamp")
_OLD_NAMES: Final = ("dict", "list", "timedelta", "tuple")
_UNHASHABLE: Final = ("list", "map", "struct")
"""Keys of a map that a dict of Python can't have; such a map is a dict of two lists, `key` and `value`."""


def _finite(cell: object) -> object:
    if isinstance(cell, str) or cell in _INFINITE:
        raise ValueError
    return cell


_DATE: Final = CellType(_finite, out_of_range)


def duckdb_type(kind: Any) -> CellType | None:
    """Return how the cells of a column are converted; None where they are as they come.

    Args:
        kind: DuckDB's type of the column; before version 1.4 a name, which does not say what is within a value.
    """
    if _is_date(_name(kind)):
        return _DATE
    if not _may_be_unfit(kind):
        return None

    def parse(cell: Any) -> object:
        return next((found for each in _leaves(kind, cell) if (found := _unfit(*each))), cell)

    return CellType(parse, as_it_is)


def _may_be_unfit(kind: Any) -> bool:
    name = _name(kind)
    if isinstance(kind, str):
        return name in _OLD_NAMES
    return _is_date(name) or name in ("interval", "variant") or any(map(_may_be_unfit, _children(kind)))


def _name(kind: Any) -> str:
    return str(getattr(kind, "id", kind)).lower()


def _is_date(name: str) -> bool:
    return name.startswith(_DATES)


def _children(kind: Any) -> list[Any]:
    if isinstance(kind, str) or kind.id not in ("array", "list", "map", "struct", "tuple", "union"):
        return []
    return [child for _, child in kind.children if not isinstance(child, int)]  # an array has its length, too


def _leaves(kind: Any, cell: Any) -> Iterator[tuple[str, object]]:
    """Return the values within a cell, each with the name of its type."""
    children = _children(kind)
    pairs: Iterable[tuple[Any, Any]]
    if cell is None:
        return
    if not children:
        yield from ((_name(kind), each) for each in _parts(cell))
        return
    if kind.id in ("array", "list"):
        pairs = ((children[0], each) for each in cell)
    elif kind.id == "map":
        keys, values = (cell["key"], cell["value"]) if children[0].id in _UNHASHABLE else (cell, cell.values())
        pairs = ((child, each) for child, cells in zip(children, (keys, values), strict=True) for each in cells)
    elif kind.id == "union":  # it does not say which of its types the value has
        pairs = ((kind.id, each) for each in _parts(cell))
    else:
        pairs = zip(children, cell.values() if isinstance(cell, Mapping) else cell, strict=True)
    for child, each in pairs:
        yield from _leaves(child, each)


def _parts(cell: object) -> Iterator[object]:
    """Return the values within a cell of a type that does not say what it holds, such as a union."""
    if isinstance(cell, Mapping):
        yield from _parts([*cell, *cell.values()])
    elif isinstance(cell, list | tuple):
        for each in cell:
            yield from _parts(each)
    else:
        yield cell


def _unfit(name: str, value: object) -> UnreadableValue | None:
    if isinstance(value, timedelta):
        return UNSUPPORTED
    is_infinite = isinstance(value, date) and value in _INFINITE
    return OUT_OF_RANGE if is_infinite or (_is_date(name) and isinstance(value, str)) else None
