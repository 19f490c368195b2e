"""Dates of psycopg 3: its own loaders are the fastest, and lose a whole batch at one date that Python can't hold.

They read every batch first. Where they fail, the batch is read once more from what the server sent, with the dates as
text, and only those that Python can't hold are marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.cursor import CursorFetchStrategy

from leadway_provider.source.cells import CellType, Row, column_types, converted


def mark_odd_dates(connection: sa.Connection, types: Mapping[int, CellType]) -> None:
    """Let a connection of psycopg 3 return the rows of its next statements also where a date can't be loaded.

    Args:
        connection: it streams its results.
        types: how the texts of dates are converted, by oid.
    """

    def fetch_any_date(_: object, __: object, ___: object, ____: object, context: Any, _____: object) -> None:
        context.cursor_fetch_strategy = _AnyDate(types)

    sa.event.listen(connection, "after_cursor_execute", fetch_any_date)


class _AnyDate(CursorFetchStrategy):
    """Returns the rows of a server-side cursor, with an `UnreadableValue` for each date that Python can't hold."""

    __slots__ = ("_types",)

    def __init__(self, types: Mapping[int, CellType]) -> None:
        self._types: Final = types

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Sequence[Any]:
        try:
            rows: Sequence[Row] = dbapi_cursor.fetchmany(size)
        except result.dialect.loaded_dbapi.DataError as error:
            if error.sqlstate is not None:  # an error of the server, such as a division by zero
                self.handle_exception(result, dbapi_cursor, error)
            return self._loaded_again(dbapi_cursor)
        except BaseException as error:  # noqa: BLE001 - SQLAlchemy raises it again, as its own where it is the driver's
            self.handle_exception(result, dbapi_cursor, error)
        return rows

    def _loaded_again(self, cursor: Any) -> Sequence[Row]:
        """Return the rows of the cursor's last batch."""
        loaders = _text_loaders(cursor, self._types)
        loaders.set_pgresult(cursor.pgresult)
        rows = loaders.load_rows(0, cursor.pgresult.ntuples, tuple)
        return converted(rows, column_types(cursor.description, self._types.get))


@dataclass(frozen=True, slots=True)
class _Loading:
    """What the loaders of psycopg need to know; a cursor's own adapters can't change without a loss of its rows."""

    adapters: Any
    connection: Any


def _text_loaders(cursor: Any, oids: Iterable[int]) -> Any:
    """Return the cursor's loaders, with those of some types in place that return text."""
    from psycopg.adapt import AdaptersMap, Transformer  # noqa: PLC0415 - it is installed where a cursor is its own
    from psycopg.types.string import TextLoader  # noqa: PLC0415 - the same

    adapters = AdaptersMap(cursor.adapters)
    for oid in oids:
        adapters.register_loader(oid, TextLoader)
    return Transformer(_Loading(adapters, cursor.connection))
