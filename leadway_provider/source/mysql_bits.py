"""BIT columns of MariaDB and MySQL that an expression computes: the server may send them as the text of a number.

A column of a table comes as its bits, eight in a byte. `MAX(b)`, `COALESCE(b, c)` or a subquery have the same type and
come as digits, while a UNION and a window function come as bits again. The server marks all of these as binary, and
says nothing else of the form. So it is found from the cell: bits fill all bytes of the column's width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from leadway_provider.contacts.unreadable import UnreadableValue
from leadway_provider.source.cells import CellType, as_it_is

_BIT: Final = 16
"""BIT's field type."""
_BINARY: Final = 128
"""The flag of a column that an expression computes."""
_WIDEST: Final = 64
"""The bits that a BIT can have."""
_EITHER: Final = UnreadableValue(
    "ambiguous", "It can be bits, or the digits of a number: add 0 to the BIT in the SELECT."
)


def computed_bits(driver: str, cursor: Any) -> Mapping[int, CellType]:
    """Return how the cells of a result's computed BIT columns are converted, by position.

    Args:
        driver: SQLAlchemy's name of the driver; there are no such columns with one that is not known here.
        cursor: the driver's cursor with the result.
    """
    return {
        position: CellType(partial(_number, width=width), as_it_is)
        for position, (kind, flags, width) in enumerate(_columns(driver, cursor))
        if kind == _BIT and flags & _BINARY
    }


def _columns(driver: str, cursor: Any) -> Iterator[tuple[int, int, int | None]]:
    """Return each column's field type, its flags, and its width in bits where the driver has it."""
    if driver == "mysqldb":
        for column, flags in zip(cursor.description, cursor.description_flags, strict=True):
            yield column[1], flags, column[3]
    elif driver == "pymysql":
        for field in cursor._result.fields:  # noqa: SLF001 - its description has no flags
            yield field.type_code, field.flags, field.length
    elif driver == "mysqlconnector":
        for column in cursor.description:
            yield column[1], column[7], None


def _number(cell: Any, width: int | None) -> object:
    bits = int.from_bytes(cell, "big")
    may_be_bits = bits < 1 << (width or _WIDEST) and (width is None or len(cell) == (width + 7) // 8)
    if not cell.isdigit():
        return bits
    return _EITHER if may_be_bits else int(cell)
