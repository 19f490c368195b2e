"""Arrays of PostgreSQL whose type a driver does not know, such as those of enums and domains: it returns their text.

The catalogue says what is in them, so they become lists as the arrays of other types do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.source.cells import CellType, Types, as_it_is

_TYPE: Final = sa.text(
    "SELECT typelem, typlen, typtype, typbasetype, typdelim FROM pg_catalog.pg_type WHERE oid = :oid"
).execution_options(stream_results=False)
_ANY_LENGTH: Final = -1
"""The length of an array's type; one of a fixed length that has elements, such as `point`, is not an array."""
_DOMAIN: Final = "d"
_ITEMS: Final[Mapping[int, Callable[[str], object]]] = {
    16: lambda written: written == "t",
    **dict.fromkeys((20, 21, 23), int),
    **dict.fromkeys((700, 701), float),
    1700: Decimal,
}
"""What an item is, by oid: boolean, the integers, the floating-point numbers and numeric; any other is text."""
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def with_arrays(
    connection: sa.Connection,
    description: Sequence[Sequence[Any]],
    types: Types,
    *,
    known: Callable[[int], bool],
    checks: Mapping[int, CellType],
) -> Types:
    """Return how cells are converted, those of arrays included that the driver returns as text.

    Args:
        connection: to PostgreSQL.
        description: the columns of a result.
        types: how the cells of all other types are converted, and those of arrays before.
        known: returns whether the driver knows a type.
        checks: how an array is converted after, by the type of its items.
    """
    arrays = {
        oid: cell_type
        for oid in {column[1] for column in description}
        if not known(oid) and (cell_type := _array_type(connection, oid, checks))
    }
    if not arrays:
        return types

    def of(oid: int) -> CellType | None:
        before = types(oid)
        return arrays[oid].after(before) if oid in arrays and before else arrays.get(oid, before)

    return of


def _array_type(connection: sa.Connection, oid: int, checks: Mapping[int, CellType]) -> CellType | None:
    found = connection.execute(_TYPE, {"oid": oid}).one_or_none()
    if found is None or not found.typelem or found.typlen != _ANY_LENGTH:
        return None
    element = _base(connection, found.typelem)
    items = CellType(_parser(found.typdelim, _ITEMS.get(element, str)), as_it_is)
    return checks[element].after(items) if element in checks else items


def _base(connection: sa.Connection, oid: int) -> int:
    """Return the type itself, or the one that a domain is made of."""
    found = connection.execute(_TYPE, {"oid": oid}).one_or_none()
    return _base(connection, found.typbasetype) if found and found.typtype == _DOMAIN else oid


def _parser(delimiter: str, item: Callable[[str], object]) -> Callable[[Any], object]:
    """Return what makes a list of an array's text; it raises what `CellType.parse` may raise."""
    part = re.compile(rf'([{{}}])|"((?:[^"\\]|\\.)*+)"|((?:[^{{}}"\\{delimiter}]|\\.)++)', re.DOTALL)

    def parse(written: Any) -> object:
        if not isinstance(written, str):
            raise TypeError
        root: list[Any] = []
        open_lists = [root]
        for brace, quoted, plain in part.findall(written, written.index("{")):  # bounds may stand before the brace
            if brace == "{":
                open_lists.append([])
                open_lists[-2].append(open_lists[-1])
            elif brace:
                open_lists.pop()
            else:
                text = _ESCAPED.sub(r"\1", quoted or plain)
                open_lists[-1].append(None if plain == "NULL" else item(text))
        return root[0]

    return parse
