"""Cells of psycopg 3: its own loaders are the fastest, and lose a whole batch at one cell that they can't load.

They read every batch first. Where they fail, at a date that Python can't hold or at a text that can't be decoded, the
batch is loaded once more from what the server sent, in a form that can't fail, and only the odd cells are marked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.cursor import CursorFetchStrategy

from leadway_provider.source.cells import CellType, Row, column_types, converted
from leadway_provider.source.encoding import carried_text

_DECODED: Final = (0, 18, 19, 25, 1042, 1043, 114, 3802, 2249)
"""What the driver decodes: any type that it does not know, "char", name, text, char, varchar, json, jsonb, record."""


def mark_odd_cells(connection: sa.Connection, dates: Mapping[int, CellType]) -> None:
    """Let a connection of psycopg 3 return the rows of its next statements also where a cell can't be loaded.

    Args:
        connection: it streams its results.
        dates: how the texts of dates are converted, by oid.
    """

    def fetch_any_cell(_: object, __: object, ___: object, ____: object, context: Any, _____: object) -> None:
        context.cursor_fetch_strategy = _AnyCell(dates)

    sa.event.listen(connection, "after_cursor_execute", fetch_any_cell)


class _AnyCell(CursorFetchStrategy):
    """Returns the rows of a server-side cursor, with an `UnreadableValue` for each cell that Python can't hold."""

    __slots__ = ("_dates",)

    def __init__(self, dates: Mapping[int, CellType]) -> None:
        self._dates: Final = dates

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Sequence[Any]:
        try:
            rows: Sequence[Row] = dbapi_cursor.fetchmany(size)
        except result.dialect.loaded_dbapi.DataError as error:
            if error.sqlstate is not None:  # an error of the server, such as a division by zero
                self.handle_exception(result, dbapi_cursor, error)
            return self._with_odd_dates(dbapi_cursor)
        except UnicodeDecodeError:
            return self._with_odd_texts(dbapi_cursor)
        except BaseException as error:  # noqa: BLE001 - SQLAlchemy raises it again, as its own where it is the driver's
            self.handle_exception(result, dbapi_cursor, error)
        return rows

    def _with_odd_dates(self, cursor: Any) -> Sequence[Row]:
        from psycopg.types.string import TextLoader  # noqa: PLC0415 - it is installed where a cursor is its own

        try:
            rows = _loaded_again(cursor, dict.fromkeys(self._dates, TextLoader))
        except UnicodeDecodeError:
            return self._with_odd_texts(cursor)
        return converted(rows, column_types(cursor.description, self._dates.get))

    def _with_odd_texts(self, cursor: Any) -> Sequence[Row]:
        from psycopg.adapt import Loader  # noqa: PLC0415 - as above

        class Latin1Loader(Loader):
            """Returns a text with a character for every byte."""

            def load(self, data: Any) -> str:
                return str(data, "latin-1")

        rows = _loaded_again(cursor, dict.fromkeys((*self._dates, *_DECODED), Latin1Loader))
        text = carried_text(cursor.connection.info.encoding)

        def types(oid: int) -> CellType:
            return self._dates[oid].after(text) if oid in self._dates else text

        return converted(rows, column_types(cursor.description, types))


@dataclass(frozen=True, slots=True, repr=False)
class _Loading:
    """What the loaders of psycopg need to know; a cursor's own adapters can't change without a loss of its rows."""

    adapters: Any
    connection: Any


def _loaded_again(cursor: Any, loaders: Mapping[int, Any]) -> Sequence[Row]:
    """Return the rows of the cursor's last batch, by these loaders in place of the cursor's own for the same types."""
    from psycopg.adapt import AdaptersMap, Transformer  # noqa: PLC0415 - as above

    adapters = AdaptersMap(cursor.adapters)
    for oid, loader in loaders.items():
        adapters.register_loader(oid, loader)
    transformer: Any = Transformer(_Loading(adapters, cursor.connection))
    transformer.set_pgresult(cursor.pgresult)
    rows: Sequence[Row] = transformer.load_rows(0, cursor.pgresult.ntuples, tuple)
    return rows
