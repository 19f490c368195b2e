"""A page of records, and the cursor by which the next one is read.

A cursor is the position of a page's last record in the order of its index, so the next page costs as little as the
first one, and no record comes twice or is left out because others came, changed or were deleted in between.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa

MOST_RECORDS: Final = 1000
"""The most records of a page."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some records of a longer list.

    Attributes:
        records: in the list's order.
        cursor: text by which the next page is read, safe in a URL; None where this is the last page.
    """

    records: tuple[T, ...]
    cursor: str | None


def every_record(read: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Return the records of all pages, each page read when it is reached.

    Args:
        read: returns the page behind a cursor; None is the first page.
    """
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield from page.records
        if page.cursor is None:
            return
        cursor = page.cursor


class Order:
    """The order of a list, which an index gives: its columns, which together are different for each record.

    Args:
        columns: the columns, in the order of the index.
        kinds: the Python type of each column's values: str, int or datetime.
        newest_first: whether the list begins at the end of the index.
    """

    def __init__(
        self, columns: Sequence[sa.ColumnElement[Any]], kinds: Sequence[type], *, newest_first: bool = False
    ) -> None:
        self._columns = columns
        self._kinds = kinds
        self._newest_first = newest_first

    def page(self, wanted: sa.Select[Any], cursor: str | None, limit: int) -> sa.Select[Any]:
        """Return the query for the records behind a cursor, in order, and for one more if there is one.

        Raises:
            ValueError: the limit is not one of 1 to `MOST_RECORDS`, or the cursor is not one of this list.
        """
        if not 1 <= limit <= MOST_RECORDS:
            raise ValueError(f"a page has 1 to {MOST_RECORDS} records, not {limit}")
        if cursor is not None:
            wanted = wanted.where(self._behind(self._columns, self._decode(cursor)))
        order = [column.desc() if self._newest_first else column for column in self._columns]
        return wanted.order_by(*order).limit(limit + 1)

    def cut(
        self, found: Sequence[R], limit: int, position: Callable[[R], Sequence[object]]
    ) -> tuple[Sequence[R], str | None]:
        """Return the page's own records of what was found, and the cursor for the next page.

        Args:
            found: the answer to the query of `page`.
            limit: as given to `page`.
            position: returns the values of the order's columns in a record.
        """
        records = found[:limit]
        return records, self._encode(position(records[-1])) if len(found) > limit else None

    def _behind(self, columns: Sequence[sa.ColumnElement[Any]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
        """Return the condition that a record comes after the one with these values."""
        first, value = columns[0], values[0]
        after: sa.ColumnElement[bool] = first < value if self._newest_first else first > value
        if len(columns) == 1:
            return after
        # The first comparison alone is a range of the index; MySQL finds none in a comparison of several columns.
        from_here: sa.ColumnElement[bool] = first <= value if self._newest_first else first >= value
        return sa.and_(from_here, sa.or_(after, self._behind(columns[1:], values[1:])))

    def _encode(self, values: Sequence[object]) -> str:
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")

    def _decode(self, cursor: str) -> list[object]:
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
            return [_value(kind, plain) for kind, plain in zip(self._kinds, values, strict=True)]
        except (ValueError, TypeError, RecursionError):
            raise ValueError(f"{cursor!r} is not a cursor of this list") from None


def _value(kind: type, plain: object) -> object:
    """Return a value of a cursor as its column has it."""
    if kind is datetime and isinstance(plain, str):
        return datetime.fromisoformat(plain)
    if type(plain) is kind:
        return plain
    raise TypeError
