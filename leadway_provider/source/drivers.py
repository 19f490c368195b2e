"""Cells that a driver can't turn into Python, or only into an object: every row is read, whatever is in its cells.

A driver that fails at one date loses the whole batch. So drivers are told to return the types that they may fail at as
the database's own text, which is fast, and a column at a time is converted here; only psycopg 3 loads dates faster (see
`psycopg_cells`). What can't be converted becomes an `UnreadableValue`. Types without a plain Python value (intervals,
ranges, network addresses) stay text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.source.cells import CellType, Types, as_it_is, each_item, out_of_range
from leadway_provider.source.duckdb_types import duckdb_type
from leadway_provider.source.encoding import TEXT, has_gaps, is_carried, text_of_bytes
from leadway_provider.source.postgres_arrays import with_arrays
from leadway_provider.source.psycopg_cells import mark_odd_cells


def _documents(cell: Any) -> object:
    return [_documents(one) for one in cell] if isinstance(cell, list) else cell and json.loads(cell)


_DATE: Final = CellType(date.fromisoformat, out_of_range)
_TIMESTAMP: Final = CellType(datetime.fromisoformat, out_of_range)
_DATES: Final = CellType(each_item(date.fromisoformat), out_of_range)
_TIMESTAMPS: Final = CellType(each_item(datetime.fromisoformat), out_of_range)
_JSON: Final = CellType(json.loads, as_it_is)
_JSON_ARRAY: Final = CellType(_documents, as_it_is)
_BITS: Final = CellType(lambda cell: int.from_bytes(cell, "big"), as_it_is)

_POSTGRES_FAST: Final = {1082: _DATE, 1114: _TIMESTAMP}
"""PostgreSQL's date and timestamp, by oid: what psycopg 3 loads faster than it is converted here."""
_POSTGRES_SLOW: Final = {1184: _TIMESTAMP, 114: _JSON, 3802: _JSON}
"""Its timestamptz, json and jsonb."""
_POSTGRES: Final = {**_POSTGRES_FAST, **_POSTGRES_SLOW}
_POSTGRES_ARRAYS_OF_DATES: Final = {1182: _DATES, 1115: _TIMESTAMPS}
_POSTGRES_ARRAYS: Final = {**_POSTGRES_ARRAYS_OF_DATES, 1185: _TIMESTAMPS, 199: _JSON_ARRAY, 3807: _JSON_ARRAY}
"""Arrays of all those."""
_POSTGRES_CHECKS: Final = {
    **dict.fromkeys((1114, 1184), _TIMESTAMPS),
    **dict.fromkeys((114, 3802), _JSON_ARRAY),
    1082: _DATES,
}
"""How an array is converted, by the type of its items."""
_POSTGRES_TEXT_ARRAY: Final = 1009
_TEXT_FORMAT: Final = 0
"""The format of a cell that is text, in the protocol of PostgreSQL."""
_POSTGRES_TEXT: Final = (
    *(1083, 1266, 1186),  # time, timetz, interval
    *(869, 650, 2249),  # inet, cidr, record
    *(3904, 3906, 3908, 3910, 3912, 3926),  # ranges
    *(4451, 4532, 4533, 4534, 4535, 4536),  # multiranges
)
_POSTGRES_TEXT_ARRAYS: Final = (
    *(1183, 1270, 1187),  # of time, timetz, interval
    *(3905, 3907, 3909, 3911, 3913, 3927),  # of ranges
)
_POSTGRES_DECODED: Final = (18, 19, 25, 1042, 1043, 114, 3802, 2249)
"""What may hold any text: "char", name, text, char, varchar, json, jsonb, record."""
_POSTGRES_TEXTS_ARRAYS: Final = (1002, 1003, 1009, 1014, 1015)
_POSTGRES_JSON_ARRAYS: Final = (199, 3807)
_MYSQL: Final = {10: _DATE, 14: _DATE, 7: _TIMESTAMP, 12: _TIMESTAMP, 16: _BITS}
"""MySQL's DATE (old and new), TIMESTAMP, DATETIME and BIT, by field type."""
_MYSQL_TEXT: Final = (10, 14, 7, 12, 11)
"""The same without BIT, and TIME, which can be negative and have more than 24 hours."""


def return_text(connection: sa.Connection) -> Types:
    """Let a connection's driver return what it may fail at as text, and return how such columns are converted.

    Nothing is done for a driver that this module does not know.
    """
    if connection.dialect.name == "duckdb":
        return duckdb_type
    driver_connection: Any = connection.connection.driver_connection
    if connection.dialect.driver == "psycopg" and not _shows_iso_dates(driver_connection):
        connection.exec_driver_sql("SET DateStyle = ISO")
    if connection.dialect.driver == "psycopg":
        mark_odd_cells(connection, _POSTGRES_FAST)
    types = _prepared(driver_connection).get
    if not is_carried(connection):
        return types
    return lambda code: found.after(TEXT) if (found := types(code)) else TEXT


def result_types(connection: sa.Connection, description: Sequence[Sequence[Any]], types: Types) -> Types:
    """Return how the columns of a result are converted, those included of which only the database knows the type.

    Args:
        connection: the one that the result is of.
        description: the result's columns.
        types: what `return_text` returned for the connection.
    """
    known = _KNOWN.get(connection.dialect.driver)
    if known is None or connection.dialect.name != "postgresql":
        return types
    driver_connection: Any = connection.connection.driver_connection
    return with_arrays(connection, description, types, known=partial(known, driver_connection), checks=_POSTGRES_CHECKS)


def _known_to_psycopg(connection: Any, oid: int) -> bool:
    return connection.adapters.get_loader(oid, _TEXT_FORMAT) is not None


def _known_to_psycopg2(connection: Any, oid: int) -> bool:
    from psycopg2.extensions import string_types  # noqa: PLC0415 - as for psycopg

    return oid in string_types or oid in connection.string_types


_KNOWN: Final[Mapping[str, Callable[[Any, int], bool]]] = {
    "psycopg": _known_to_psycopg,
    "psycopg2": _known_to_psycopg2,
}
"""Whether a driver knows a type, by the driver's name."""


def _prepared(connection: Any) -> Mapping[Any, CellType]:
    for kind in type(connection).__mro__:
        if prepare := _DRIVERS.get(kind.__module__.partition(".")[0]):
            return prepare(connection)
    return {}


def _shows_iso_dates(connection: Any) -> bool:
    style: str = connection.info.parameter_status("DateStyle") or "ISO"
    return style.startswith("ISO")


def _psycopg(connection: Any) -> Mapping[Any, CellType]:
    from psycopg.types.string import TextLoader  # noqa: PLC0415 - it is installed where a connection is its own

    for oid in (*_POSTGRES_SLOW, *_POSTGRES_TEXT):
        connection.adapters.register_loader(oid, TextLoader)
    text_array = connection.adapters.get_loader(_POSTGRES_TEXT_ARRAY, _TEXT_FORMAT)
    for oid in _POSTGRES_ARRAYS_OF_DATES:
        connection.adapters.register_loader(oid, text_array)
    return {**_POSTGRES_SLOW, **_POSTGRES_ARRAYS}


def _psycopg2(connection: Any) -> Mapping[Any, CellType]:
    from psycopg2.extensions import UNICODE, new_array_type, register_type  # noqa: PLC0415 - as for psycopg

    connection.string_types.update(dict.fromkeys((*_POSTGRES, *_POSTGRES_TEXT), UNICODE))
    register_type(new_array_type((*_POSTGRES_ARRAYS, *_POSTGRES_TEXT_ARRAYS), "TEXTARRAY", UNICODE), connection)
    types = {**_POSTGRES, **_POSTGRES_ARRAYS}
    return {**types, **_psycopg2_bytes(connection, types)} if has_gaps(connection) else types


def _psycopg2_bytes(connection: Any, types: Mapping[int, CellType]) -> Mapping[int, CellType]:
    """Let text be returned as bytes, and return how it is converted: the driver would lose a batch at a wrong byte."""
    from psycopg2.extensions import BYTES, encodings, new_array_type, register_type  # noqa: PLC0415 - as for psycopg

    arrays = (*_POSTGRES_TEXTS_ARRAYS, *_POSTGRES_JSON_ARRAYS)
    connection.string_types.update(dict.fromkeys(_POSTGRES_DECODED, BYTES))
    register_type(new_array_type(arrays, "BYTESARRAY", BYTES), connection)
    text = text_of_bytes(encodings[connection.encoding])
    return {oid: types[oid].after(text) if oid in types else text for oid in (*_POSTGRES_DECODED, *arrays)}


def _mysqlclient(connection: Any) -> Mapping[Any, CellType]:
    connection.converter.update(dict.fromkeys(_MYSQL_TEXT, str))
    return _MYSQL


def _pymysql(connection: Any) -> Mapping[Any, CellType]:
    connection.decoders = {**connection.decoders, **dict.fromkeys(_MYSQL_TEXT)}
    return _MYSQL


def _mysql_connector(connection: Any) -> Mapping[Any, CellType]:
    from mysql.connector.conversion import MySQLConverter  # noqa: PLC0415 - as for psycopg

    def text(self: Any, value: bytes, _: object = None) -> str:
        return bytes(value).decode(self.charset)

    def bits(_: Any, value: bytes, __: object = None) -> bytes:
        return bytes(value)

    names = ("date", "newdate", "datetime", "timestamp", "time", "set")
    converters = {f"_{name}_to_python": text for name in names}
    connection.converter_class = type("TextConverter", (MySQLConverter,), {**converters, "_bit_to_python": bits})
    return _MYSQL


_DRIVERS: Final[Mapping[str, Callable[[Any], Mapping[Any, CellType]]]] = {
    "psycopg": _psycopg,
    "psycopg2": _psycopg2,
    "MySQLdb": _mysqlclient,
    "pymysql": _pymysql,
    "mysql": _mysql_connector,
}
"""By the package of a driver's connection."""
