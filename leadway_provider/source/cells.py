"""The cells of a column as Python values, where one that can't be converted becomes an `UnreadableValue`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from leadway_provider.contacts.unreadable import UnreadableValue

Row: TypeAlias = Sequence[Any]
Parse: TypeAlias = Callable[[Any], object]
"""Returns what a cell that is not null is in Python."""

OUT_OF_RANGE: Final = UnreadableValue("date_out_of_range")
NOT_UNICODE: Final = UnreadableValue("text_not_unicode")
UNSUPPORTED: Final = UnreadableValue("type_unsupported")


@dataclass(frozen=True, slots=True)
class CellType:
    """How the cells of a column are converted.

    Attributes:
        parse: converts a cell; it may raise ValueError, and TypeError for null.
        unfit: returns what stands for a cell that `parse` can't convert.
        first: how they are converted before.
    """

    parse: Parse
    unfit: Parse
    first: CellType | None = None

    def after(self, first: CellType) -> CellType:
        """Return the conversion of cells that `first` converts before all others."""
        return replace(self, first=self.first.after(first) if self.first else first)

    def converted(self, column: Sequence[object]) -> Sequence[object]:
        """Return the column's cells as Python values; null stays null."""
        if self.first:
            column = self.first.converted(column)
        try:
            return list(map(self.parse, column))
        except (TypeError, ValueError, RecursionError):
            return [self.one(cell) for cell in column]

    def one(self, cell: object) -> object:
        """Return a cell as a Python value."""
        if cell is None or isinstance(cell, UnreadableValue):
            return cell
        try:
            return self.parse(cell)
        except (ValueError, RecursionError):
            return self.unfit(cell)


Types: TypeAlias = Callable[[Any], CellType | None]
"""Returns how cells are converted, by the type code of a driver's `cursor.description`; None where they need not be."""


def out_of_range(_: object) -> UnreadableValue:
    """Return what stands for a date that Python can't hold."""
    return OUT_OF_RANGE


def as_it_is(cell: object) -> object:
    """Return the cell."""
    return cell


def each_item(parse: Parse) -> Parse:
    """Return what checks all items of an array, at any depth, and returns the array as it is."""

    def check(array: Any) -> object:
        for item in array:
            if isinstance(item, list):
                check(item)
            elif item is not None:
                parse(item)
        return array

    return check


def column_types(description: Sequence[Sequence[Any]], types: Types) -> Mapping[int, CellType]:
    """Return how columns are converted, by position, from a cursor's description."""
    found = {position: types(column[1]) for position, column in enumerate(description)}
    return {position: cell_type for position, cell_type in found.items() if cell_type}


def converted(rows: Iterable[Row], types: Mapping[int, CellType]) -> Sequence[Row]:
    """Return the rows with the columns at these positions converted."""
    columns: list[Sequence[object]] = list(zip(*rows, strict=True))
    for position, cell_type in types.items():
        columns[position] = cell_type.converted(columns[position])
    return list(zip(*columns, strict=True))
