"""Rows that a Python function returns, as a source: they are written to a SQLite file, and read from it like a query's.

So a plan can read them in batches, and once more where it must, in constant memory.
"""

from __future__ import annotations

import json
import math
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from leadway_provider.exceptions import SourceError
from leadway_provider.source.engine import Address, Engine, engine_over

ROWS_SQL: Final = "SELECT * FROM rows ORDER BY rowid"
"""The query that returns the rows as the function gave them."""

_LARGEST: Final = 2**63 - 1
_BATCH: Final = 1000


@contextmanager
def rows_source(rows: Iterable[Mapping[str, object]], key: Sequence[str]) -> Iterator[Engine]:
    """Write rows to a temporary file, and return an engine on it; the file is deleted with the block.

    The columns are the keys of all rows together; a row that lacks one has null there. The file is readable by the
    task's user only.

    Args:
        rows: from column to value. Values are None, text, bool, numbers, dates, times, and lists or dicts of these; NaN
            counts as None.
        key: the columns that identify a row; without any row they are the result's columns, with `email`.

    Raises:
        SourceError: a row is not a mapping with texts as its keys, or a value is of another type.
    """
    with tempfile.TemporaryDirectory(prefix="leadway-rows-") as folder:
        file = Path(folder) / "rows.db"
        with closing(sqlite3.connect(file)) as database, database:
            _write(database, rows, key)
        engine = engine_over(
            Address("sqlite", database="rows"), lambda: sqlite3.connect(file, check_same_thread=False), lambda it: it
        )
        try:
            yield engine
        finally:
            engine.dispose()


def _write(database: sqlite3.Connection, rows: Iterable[Mapping[str, object]], key: Sequence[str]) -> None:
    columns: dict[str, None] = {}
    batch: list[dict[str, object]] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping) or not all(isinstance(name, str) and name for name in row):
            raise SourceError(
                f"Row {number:,} of the function's result is not a mapping from column names to values; return dicts, "
                'such as {"id": 1, "email": …}.'
            )
        for name in row:
            if name not in columns:
                _flush(database, columns, batch)
                _add_column(database, name, is_first=not columns)
                columns[name] = None
        batch.append(_cells(row, number))
        if len(batch) == _BATCH:
            _flush(database, columns, batch)
    _flush(database, columns, batch)
    if not columns:
        for name in dict.fromkeys((*key, "email")):
            _add_column(database, name, is_first=not columns)
            columns[name] = None


def _add_column(database: sqlite3.Connection, name: str, *, is_first: bool) -> None:
    column = '"' + name.replace('"', '""') + '"'
    try:
        database.execute(f"CREATE TABLE rows ({column})" if is_first else f"ALTER TABLE rows ADD COLUMN {column}")
    except (sqlite3.Error, UnicodeEncodeError) as error:
        raise SourceError(f"The column {name!r} of the function's result can't be used: {error}.") from None


def _flush(database: sqlite3.Connection, columns: Mapping[str, None], batch: list[dict[str, object]]) -> None:
    if batch:
        places = ", ".join("?" * len(columns))
        values = ([row.get(name) for name in columns] for row in batch)
        database.executemany(f"INSERT INTO rows VALUES ({places})", values)  # noqa: S608 - places only
        batch.clear()


def _cells(row: Mapping[str, object], number: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in row.items():
        try:
            found[name] = _cell(value)
        except TypeError as error:
            raise SourceError(
                f"Row {number:,} of the function's result has a value of type {error} in column {name!r}; return "
                "texts, numbers, dates, lists or None."
            ) from None
    return found


def _cell(value: Any) -> object:
    """Return a value as SQLite can hold it.

    Raises:
        TypeError: it is of another type than those of `rows_source`.
    """
    if hasattr(value, "item") and callable(value.item):  # a scalar of NumPy
        value = value.item()
    for kinds, convert in _CONVERSIONS:
        if isinstance(value, kinds):
            return convert(value)
    raise TypeError(type(value).__name__)


def _text(value: str) -> str | bytes:
    """Return text; what is not Unicode becomes bytes, which are withheld as those of a database are."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return str(value)


_CONVERSIONS: Final[tuple[tuple[tuple[type, ...], Callable[[Any], object]], ...]] = (
    ((type(None), bytes), lambda value: value),
    ((Enum,), lambda value: _cell(value.value)),
    ((bool,), lambda value: "true" if value else "false"),
    ((int,), lambda value: value if abs(value) <= _LARGEST else str(value)),
    ((float,), lambda value: None if math.isnan(value) else value),
    ((str,), _text),
    ((Decimal, UUID), str),
    ((date, time), lambda value: value.isoformat()),
    ((list, tuple, dict), lambda value: json.dumps(value, default=_cell)),
)
